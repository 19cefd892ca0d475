/** Processes of an engine: started under a name, killed, frozen and started again, and all ended with this process. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import net, { type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** A process that does not end when asked to is killed after so long. */
const endMs = 15_000;

interface Running {
  command: readonly string[];
  child: ChildProcess;
  ended: Promise<void>;
}

export class Processes {
  readonly #logs: string;
  readonly #running = new Map<string, Running>();

  /** @param logs folder for what the processes print */
  constructor(logs: string) {
    this.#logs = logs;
    process.once("exit", () => this.#kill());
  }

  start(name: string, command: readonly string[]): void {
    const log = openSync(join(this.#logs, `${name}.out`), "a");
    // The kernel ends it with this process, even where that is killed.
    const child = spawn("setpriv", ["--pdeathsig", "KILL", ...command], { stdio: ["ignore", log, log] });
    closeSync(log);
    const ended = new Promise<void>((end) => {
      child.once("error", () => end()).once("close", () => end());
    });
    this.#running.set(name, { command, child, ended });
  }

  /** Kills a process as a lost power supply would, and waits until it is gone. */
  async kill(name: string): Promise<void> {
    const { child, ended } = this.#get(name);
    child.kill("SIGKILL");
    await ended;
  }

  /** Starts one again that was killed. */
  again(name: string): void {
    this.start(name, this.#get(name).command);
  }

  freeze(name: string): void {
    this.#get(name).child.kill("SIGSTOP");
  }

  thaw(name: string): void {
    this.#get(name).child.kill("SIGCONT");
  }

  isRunning(name: string): boolean {
    const { exitCode, signalCode } = this.#get(name).child;
    return exitCode === null && signalCode === null;
  }

  /** The end of what a process has printed. */
  printed(name: string): string {
    return readFileSync(join(this.#logs, `${name}.out`), "utf8").slice(-2000);
  }

  /** Ends all of them, the last one that was started first. */
  async stop(): Promise<void> {
    for (const { child, ended } of [...this.#running.values()].reverse()) {
      child.kill("SIGCONT");
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), endMs);
      await ended;
      clearTimeout(late);
    }
  }

  #get(name: string): Running {
    const found = this.#running.get(name);
    if (found === undefined) throw new Error(`there is no process ${name}`);
    return found;
  }

  #kill(): void {
    for (const { child } of this.#running.values()) child.kill("SIGKILL");
  }
}

/** Runs a program to its end, and returns what it printed. */
export function output(
  [program, ...words]: readonly string[],
  {
    input = "",
    cwd,
    environment = {},
  }: { input?: string; cwd?: string; environment?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...environment };
    const options = { cwd, env, timeout: 600_000, maxBuffer: 64 << 20 };
    const child = execFile(program, words, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${program} ${words.join(" ")}: ${stderr.trim().slice(-2000) || error.message}`));
    });
    child.stdin?.end(input);
  });
}

/** Resolves when something listens at a port of this machine. @throws where the process has ended or takes too long */
export async function untilListening(port: number, processes: Processes, name: string): Promise<void> {
  const until = performance.now() + 120_000;
  while (!(await listens(port))) {
    if (!processes.isRunning(name))
      throw new Error(`${name} has ended before it listened; it printed: ${processes.printed(name)}`);
    if (performance.now() > until) throw new Error(`${name} does not listen at port ${port}`);
    await pause(100);
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

/** A port of this machine that nothing uses. */
export async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
