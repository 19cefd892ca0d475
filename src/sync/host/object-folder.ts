/**
 * Objects as files of a folder. An object is whole or absent, whatever is killed: it is written under a name of its own in
 * `.host/incoming`, synced, and then given its name.
 */

import { createHash } from "node:crypto";
import fs from "node:fs";
import { link, mkdir, open, readdir, rename, stat, statfs, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { reasonOf } from "../../errors/system-error.ts";
import { HostError } from "./host-error.ts";
import { ownFolder } from "./registry.ts";

/** An object as a list shows it. */
export interface ObjectFacts {
  key: string;
  bytes: number;
  modifiedMs: number;
  etag: string;
}

/** A body that was received, and not yet given its name. */
export interface Incoming {
  bytes: number;
  sha256: string;
  /** In base64, as the header `Content-MD5` has it. */
  md5: string;
  /** Gives it its name; returns false where `once` and the name is taken, which then stays as it is. */
  commit(key: string, options: { once: boolean }): Promise<boolean>;
  /** Reads it whole; for bodies that were limited to little. */
  read(): Promise<Buffer>;
  discard(): Promise<void>;
}

/** So much of the disk stays free, for the host's own files and everything else on it. */
const reserveBytes = 16 << 20;

/** A body must bring this many bytes in each interval: a tenth of what the slowest modem carries. */
const slowBytes = 4096;
const slowMs = 30_000;

/** Whether a part of a key may be the name of a file here. */
const partPattern = /^(?!\.)[^\p{Cc}\\/]{1,200}$/u;

/** Whether a key can be an object here: no empty part, none that begins with a dot, so none that leads elsewhere. */
export const isObjectKey = (key: string): boolean =>
  key.length <= 1000 && key.split("/").every((part) => partPattern.test(part));

export interface ObjectFolderOptions {
  /** A body that brings too little in such an interval is refused. */
  slowBodyMs?: number;
  /** Only read beside the host that runs. */
  isReadOnly?: boolean;
  /** Folder for what is not whole yet, where it is not that of the host. */
  incoming?: string;
}

export class ObjectFolder {
  readonly folder: string;
  readonly #incoming: string;
  readonly #slowMs: number;
  #count = 0;

  /**
   * Deletes what a killed process left behind, unless it is used beside the host that runs.
   * @throws the file system's error
   */
  constructor(
    folder: string,
    { slowBodyMs = slowMs, isReadOnly = false, incoming }: ObjectFolderOptions = {},
  ) {
    this.folder = folder;
    this.#slowMs = slowBodyMs;
    this.#incoming = incoming ?? join(folder, ownFolder, "incoming");
    if (isReadOnly || incoming !== undefined) return;
    fs.rmSync(this.#incoming, { recursive: true, force: true });
    fs.mkdirSync(this.#incoming, { recursive: true, mode: 0o700 });
  }

  #path(key: string): string {
    return join(this.folder, ...key.split("/"));
  }

  /**
   * Receives a body of `length` bytes.
   * @param sendContinue called once there is room for it, to answer `Expect: 100-continue`: whoever waits for that sends no
   * body that is refused
   * @throws HostError where the disk is full, the body is too slow, or ends early
   */
  async receive(body: Readable, length: number, sendContinue = () => {}): Promise<Incoming> {
    await this.#requireSpace(length);
    const path = join(this.#incoming, `${process.pid}-${++this.#count}.part`);
    const discard = () => unlink(path).catch(() => {});
    const hashes = { sha256: createHash("sha256"), md5: createHash("md5") };
    let bytes = 0;
    const file = await open(path, "wx", 0o644).catch(diskFault);
    sendContinue();
    const pace = watchPace(() => bytes, this.#slowMs);
    const chunks = (body as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    try {
      // The body is not destroyed where it is refused: the refusal still has to be sent on its connection.
      for (;;) {
        const { value: chunk, done } = await Promise.race([chunks.next(), pace.tooSlow]);
        if (done) break;
        bytes += chunk.length;
        if (bytes > length)
          throw new HostError(
            400,
            "BadRequest",
            `the body has more than the ${length} bytes that were announced`,
          );
        hashes.sha256.update(chunk);
        hashes.md5.update(chunk);
        await file.write(chunk).catch(diskFault);
      }
      if (bytes < length)
        throw new HostError(400, "IncompleteBody", `the body has ${bytes} bytes, expected ${length}`);
      await file.datasync().catch(diskFault);
    } catch (error) {
      await discard();
      throw error;
    } finally {
      pace.stop();
      await file.close();
    }
    return {
      bytes,
      sha256: hashes.sha256.digest("hex"),
      md5: hashes.md5.digest("base64"),
      commit: (key, { once }) => this.#commit(path, key, once),
      read: () => fs.promises.readFile(path),
      discard,
    };
  }

  async #requireSpace(length: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.folder);
    if (bavail * bsize < length + reserveBytes) throw new HostError(507, "InsufficientStorage", fullSentence);
  }

  async #commit(temporary: string, key: string, once: boolean): Promise<boolean> {
    const path = this.#path(key);
    const folder = dirname(path);
    try {
      await this.#makeFolder(folder);
      // A link fails where the name is taken; a rename replaces.
      if (once) await link(temporary, path);
      else await rename(temporary, path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EEXIST" && once) return false;
      if (code === "ENOTDIR" || code === "EISDIR" || code === "EEXIST" || code === "ENOTEMPTY") {
        throw new HostError(409, "InvalidRequest", `an object and a folder cannot both be named ${key}`);
      }
      return diskFault(error);
    } finally {
      if (once) await unlink(temporary).catch(() => {});
    }
    await syncFolder(folder);
    return true;
  }

  async #makeFolder(folder: string): Promise<void> {
    const first = await mkdir(folder, { recursive: true });
    if (first === undefined) return;
    // A power cut loses a new folder with its content, unless its parent is synced.
    for (let parent = dirname(folder); parent.length >= dirname(first).length; parent = dirname(parent)) {
      await syncFolder(parent);
    }
  }

  /** What is known of an object; null where there is none. */
  async facts(key: string): Promise<ObjectFacts | null> {
    try {
      const found = await stat(this.#path(key), { bigint: true });
      if (!found.isFile()) return null;
      const { ino, mtimeNs, size } = found;
      // Not an MD5, as its dash says to S3 clients: it tells contents apart without reading them.
      const etag = `"${ino.toString(16)}${mtimeNs.toString(16)}-${size.toString(16)}"`;
      return { key, bytes: Number(size), modifiedMs: Number(mtimeNs / 1_000_000n), etag };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ENOTDIR" || code === "ENAMETOOLONG") return null;
      throw error;
    }
  }

  /** A stream of the bytes from `start` to `end`, inclusive. */
  stream(key: string, { start, end }: { start: number; end: number }): fs.ReadStream {
    return fs.createReadStream(this.#path(key), { start, end });
  }

  /**
   * Reads an object of at most `mostBytes`; null where there is none, or a larger one.
   * @param known what was found out of it just now
   */
  async read(key: string, mostBytes: number, known?: ObjectFacts): Promise<Buffer | null> {
    const facts = known ?? (await this.facts(key));
    return facts === null || facts.bytes > mostBytes ? null : fs.promises.readFile(this.#path(key));
  }

  async remove(key: string): Promise<void> {
    await unlink(this.#path(key)).catch(ignoreMissing);
  }

  /** Names directly in a folder, those of folders with a slash at the end, in the order in which S3 lists keys. */
  async names(prefix: string): Promise<string[]> {
    const folder = prefix === "" ? this.folder : this.#path(prefix.slice(0, -1));
    try {
      const entries = await readdir(folder, { withFileTypes: true });
      return entries
        .filter((entry) => (entry.isFile() || entry.isDirectory()) && partPattern.test(entry.name))
        .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
        .sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
    } catch (error) {
      ignoreMissing(error);
      return [];
    }
  }

  /**
   * All keys that begin with `prefix` and follow `after`, in order; with `delimiter`, a folder below the prefix is one
   * entry that ends in a slash.
   */
  async *keys(prefix: string, { after = "", delimiter = false } = {}): AsyncGenerator<string> {
    const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    if (folder !== "" && !isObjectKey(folder.slice(0, -1))) return;
    yield* this.#below(folder, prefix, after, delimiter);
  }

  async *#below(folder: string, prefix: string, after: string, delimiter: boolean): AsyncGenerator<string> {
    for (const name of await this.names(folder)) {
      const key = folder + name;
      if (!key.startsWith(prefix)) continue;
      const follows = Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0;
      if (!name.endsWith("/") || delimiter) {
        if (follows) yield key;
      } else if (follows || after.startsWith(key)) {
        yield* this.#below(key, prefix, after, delimiter);
      }
    }
  }
}

const fullSentence =
  "the disk of the host is full, so nothing more is stored and what is there stays; free some space, or lower --keep";

function diskFault(error: unknown): never {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") throw new HostError(507, "InsufficientStorage", fullSentence);
  if (code === "EROFS" || code === "EIO") {
    const sentence = `the disk of the host cannot be written (${reasonOf(error)}), so nothing more is stored; check it, and start the host again`;
    throw new HostError(503, "ServiceUnavailable", sentence);
  }
  throw error;
}

function ignoreMissing(error: unknown): void {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
}

/** Refuses a body that hardly moves: it would hold its connection and its place for ever. */
function watchPace(received: () => number, everyMs: number): { tooSlow: Promise<never>; stop(): void } {
  let before = 0;
  let timer: NodeJS.Timeout | undefined;
  const tooSlow = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      const moved = received() - before;
      before += moved;
      if (moved >= slowBytes) return;
      const sentence = `the body brought ${moved} bytes in ${everyMs / 1000} s, expected at least ${slowBytes}`;
      reject(new HostError(408, "RequestTimeout", sentence));
    }, everyMs);
  });
  tooSlow.catch(() => {});
  return { tooSlow, stop: () => clearInterval(timer) };
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
