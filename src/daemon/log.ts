import { safe, safeJson } from "../wording/safe.ts";

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
}

export type Log = (entry: LogEntry) => void;

/** `<4>` at the head of a line is the priority "warning" for journald, which takes it off. */
const warningPrefix = "<4>";

/**
 * A log of plain lines: notes on `out`, problems on `problems`, each with its time; under systemd the journal keeps
 * the time and gets the priority instead.
 */
export function createPlainLog(
  out: LineTaker,
  problems: LineTaker,
  environment: NodeJS.ProcessEnv = process.env,
): Log {
  const journal = environment["JOURNAL_STREAM"] !== undefined;
  return ({ text, problem = false }) => {
    const head = journal ? (problem ? warningPrefix : "") : `${new Date().toISOString()} `;
    (problem ? problems : out).write(`${head}${safe(text.replaceAll("\n", " "))}\n`);
  };
}

/** A log in which every line is one JSON object: time, event, text, problem, and the details. */
export function createJsonLog(out: LineTaker): Log {
  return ({ event, text, problem = false, details }) => {
    out.write(`${safeJson({ time: new Date().toISOString(), event, text, problem, ...details })}\n`);
  };
}
