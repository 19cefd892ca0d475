/** The program as its users meet it: the built command line in a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, inject } from "vitest";
import { until } from "./until.ts";

/** The package as it was built when the run began, with `dist`, `devices` and `package.json`. */
export const built = inject("built");

export const cli = join(built, "dist/bin/rivulet.cjs");
const residentProgram = fileURLToPath(new URL("resident.cjs", import.meta.url));

/** The address of a module of it, such as `index.js`, for a process to import. */
export const builtModule = (path: string): string => pathToFileURL(join(built, "dist", path)).href;

export interface Outcome {
  /** Exit code; null after a signal. */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Setting {
  cwd?: string;
  environment?: Record<string, string>;
  /** A number is a descriptor. Default: nothing. */
  stdin?: "pipe" | "ignore" | number;
  /** Of the user and the group that runs it; only root may choose. */
  uid?: number;
  gid?: number;
  /** What stands before the command line, such as a program that runs it elsewhere. */
  through?: string[];
}

/** A process under way. */
export interface Run {
  readonly process: ChildProcess;
  /** What it has written so far. */
  readonly stdout: string;
  readonly stderr: string;
  readonly ended: Promise<Outcome>;
  /** The lines of standard output so far, each of them JSON, of one event or of all. */
  events(event?: string): LogLine[];
  /** The newest line of an event for which a condition holds; waits for it. */
  event(event: string, condition?: (line: LogLine) => boolean): Promise<LogLine>;
}

// biome-ignore lint/suspicious/noExplicitAny: what a line holds is what the tests are about
export type LogLine = { event: string; text: string; problem: boolean } & Record<string, any>;

/**
 * Stands before a command line that must not outlive this process: the kernel kills it then, also where nobody is left to
 * do so because the run was killed.
 */
export const endingWithUs = existsSync("/usr/bin/setpriv") ? ["/usr/bin/setpriv", "--pdeathsig", "KILL"] : [];

const children = new Set<ChildProcess>();
const folders: string[] = [];
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is gone when the tests of the file are over, with the files given by name. */
export function folderWith(files: Record<string, string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-test-"));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

export function startRivulet(words: string[], setting: Setting = {}): Run {
  return start([cli, ...words], setting);
}

/**
 * Runs a command line to its end: in a process that has run others (see resident.cjs), or in one of its own where more
 * is set than the folder and the environment.
 */
export function rivulet(words: string[], setting: Setting = {}): Promise<Outcome> {
  const { cwd = process.cwd(), environment = {}, ...more } = setting;
  if (Object.keys(more).length > 0) return startRivulet(words, setting).ended;
  const outcome = queue.then(() => runResident(words, cwd, environment));
  queue = outcome.catch(() => {});
  return outcome;
}

/** One command at a time: they share the process. */
let queue: Promise<unknown> = Promise.resolve();
let resident: ChildProcess | null = null;
const endOfCommand = /\0end (\d+)\n$/;

async function runResident(
  words: string[],
  cwd: string,
  environment: Record<string, string>,
): Promise<Outcome> {
  resident ??= startResident();
  const child = resident;
  const written = { stdout: "", stderr: "" };
  return new Promise((resolve, reject) => {
    const listeners = (["stdout", "stderr"] as const).map((stream) => {
      const listener = (text: string) => {
        written[stream] += text;
        const [out, err] = [endOfCommand.exec(written.stdout), endOfCommand.exec(written.stderr)];
        if (out === null || err === null) return;
        written.stdout = written.stdout.slice(0, out.index);
        written.stderr = written.stderr.slice(0, err.index);
        end(Number(out[1]), null);
      };
      child[stream]?.on("data", listener);
      return { stream: child[stream], listener };
    });
    // Some commands end their process.
    const closed = (code: number | null, signal: NodeJS.Signals | null) => {
      resident = null;
      end(code, signal);
    };
    const end = (code: number | null, signal: NodeJS.Signals | null) => {
      for (const { stream, listener } of listeners) stream?.off("data", listener);
      child.off("close", closed).off("error", reject);
      resolve({ code, signal, ...written });
    };
    child.on("close", closed).on("error", reject);
    child.send({ words, cwd, environment });
  });
}

function startResident(): ChildProcess {
  const [program, ...rest] = [...endingWithUs, process.execPath, residentProgram, cli];
  const child = spawn(program, rest, {
    env: { ...process.env, JOURNAL_STREAM: undefined },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  // It ends with the worker; until then it serves the tests of all its files.
  child.unref();
  child.channel?.unref();
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8");
  return child;
}

/** Starts Node with arguments. */
export function start(
  words: string[],
  { environment, stdin = "ignore", through = [], ...setting }: Setting = {},
): Run {
  const [program, ...rest] = [...endingWithUs, ...through, process.execPath, ...words];
  const child = spawn(program, rest, {
    ...setting,
    // Else the log would be the journal's where the tests run under systemd.
    env: { ...process.env, JOURNAL_STREAM: undefined, ...environment },
    stdio: [stdin, "pipe", "pipe"],
  });
  children.add(child);
  const written = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream]?.setEncoding("utf8").on("data", (text: string) => {
      written[stream] += text;
    });
  }
  const ended = new Promise<Outcome>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      children.delete(child);
      resolve({ code, signal, ...written });
    });
  });
  let over = false;
  ended.then(
    () => {
      over = true;
    },
    () => {},
  );
  // Each line is parsed once: a daemon that tells its status every 20 ms writes thousands while the machine is busy.
  const lines: LogLine[] = [];
  let parsed = 0;
  const parseNew = () => {
    const end = written.stdout.lastIndexOf("\n");
    if (end < parsed) return;
    for (const line of written.stdout.slice(parsed, end).split("\n")) lines.push(JSON.parse(line));
    parsed = end + 1;
  };
  const latest = () => `${written.stdout.slice(-1500)}\n${written.stderr}`;
  const events: Run["events"] = (event) => {
    parseNew();
    return lines.filter((line) => event === undefined || line.event === event);
  };
  return {
    process: child,
    ended,
    events,
    get stdout() {
      return written.stdout;
    },
    get stderr() {
      return written.stderr;
    },
    async event(event, condition = () => true) {
      const find = () => events(event).findLast(condition);
      await until(
        () => over || find() !== undefined,
        () => `no "${event}" such that ${condition}\n${latest()}`,
      );
      const found = find();
      if (found === undefined) throw new Error(`ended before "${event}":\n${latest()}`);
      return found;
    },
  };
}
