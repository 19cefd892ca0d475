/** Starts a board (board.ts) as a child process that cannot outlive this one. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { RivuletError } from "../errors/errors.ts";
import type { BoardReport } from "./board-report.ts";

/** A board that is asked to end and has not after this long is killed. */
const patienceMs = 3000;

export interface BoardOptions {
  /** Emulated time over real time; 1 when left out. */
  speed?: number;
  /** The board ends by itself after this many seconds of its own time; it runs until `close` when left out. */
  seconds?: number;
  /** When the host does not read: the board stands still until it does ("wait", when left out), or bytes are lost. */
  overflow?: "wait" | "drop";
  /** A symbolic link to the port, there as long as the board is. */
  link?: string;
  /** Called when the board's LED goes on or off. */
  onLed?: (on: boolean) => void;
}

export interface Board {
  /** The serial port, such as /dev/pts/3. */
  readonly path: string;
  readonly processId: number;
  /** What the board counted, once it has ended; undefined when it was killed. Never rejects. */
  readonly ended: Promise<BoardReport | undefined>;
  /** Ends the board, as pulling its plug would: the port hangs up. */
  close(): Promise<BoardReport | undefined>;
}

/**
 * Starts a board with the firmware at a path and waits until its port can be opened. The firmware begins when
 * it is: nothing is lost before.
 *
 * @throws RivuletError with the board's own sentence when it cannot start
 */
export async function startBoard(firmwarePath: string, options: BoardOptions = {}): Promise<Board> {
  const child = spawnBoard(firmwarePath, options);
  let complaint = "";
  child.stderr.on("data", (text) => {
    complaint += text;
  });
  // Writing to a board that has just ended is no fault.
  child.stdin.on("error", () => {});

  let report: BoardReport | undefined;
  let ready: (path: string) => void;
  let refused: (reason: Error) => void;
  const path = new Promise<string>((resolvePath, reject) => {
    ready = resolvePath;
    refused = reject;
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    const document = JSON.parse(line) as { path?: string; led?: boolean; ended?: BoardReport };
    if (document.path !== undefined) ready(document.path);
    if (document.led !== undefined) options.onLed?.(document.led);
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
  // Sources run through tsx, as everything of theirs does in development; `tsx` is found from the package's folder.
  if (fromSource) args.unshift("--import", "tsx");
  if (options.speed !== undefined) args.push(`--speed=${options.speed}`);
  if (options.seconds !== undefined) args.push(`--seconds=${options.seconds}`);
  if (options.overflow === "drop") args.push("--drop");
  if (options.link !== undefined) args.push(`--link=${resolve(options.link)}`);
  return spawn(process.execPath, args, {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    stdio: ["pipe", "pipe", "pipe"],
    // Out of this process group: a Ctrl-C in the terminal is for us, who then end the board in good order.
    detached: true,
  });
}
