/**
 * Runs command lines of the built program one after the other in this process, each as it would in one of its own: the
 * program begins afresh, and a command is over when nothing keeps a process alive any more. What it has loaded stays
 * loaded and compiled, which is most of what a short command costs.
 *
 *     node resident.cjs RIVULET.CJS     with an IPC channel, that takes { words, cwd, environment } and ends it
 *
 * After each command a line with a NUL, `end`, and the exit code follows on both outputs. A command that ends the process ends this one.
 */
const { writeSync } = require("node:fs");

const program = process.argv[2];
const environmentOfAll = { ...process.env };
/** Where a command listens for as long as its process lives. */
const emitters = [process, process.stdout, process.stderr];
const listenersOf = () =>
  emitters.map((emitter) => new Map(emitter.eventNames().map((event) => [event, emitter.listeners(event)])));
let isRunning = false;

process.on("message", ({ words, cwd, environment }) => {
  isRunning = true;
  // Else the channel would keep the process alive, and the command would never be over.
  process.channel.unref();
  process.chdir(cwd);
  process.argv = [process.argv[0], program, ...words];
  Object.assign(process.env, environment);
  delete require.cache[program];
  require(program);
});

process.on("beforeExit", () => {
  if (!isRunning) return;
  isRunning = false;
  for (const [index, listeners] of listenersOf().entries()) {
    for (const [event, all] of listeners) {
      const kept = listenersOfAll[index].get(event) ?? [];
      for (const listener of all) if (!kept.includes(listener)) emitters[index].off(event, listener);
    }
  }
  for (const name of Object.keys(process.env)) {
    if (!(name in environmentOfAll)) delete process.env[name];
  }
  Object.assign(process.env, environmentOfAll);
  const code = process.exitCode ?? 0;
  process.exitCode = undefined;
  for (const descriptor of [1, 2]) writeSync(descriptor, `\0end ${code}\n`);
  process.channel.ref();
});
process.on("disconnect", () => process.exit());
const listenersOfAll = listenersOf();
