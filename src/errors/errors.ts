import { safe, safeLines } from "../wording/safe.ts";
import type { ErrorCode } from "./codes.ts";

/** What an error is about and what caused it, as far as it is known. */
export interface ErrorOrigin {
  /** Full path of the config key that the error is about: `model.layers[2].dense`. */
  path?: string;
  /** The config file, as the user named it. */
  file?: string;
  /** Line of the key in the file, from 1. */
  line?: number;
  /** The error of Node or of a package that caused this one. */
  cause?: unknown;
  /** The individual errors, where several were found at once. */
  errors?: readonly RivuletError[];
}

/**
 * An error that the user can correct: bad input, a rejected file, a missing port. The message is one sentence that says
 * what is wrong, where, and what to do; programs compare `code`. Any other error is a bug in Rivulet. The
 * sentence is safe to print, whatever names and paths are in it.
 */
export class RivuletError extends Error {
  override name = "RivuletError";
  /** Kind of error; it stays the same when the sentence is reworded. */
  readonly code: ErrorCode;
  /** Full path of the config key that the error is about: `model.layers[2].dense`. */
  declare readonly path?: string;
  /** The config file, as the user named it. */
  declare readonly file?: string;
  /** Line of the key in the file, from 1. */
  declare readonly line?: number;
  /** The individual errors, where several were found at once. */
  declare readonly errors?: readonly RivuletError[];

  constructor(code: ErrorCode, sentence: string, { cause, ...origin }: ErrorOrigin = {}) {
    // Several errors are written one a line.
    const isOne = origin.errors === undefined;
    super(isOne ? safe(sentence) : safeLines(sentence), cause === undefined ? undefined : { cause });
    this.code = code;
    Object.assign(this, origin);
  }
}

/** The command line was used wrongly. */
export class UsageError extends RivuletError {
  override name = "UsageError";

  constructor(sentence: string) {
    super("usage", sentence);
  }
}

/**
 * Exit code of a program that ends with an error: 2 for wrong use and for what only another config corrects, so that
 * whoever restarts it after a failure need not; else 1.
 */
export function exitCodeOf(error: unknown): 1 | 2 {
  if (!(error instanceof RivuletError)) return 1;
  const { code } = error;
  const isConfig = code.startsWith("config.") || code.startsWith("model.");
  return isConfig || code === "usage" || code === "memory.budget" || code === "checkpoint.mismatch" ? 2 : 1;
}

/** A checkpoint file that cannot be used: truncated, damaged, from a newer version, or for another configuration. */
export class CheckpointError extends RivuletError {
  override name = "CheckpointError";
}

/** Creates an error about one key of a config; its sentence is the key's path followed by `predicate`. */
export function keyError(code: ErrorCode, path: string, predicate: string): RivuletError {
  return new RivuletError(code, `${path} ${predicate}`, { path });
}
