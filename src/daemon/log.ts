import { safe, safeJson } from "../wording/safe.ts";
import { LogLimit } from "./log-limit.ts";

/** Something worth a line: a change of state, or the regular status. Numbers go into `details`, not only the text. */
export interface LogEntry {
  /** A fixed word to filter by, such as `checkpoint`. */
  event: string;
  text: string;
  /** Wrong enough that somebody should look. */
  problem?: boolean;
  details?: Record<string, unknown>;
}

/** A stream, or what else takes text. */
interface LineTaker {
  write(text: string): unknown;
  /** Whether the text that was written last was left out, because nobody reads on. */
  readonly isStalled?: boolean;
}

export type Log = (entry: LogEntry) => void;

/** `<4>` at the head of a line is the priority "warning" for journald, which takes it off. */
const warningPrefix = "<4>";

/** Where a log of plain lines writes, and what limits it. */
export interface PlainLogOptions {
  limit?: LogLimit;
  environment?: NodeJS.ProcessEnv;
}

/**
 * A log of plain lines: notes on `out`, problems on `problems`, each with its time; under systemd the journal keeps
 * the time and gets the priority instead. A line that follows others of its kind which were left out says how many.
 */
export function createPlainLog(
  out: LineTaker,
  problems: LineTaker,
  { limit = new LogLimit(), environment = process.env }: PlainLogOptions = {},
): Log {
  const journal = environment["JOURNAL_STREAM"] !== undefined;
  return ({ event, text, problem = false }) => {
    const head = journal ? (problem ? warningPrefix : "") : `${new Date().toISOString()} `;
    const line = `${head}${safe(text.replaceAll("\n", " "))}`;
    const leftOut = limit.admit(event, Buffer.byteLength(line));
    if (leftOut === null) return;
    const before = leftOut === 0 ? "" : ` (${leftOut} such lines before it were left out)`;
    const taker = problem ? problems : out;
    taker.write(`${line}${before}\n`);
    if (taker.isStalled) limit.notWritten(event, leftOut);
  };
}

/**
 * A log in which every line is one JSON object: time, event, text, problem, and the details; `leftOut` where lines of
 * its kind before it were left out.
 */
export function createJsonLog(out: LineTaker, limit = new LogLimit()): Log {
  return ({ event, text, problem = false, details }) => {
    const entry = { time: new Date().toISOString(), event, text, problem, ...details };
    const line = safeJson(entry);
    const leftOut = limit.admit(event, Buffer.byteLength(line));
    if (leftOut === null) return;
    out.write(`${leftOut === 0 ? line : safeJson({ ...entry, leftOut })}\n`);
    if (out.isStalled) limit.notWritten(event, leftOut);
  };
}
