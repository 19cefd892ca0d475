/**
 * Runs an emulated board as a separate program: a microcontroller behind a pseudo-terminal, paced by real time. For the
 * host it looks like a board on USB.
 *
 *     node board.js FIRMWARE.hex [--speed N] [--seconds N] [--drop] [--link PATH]
 *
 * It prints one JSON document a line: `{"path": ...}` once the port can be opened, `{"led": ...}` whenever the
 * board's LED changes, `{"stopped": {...}}` with its counts after `--seconds` of emulated time, when the firmware stops and
 * the port stays open, `{"ended": {...}}` with its counts. It ends on SIGTERM or SIGINT, or when its standard input ends
 * (so it never outlives its parent process).
 *
 * The firmware starts a moment after the port is opened for the first time, as on a board that resets when its port is
 * opened; no sample is lost before the host is ready. When the host closes the port, the firmware continues and its
 * bytes are lost, as on any cable.
 */
import { lstatSync, readlinkSync, symlinkSync, unlinkSync } from "node:fs";
import { parseArgs } from "node:util";
import { RivuletError, UsageError } from "../errors/errors.ts";
import { reasonOf } from "../errors/system-error.ts";
import type { BoardReport } from "./board-report.ts";
import { type Microcontroller, startMicrocontroller } from "./microcontroller.ts";
import { createPacing } from "./pacing.ts";
import { openPseudoTerminal, type PseudoTerminal } from "./pseudo-terminal.ts";

/** The pin of port B on which an Uno has its LED. */
const ledPin = 5;

/** Interval at which the board serves its port: about the length of the chunks of a USB serial chip. */
const tickMs = 10;

/**
 * Time from the first opening of the port to the first instruction, like an Uno's boot loader. A host that opens a port
 * first discards its buffer (serialport does), and would lose the beginning otherwise.
 */
const bootMs = 250;

/** Paths of pseudo-terminals on Linux and macOS. A link to a real port belongs to the user and is not replaced. */
const pseudoTerminal = /^\/dev\/(pts\/|ttys)\d+$/;

interface Options {
  firmware: string;
  /** Emulated time divided by real time. */
  speed: number;
  /** The firmware stops after this many seconds of emulated time. */
  seconds: number;
  /** What happens when the host does not read: the board pauses until it does, or bytes are lost. */
  overflow: "wait" | "drop";
  /** A symbolic link to the port, for configs that need a constant path. */
  link: string | undefined;
}

function parseOptions(args: string[]): Options {
  const usage = "usage: board FIRMWARE.hex [--speed N] [--seconds N] [--drop] [--link PATH]";
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    throw new UsageError(`${(error as Error).message.replaceAll("\n", " ")} (${usage})`);
  }
  const { values, positionals } = parsed;
  if (positionals.length !== 1)
    throw new UsageError(`found ${positionals.length} firmware files, expected one (${usage})`);
  const positive = (name: "speed" | "seconds", byDefault: number) => {
    const text = values[name];
    if (text === undefined) return byDefault;
    const value = Number(text);
    if (!(value > 0 && value < Number.POSITIVE_INFINITY)) {
      throw new UsageError(`--${name} is "${text}", expected a number above 0 (${usage})`);
    }
    return value;
  };
  return {
    firmware: positionals[0],
    speed: positive("speed", 1),
    seconds: positive("seconds", Number.POSITIVE_INFINITY),
    overflow: values.drop ? "drop" : "wait",
    link: values.link,
  };
}

function parse(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      speed: { type: "string" },
      seconds: { type: "string" },
      drop: { type: "boolean" },
      link: { type: "string" },
    },
  });
}

/** Creates a link to the port at `path`; it replaces a link of an earlier board, and nothing else. */
function placeLink(path: string, port: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found) {
    if (!found.isSymbolicLink() || !pseudoTerminal.test(readlinkSync(path))) {
      throw new RivuletError(
        "file.exists",
        `--link ${path} exists and is not a link to a pseudo-terminal; remove it or name another path`,
      );
    }
    unlinkSync(path);
  }
  try {
    symlinkSync(port, path);
  } catch (error) {
    throw new RivuletError(
      "disk.failed",
      `cannot create the link ${path}: ${reasonOf(error)}; name another path`,
      {
        cause: error,
      },
    );
  }
}

/** Removes the link unless another board has replaced it. */
function removeLink(path: string, port: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isSymbolicLink() && readlinkSync(path) === port) unlinkSync(path);
}

function print(document: object): void {
  process.stdout.write(`${JSON.stringify(document)}\n`);
}

/** Sends what the firmware writes. What the kernel does not accept waits, or is dropped, as `overflow` says. */
function createTransmitter(terminal: PseudoTerminal, report: BoardReport, overflow: Options["overflow"]) {
  /** Bytes that the firmware has sent and the kernel has not accepted yet. */
  let pending: Uint8Array = new Uint8Array(0);
  return {
    get isEmpty() {
      return pending.length === 0;
    },
    /** Takes bytes, which are copied, because they may wait longer than the microcontroller keeps them. */
    take(bytes: Uint8Array) {
      pending = bytes.slice();
    },
    /** Returns whether all of it is sent; what nobody hears is counted as such. */
    flush(isHeard: boolean): boolean {
      if (!isHeard) {
        report.bytesUnheard += pending.length;
        pending = pending.subarray(pending.length);
        return true;
      }
      const taken = terminal.write(pending);
      report.bytesSent += taken;
      pending = pending.subarray(taken);
      if (overflow === "drop") {
        report.bytesDropped += pending.length;
        pending = pending.subarray(pending.length);
      }
      return pending.length === 0;
    },
  };
}

/**
 * Returns a function that serves the port and runs the emulated time due. It returns the milliseconds until it is to be
 * called again, or undefined once the board has run its time and all bytes are sent.
 */
function createTick(
  microcontroller: Microcontroller,
  terminal: PseudoTerminal,
  report: BoardReport,
  { speed, seconds, overflow }: Options,
): () => number | undefined {
  const transmitter = createTransmitter(terminal, report, overflow);
  const received = new Uint8Array(256);
  const lifetimeMs = seconds * 1000;
  let bootedAt = Number.POSITIVE_INFINITY;
  let pacing: ReturnType<typeof createPacing> | undefined;
  let led = false;
  return () => {
    const room = Math.min(received.length, microcontroller.receiveRoom);
    const count = room === 0 ? 0 : terminal.read(received.subarray(0, room));
    const isHeard = count >= 0;
    if (pacing === undefined) {
      if (isHeard && bootedAt === Number.POSITIVE_INFINITY) bootedAt = performance.now() + bootMs;
      if (performance.now() < bootedAt) return tickMs;
      pacing = createPacing(speed, () => performance.now());
    }
    if (count > 0) microcontroller.receive(received.subarray(0, count));
    if (!transmitter.isEmpty && !transmitter.flush(isHeard)) {
      pacing.hold();
      return tickMs;
    }
    const due = Math.min(pacing.due(), lifetimeMs - report.milliseconds);
    transmitter.take(microcontroller.run(due));
    report.milliseconds += due;
    transmitter.flush(isHeard);
    if (led !== microcontroller.pinHigh(ledPin)) {
      led = !led;
      print({ led });
    }
    if (report.milliseconds >= lifetimeMs && transmitter.isEmpty) return undefined;
    return pacing.behind ? 0 : tickMs;
  };
}

async function main(options: Options): Promise<void> {
  const { firmware, link } = options;
  const microcontroller = await startMicrocontroller(firmware);
  const terminal = openPseudoTerminal();
  if (link !== undefined) placeLink(link, terminal.path);
  const report: BoardReport = { milliseconds: 0, bytesSent: 0, bytesDropped: 0, bytesUnheard: 0 };
  const tick = createTick(microcontroller, terminal, report, options);
  let timer: NodeJS.Timeout | undefined;
  let ended = false;

  const end = () => {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    terminal.close();
    if (link !== undefined) removeLink(link, terminal.path);
    print({ ended: report });
    process.stdin.destroy();
  };

  const loop = () => {
    const wait = tick();
    // The kernel does not say when the host has read the last bytes, which it loses where the port hangs up.
    if (wait === undefined) print({ stopped: report });
    else timer = setTimeout(loop, wait);
  };

  process.once("SIGTERM", end);
  process.once("SIGINT", end);
  process.stdin.on("end", end).on("error", end).resume();
  // No process reads the reports any more; the board ends with its standard input.
  process.stdout.on("error", end);
  print({ path: terminal.path });
  loop();
}

try {
  await main(parseOptions(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof RivuletError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
