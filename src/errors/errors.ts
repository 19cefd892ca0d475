/**
 * Something the user can put right: bad input, a refused file, a missing port. Its message is one sentence
 * that says what is wrong, where, and what to do. Anything else that is thrown is a fault in Rivulet itself.
 */
export class RivuletError extends Error {
  override name = "RivuletError";
}

/** The command line was used wrongly; the process ends with exit code 2 instead of 1. */
export class UsageError extends RivuletError {
  override name = "UsageError";
}

/** A checkpoint file that must not be used: truncated, damaged, from a newer version, or of another shape. */
export class CheckpointError extends RivuletError {
  override name = "CheckpointError";
}
