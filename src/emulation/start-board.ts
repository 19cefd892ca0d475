/** Starts a board (board.ts) as a child process that cannot outlive this one. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { RivuletError } from "../errors/errors.ts";
import type { BoardReport } from "./board-report.ts";

/** A board that has not ended this long after it was asked to is killed: a busy machine may take seconds. */
const patienceMs = 20_000;

export interface BoardOptions {
  /** Emulated time divided by real time. Default 1. */
  speed?: number;
  /** The firmware stops after this many seconds of emulated time. Default: it runs until `close`. */
  seconds?: number;
  /** When the host does not read: the board pauses until it does ("wait", the default), or bytes are lost. */
  overflow?: "wait" | "drop";
  /** A symbolic link to the port, which exists as long as the board runs. */
  link?: string;
  /** Called when the board's LED goes on or off. */
  onLed?: (on: boolean) => void;
}

/** What a board prints: one of these in each line. */
interface Line {
  path?: string;
  led?: boolean;
  stopped?: BoardReport;
  ended?: BoardReport;
}

export interface Board {
  /** The serial port, such as /dev/pts/3. */
  readonly path: string;
  readonly processId: number;
  /**
   * The board's counts, once its firmware has run its time; pending where it is closed before. All bytes are sent, but the
   * host may not have read them yet, and loses what it has not read when the board is closed.
   */
  readonly stopped: Promise<BoardReport>;
  /** The board's counts, once it has ended; undefined when it was killed. Never rejects. */
  readonly ended: Promise<BoardReport | undefined>;
  /** Ends the board, as unplugging does: the port hangs up. */
  close(): Promise<BoardReport | undefined>;
}

/**
 * Starts a board with the firmware at a path and waits until its port can be opened. The firmware starts when the port
 * is opened, so no bytes are lost before.
 *
 * @throws RivuletError with the board's error when it cannot start
 */
export async function startBoard(firmwarePath: string, options: BoardOptions = {}): Promise<Board> {
  const child = spawnBoard(firmwarePath, options);
  let complaint = "";
  child.stderr.on("data", (text) => {
    complaint += text;
  });
  // Writing to a board that has just ended is not an error.
  child.stdin.on("error", () => {});

  let report: BoardReport | undefined;
  let ready: (path: string) => void;
  let refused: (reason: Error) => void;
  const path = new Promise<string>((resolvePath, reject) => {
    ready = resolvePath;
    refused = reject;
  });
  let stop: (report: BoardReport) => void;
  const stopped = new Promise<BoardReport>((resolveStopped) => {
    stop = resolveStopped;
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    const document = JSON.parse(line) as Line;
    if (document.path !== undefined) ready(document.path);
    if (document.led !== undefined) options.onLed?.(document.led);
    if (document.stopped !== undefined) stop(document.stopped);
    if (document.ended !== undefined) report = document.ended;
  });
  const ended = new Promise<BoardReport | undefined>((settle) => {
    child.once("error", (error) => {
      refused(new RivuletError("emulator.failed", `the emulated board cannot be started: ${error.message}`));
      settle(undefined);
    });
    child.once("close", (code, signal) => {
      const reason =
        complaint.trim() || `it ended with ${signal ?? `exit code ${code}`} before its port was open`;
      refused(new RivuletError("emulator.failed", `the emulated board did not start: ${reason}`));
      settle(report);
    });
  });

  return {
    path: await path,
    processId: child.pid as number,
    stopped,
    ended,
    async close() {
      child.kill("SIGTERM");
      const killer = setTimeout(() => child.kill("SIGKILL"), patienceMs);
      await ended;
      clearTimeout(killer);
      return report;
    },
  };
}

function spawnBoard(
  firmwarePath: string,
  options: BoardOptions,
): ChildProcessByStdio<Writable, Readable, Readable> {
  const fromSource = import.meta.url.endsWith(".ts");
  const program = fromSource
    ? new URL("./board.ts", import.meta.url)
    : new URL("./board.js", import.meta.url);
  const args = [fileURLToPath(program), resolve(firmwarePath)];
  // TypeScript sources run through tsx in development; `tsx` is found from the package's folder.
  if (fromSource) args.unshift("--import", "tsx");
  if (options.speed !== undefined) args.push(`--speed=${options.speed}`);
  if (options.seconds !== undefined) args.push(`--seconds=${options.seconds}`);
  if (options.overflow === "drop") args.push("--drop");
  if (options.link !== undefined) args.push(`--link=${resolve(options.link)}`);
  return spawn(process.execPath, args, {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    stdio: ["pipe", "pipe", "pipe"],
    // In another process group: a Ctrl-C in the terminal reaches only this process, which then ends the board.
    detached: true,
  });
}
