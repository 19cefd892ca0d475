/** The checkpoint files of a folder, found by their names: `checkpoint-00000042.msgpack`. */
import fs from "node:fs";
import { join } from "node:path";
import { diskError } from "./disk-error.ts";

/** A checkpoint in its folder. */
export interface CheckpointFile {
  path: string;
  /** Increases with every save in the folder. */
  sequence: number;
}

/**
 * A number has at most 12 digits: saving a thousand times a second it lasts 30 years. A longer one is not of a store, and
 * from the largest of 15 digits no store could count on.
 */
const checkpointName = /^checkpoint-(\d{8,12})\.msgpack$/;
export const largestSequence = 10 ** 12 - 1;
const overlongName = /^checkpoint-\d{13,}\.msgpack$/;
const temporaryName = /^checkpoint-\d{8,12}\.msgpack\.tmp$/;

/** Returns the path of the checkpoint with a number, in a folder. */
export function checkpointPath(folder: string, sequence: number): string {
  return join(folder, `checkpoint-${String(sequence).padStart(8, "0")}.msgpack`);
}

/** Whether a file is named like a checkpoint, but with a number beyond those that a store counts to. */
export function isOverlong(name: string): boolean {
  return overlongName.test(name);
}

/** Whether a file is a checkpoint that its process was still writing. */
export function isTemporary(name: string): boolean {
  return temporaryName.test(name);
}

/** The checkpoints among the names of a folder's files, oldest first, valid or not. */
export function checkpointsAmong(names: readonly string[], folder: string): CheckpointFile[] {
  return names
    .flatMap((name) => {
      const digits = checkpointName.exec(name)?.[1];
      return digits === undefined ? [] : [{ path: join(folder, name), sequence: Number(digits) }];
    })
    .sort((one, other) => one.sequence - other.sequence);
}

/**
 * Lists the checkpoint files in a folder, oldest first, valid or not.
 *
 * @throws RivuletError when the folder cannot be read
 */
export function listCheckpoints(directory: string): CheckpointFile[] {
  try {
    return checkpointsAmong(fs.readdirSync(directory), directory);
  } catch (error) {
    throw diskError(error, `cannot read the checkpoints in ${directory}`, directory);
  }
}
