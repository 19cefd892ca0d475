/**
 * A disk that loses its power: what a folder may hold afterwards, by the least that POSIX and a journal promise. The bytes
 * of a file are safe once it was synced, its name once its folder was. Names that were not synced survive in the order in
 * which they were given, up to any of them; bytes that were not may be absent, whole, half, zeros, or torn in the middle.
 */
import type { Operation } from "./trace.ts";

/** What becomes of bytes that were not synced. */
export const fates = ["absent", "whole", "half", "zeroed", "torn"] as const;
export type Fate = (typeof fates)[number];

/** A protection that is taken away, to show that the loss is found. */
export type Blindness = "file syncs" | "folder syncs" | null;

interface File {
  bytes: Buffer;
  /** As of the last sync; null before the first. */
  synced: Buffer | null;
  isFolder: boolean;
}

type NameChange = (names: Map<string, File>) => void;

export class Disk {
  readonly #open = new Map<number, { file: File; end: number }>();
  readonly #names = new Map<string, File>();
  /** Names that are safe, and the changes since. */
  readonly #safeNames = new Map<string, File>();
  #changes: { folder: string; change: NameChange }[] = [];
  readonly #blindness: Blindness;

  constructor(blindness: Blindness = null) {
    this.#blindness = blindness;
  }

  /** Puts a file there that is safe, as from before the command began. */
  put(path: string, bytes: Buffer): void {
    const file = { bytes, synced: bytes, isFolder: false };
    this.#names.set(path, file);
    this.#safeNames.set(path, file);
  }

  apply(operation: Operation): void {
    switch (operation.kind) {
      case "create": {
        const { path, truncates } = operation;
        let file = this.#names.get(path);
        if (file === undefined) {
          const made = { bytes: Buffer.alloc(0), synced: null, isFolder: false };
          file = made;
          this.#change(path, (names) => names.set(path, made));
        } else if (truncates) file.bytes = Buffer.alloc(0);
        this.#open.set(operation.file, { file, end: 0 });
        break;
      }
      case "write": {
        const opened = this.#opened(operation.file);
        const at = operation.at ?? opened.end;
        const end = at + operation.bytes.length;
        const grown = Buffer.alloc(Math.max(opened.file.bytes.length, end));
        opened.file.bytes.copy(grown);
        operation.bytes.copy(grown, at);
        opened.file.bytes = grown;
        if (operation.at === null) opened.end = end;
        break;
      }
      case "resize": {
        const { file } = this.#opened(operation.file);
        const resized = Buffer.alloc(operation.bytes);
        file.bytes.copy(resized);
        file.bytes = resized;
        break;
      }
      case "sync": {
        const { file } = this.#opened(operation.file);
        if (this.#blindness !== "file syncs") file.synced = file.bytes;
        break;
      }
      case "syncFolder":
        if (this.#blindness !== "folder syncs") this.#syncNames(operation.path);
        break;
      case "rename": {
        const { from, to } = operation;
        this.#change(to, (names) => {
          const file = names.get(from);
          names.delete(from);
          if (file !== undefined) names.set(to, file);
        });
        break;
      }
      case "remove":
        this.#change(operation.path, (names) => names.delete(operation.path));
        break;
      case "makeFolder": {
        const made = { bytes: Buffer.alloc(0), synced: Buffer.alloc(0), isFolder: true };
        this.#change(operation.path, (names) => names.set(operation.path, made));
        break;
      }
      case "print":
    }
  }

  /** What a file holds while the power is on. */
  bytesOf(path: string): Buffer {
    return this.#names.get(path)?.bytes ?? Buffer.alloc(0);
  }

  /** Every folder that a power cut may leave now: paths and bytes, null for a folder. */
  *afterPowerCut(): Generator<Map<string, Buffer | null>> {
    const names = new Map(this.#safeNames);
    for (let survived = 0; ; survived++) {
      const unsynced = [...names.values()].some(({ bytes, synced }) => bytes !== synced);
      for (const fate of unsynced ? fates : (["whole"] as const)) yield contents(names, fate);
      if (survived === this.#changes.length) return;
      this.#changes[survived].change(names);
    }
  }

  #opened(file: number) {
    const opened = this.#open.get(file);
    if (opened === undefined) throw new Error("found a write to a file that was never opened");
    return opened;
  }

  #change(path: string, change: NameChange): void {
    change(this.#names);
    this.#changes.push({ folder: path.slice(0, path.lastIndexOf("/")), change });
  }

  #syncNames(folder: string): void {
    const rest = this.#changes.filter((entry) => entry.folder !== folder);
    for (const entry of this.#changes) if (entry.folder === folder) entry.change(this.#safeNames);
    this.#changes = rest;
  }
}

function contents(names: ReadonlyMap<string, File>, fate: Fate): Map<string, Buffer | null> {
  const found = new Map<string, Buffer | null>();
  for (const [path, file] of names) {
    // What lies in a folder whose name is lost is lost with it.
    if (![...foldersOf(path)].every((folder) => names.get(folder)?.isFolder ?? true)) continue;
    found.set(path, file.isFolder ? null : left(file, fate));
  }
  return found;
}

function* foldersOf(path: string): Generator<string> {
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1))
    yield path.slice(0, end);
}

function left({ bytes, synced }: File, fate: Fate): Buffer {
  if (bytes === synced) return bytes;
  const safe = synced ?? Buffer.alloc(0);
  const middle = (Math.min(safe.length, bytes.length) + bytes.length) >> 1;
  switch (fate) {
    case "absent":
      return safe;
    case "whole":
      return bytes;
    case "half":
      return bytes.subarray(0, middle);
    case "zeroed":
      return Buffer.concat([
        safe.subarray(0, bytes.length),
        Buffer.alloc(Math.max(0, bytes.length - safe.length)),
      ]);
    case "torn": {
      const torn = Buffer.from(bytes);
      torn.fill(0xa5, middle, Math.min(bytes.length, middle + 512));
      return torn;
    }
  }
}
