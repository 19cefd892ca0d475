/** Which checkpoints stand in a folder, and which of them may be deleted. */
import fs from "node:fs";
import { RivuletError } from "../errors/errors.ts";
import { openRegularFile } from "../machine/regular-file.ts";
import {
  type CheckpointFile,
  checkpointPath,
  checkpointsAmong,
  largestSequence,
} from "./checkpoint-names.ts";
import { endsInDigest, tailBytes } from "./format.ts";

/** Of all complete checkpoints, oldest first, those that must stay beside the newest; called before any is deleted. */
export type Spare = (complete: readonly CheckpointFile[]) => readonly CheckpointFile[];

interface Entry extends CheckpointFile {
  /** It ends like a checkpoint, and was not rejected when read. */
  complete: boolean;
  /** The folder was synced after its file was named, so that no power cut takes the name. */
  durable: boolean;
}

/** What a store knows of the checkpoints in its folder, without reading the folder for every save. */
export class Retention {
  readonly #folder: string;
  readonly #keep: number;
  readonly #spare: Spare;
  #newestSequence = 0;
  /** Oldest first. Incomplete ones stay for inspection until they are old, but are not counted among those to keep. */
  #entries: Entry[] = [];

  constructor(folder: string, keep: number, spare: Spare) {
    this.#folder = folder;
    this.#keep = keep;
    this.#spare = spare;
  }

  /** Reads the folder; numbers continue after the largest that was ever seen in it. */
  readFolder(): void {
    const files = checkpointsAmong(fs.readdirSync(this.#folder), this.#folder);
    this.#newestSequence = Math.max(this.#newestSequence, files.at(-1)?.sequence ?? 0);
    // A folder of that name is nobody's checkpoint: it is neither counted nor deleted.
    this.#entries = files
      .filter(({ path }) => isRegularFile(path))
      .map((file) => ({ ...file, complete: looksComplete(file.path), durable: true }));
  }

  /**
   * The file for the next checkpoint. A number whose name is taken, by a folder or a file that somebody has put there, is left out.
   * @throws RivuletError where the numbers are used up
   */
  nextFile(): CheckpointFile {
    while (exists(checkpointPath(this.#folder, this.#newestSequence + 1))) this.#newestSequence++;
    if (this.#newestSequence >= largestSequence) {
      throw new RivuletError(
        "checkpoint.not-saved",
        `${this.#folder} has a checkpoint numbered ${this.#newestSequence}, behind which there are no more numbers; move it away, or name another folder`,
      );
    }
    const sequence = ++this.#newestSequence;
    return { path: checkpointPath(this.#folder, sequence), sequence };
  }

  /**
   * Gives back the number of a checkpoint that was not written: a missing number would count as a checkpoint that was
   * deleted before it was sent. One that another save has overtaken stays missing.
   */
  giveBack({ sequence }: CheckpointFile): void {
    if (sequence === this.#newestSequence) this.#newestSequence--;
  }

  /** Adds a file whose name is durable or not. A folder that was synced made the names of all files in it durable. */
  add(file: CheckpointFile, durable: boolean): void {
    if (durable) for (const entry of this.#entries) entry.durable = true;
    this.#entries.push({ ...file, complete: true, durable });
    this.#entries.sort((one, other) => one.sequence - other.sequence);
  }

  forget({ sequence }: CheckpointFile): void {
    this.#entries = this.#entries.filter((entry) => entry.sequence !== sequence);
  }

  /** Counts a checkpoint that was rejected when read no longer among those to keep. */
  reject({ sequence }: CheckpointFile): void {
    for (const entry of this.#entries) if (entry.sequence === sequence) entry.complete = false;
  }

  /** Everything older than the newest `keep` complete checkpoints that is not spared. */
  surplus(): CheckpointFile[] {
    const old = this.olderThan(this.#keep);
    if (old.length === 0) return [];
    const complete = this.#entries.filter((entry) => entry.complete);
    const spared = new Set(this.#spare(complete).map(({ sequence }) => sequence));
    return old.filter(({ sequence }) => !spared.has(sequence));
  }

  /** Everything older than the newest `count` complete checkpoints, but for the newest that no power cut can take. */
  olderThan(count: number): CheckpointFile[] {
    const complete = this.#entries.filter((entry) => entry.complete);
    const oldestKept = complete.at(-count);
    const safe = complete.filter((entry) => entry.durable).at(-1);
    if (oldestKept === undefined) return [];
    return this.#entries.filter((entry) => entry.sequence < oldestKept.sequence && entry !== safe);
  }
}

const statOf = (path: string) => fs.lstatSync(path, { throwIfNoEntry: false });

function exists(path: string): boolean {
  return statOf(path) !== undefined;
}

/** Whether it is a file, and no folder, pipe or link. */
export function isRegularFile(path: string): boolean {
  return statOf(path)?.isFile() === true;
}

/** Checks only the end of a file: one that a power cut left empty, truncated or full of zeros does not pass. */
function looksComplete(path: string): boolean {
  try {
    const { file, bytes } = openRegularFile(path, { followLinks: false });
    try {
      const tail = Buffer.alloc(tailBytes);
      const start = Math.max(0, bytes - tailBytes);
      return fs.readSync(file, tail, 0, tailBytes, start) === tailBytes && endsInDigest(tail);
    } finally {
      fs.closeSync(file);
    }
  } catch {
    return false; // a file that cannot be read does not count as complete
  }
}
