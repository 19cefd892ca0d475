/** Which checkpoints a folder holds, and which of them may be deleted. */
import fs from "node:fs";
import { RivuletError } from "../errors/errors.ts";
import { openRegularFile } from "../machine/regular-file.ts";
import { remedyOf } from "./checkpoint-file.ts";
import {
  type CheckpointFile,
  checkpointPath,
  checkpointsAmong,
  largestSequence,
} from "./checkpoint-names.ts";
import { beginBytes, beginsAsNewer, endsInDigest, tailBytes } from "./format.ts";

/** Of all complete checkpoints, oldest first, those that must stay beside the newest; called before any is deleted. */
export type Spare = (complete: readonly CheckpointFile[]) => readonly CheckpointFile[];

/**
 * What is known of a file: one that is complete ends like a checkpoint, and was not rejected when read; one that is
 * unreadable may be whole, but this process may not read it, or it is of a newer version.
 */
type Content = "complete" | "incomplete" | "unreadable";

interface Entry extends CheckpointFile {
  content: Content;
  /** The folder was synced after its file was named, so that no power cut takes the name. */
  durable: boolean;
}

/** What a store knows of the checkpoints in its folder, without reading the folder for every save. */
export class Retention {
  readonly #folder: string;
  readonly #keep: number;
  readonly #spare: Spare;
  #newestSequence = 0;
  /**
   * Oldest first. Only complete ones are counted among those to keep. Incomplete ones stay for inspection until they are
   * old, and unreadable ones for good: nobody but the user can say what they are worth.
   */
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
      .map((file) => ({ ...file, content: contentOf(file.path), durable: true }));
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
        `${this.#folder} has a checkpoint numbered ${this.#newestSequence}, the largest number possible; move it away, or name another folder`,
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
    this.#entries.push({ ...file, content: "complete", durable });
    this.#entries.sort((one, other) => one.sequence - other.sequence);
  }

  forget({ sequence }: CheckpointFile): void {
    this.#entries = this.#entries.filter((entry) => entry.sequence !== sequence);
  }

  /** Counts a checkpoint that was rejected when read no longer among those to keep. */
  reject({ sequence }: CheckpointFile, content: Exclude<Content, "complete">): void {
    for (const entry of this.#entries) if (entry.sequence === sequence) entry.content = content;
  }

  /** Everything older than the newest `keep` complete checkpoints that is not spared. */
  surplus(): CheckpointFile[] {
    const old = this.olderThan(this.#keep);
    if (old.length === 0) return [];
    const complete = this.#entries.filter(isComplete);
    const spared = new Set(this.#spare(complete).map(({ sequence }) => sequence));
    return old.filter(({ sequence }) => !spared.has(sequence));
  }

  /**
   * Everything older than the newest `count` complete checkpoints, but for the newest that no power cut can take, and for
   * those that are unreadable.
   */
  olderThan(count: number): CheckpointFile[] {
    const complete = this.#entries.filter(isComplete);
    const oldestKept = complete.at(-count);
    const safe = complete.filter((entry) => entry.durable).at(-1);
    if (oldestKept === undefined) return [];
    return this.#entries.filter(
      (entry) => entry.sequence < oldestKept.sequence && entry !== safe && entry.content !== "unreadable",
    );
  }
}

const isComplete = ({ content }: Entry) => content === "complete";

const statOf = (path: string) => fs.lstatSync(path, { throwIfNoEntry: false });

function exists(path: string): boolean {
  return statOf(path) !== undefined;
}

/** Whether it is a file, and no folder, pipe or link. */
export function isRegularFile(path: string): boolean {
  return statOf(path)?.isFile() === true;
}

/** Looks only at both ends of a file: one that a power cut left empty, truncated or full of zeros is incomplete. */
function contentOf(path: string): Content {
  try {
    const { file, bytes } = openRegularFile(path, { followLinks: false });
    try {
      const tail = readAt(file, Math.max(0, bytes - tailBytes), tailBytes);
      if (!endsInDigest(tail)) return "incomplete";
      return beginsAsNewer(readAt(file, 0, beginBytes)) ? "unreadable" : "complete";
    } finally {
      fs.closeSync(file);
    }
  } catch (error) {
    return remedyOf(error) === null ? "incomplete" : "unreadable";
  }
}

function readAt(file: number, start: number, length: number): Uint8Array {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, fs.readSync(file, bytes, 0, length, start));
}
