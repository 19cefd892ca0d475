/** What a command does to files, as strace(1) sees it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** One operation on a folder of interest, or a write to standard output. Paths are absolute. */
export type Operation =
  | { kind: "create"; path: string; truncates: boolean; file: number }
  | { kind: "write"; file: number; bytes: Buffer; at: number | null }
  | { kind: "resize"; file: number; bytes: number }
  | { kind: "sync"; file: number }
  | { kind: "syncFolder"; path: string }
  | { kind: "rename"; from: string; to: string }
  | { kind: "remove"; path: string }
  | { kind: "makeFolder"; path: string }
  | { kind: "print"; text: string };

const calls =
  "openat,open,creat,close,write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,ftruncate,truncate,link,linkat,symlink,symlinkat,dup,dup2,dup3,fallocate,copy_file_range,sendfile";

/**
 * Runs a command to its end and returns what it did below `folder`, in the order in which the calls ended.
 *
 * @param feed writes to the command's standard input
 * @throws Error where the command fails, or changes a file in a way that is not followed here
 */
export async function traceCommand(
  words: readonly string[],
  folder: string,
  feed: (input: NodeJS.WritableStream) => Promise<void>,
): Promise<Operation[]> {
  const scratch = mkdtempSync(join(tmpdir(), "rivulet-trace-"));
  try {
    const file = join(scratch, "trace");
    const strace = ["-f", "-o", file, "-xx", "-s", "100000000", "-e", `trace=${calls}`];
    const child = spawn("strace", [...strace, process.execPath, ...words], {
      cwd: folder,
      stdio: ["pipe", "ignore", "inherit"],
    });
    child.stdin.on("error", () => {}); // the command may end before its input does
    const ended = once(child, "close");
    await feed(child.stdin);
    child.stdin.end();
    const [code] = await ended;
    if (code !== 0) throw new Error(`rivulet ${words.slice(1).join(" ")} ended with ${code}`);
    return operationsIn(readFileSync(file, "latin1"), folder);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** A call of the trace, its arguments as text. */
interface Call {
  name: string;
  words: string;
  result: number;
}

/** Joins the halves of calls that were interrupted by those of another thread. */
function* callsIn(trace: string): Generator<Call> {
  const begun = new Map<string, string>();
  for (const line of trace.split("\n")) {
    const [, thread, text] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (text === undefined || /^(\+\+\+|---)/.test(text)) continue;
    const half = /^(.*) <unfinished \.\.\.>$/.exec(text);
    if (half !== null) {
      begun.set(thread, half[1]);
      continue;
    }
    const rest = /^<\.\.\. \w+ resumed>(.*)$/.exec(text);
    const whole = rest === null ? text : `${begun.get(thread) ?? ""}${rest[1]}`;
    const [, name, words, result] = /^(\w+)\((.*)\) += (-?\d+|\?)/.exec(whole) ?? [];
    if (name !== undefined && result !== "?") yield { name, words, result: Number(result) };
  }
}

/** The bytes of the quoted arguments of a call. */
function quoted(words: string): Buffer[] {
  return [...words.matchAll(/"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?/g)].map(([, hex, cut]) => {
    if (cut !== undefined) throw new Error("found data that strace has cut off");
    return Buffer.from(hex.replaceAll("\\x", ""), "hex");
  });
}

function operationsIn(trace: string, folder: string): Operation[] {
  const follower = new Follower(folder);
  for (const call of callsIn(trace)) if (call.result >= 0) follower.follow(call);
  return follower.operations;
}

/** Follows what a process does to a folder, by the calls that succeeded. */
class Follower {
  readonly operations: Operation[] = [];
  readonly #folder: string;
  /** Open descriptors of files and folders inside; each opened file has a unique number. */
  readonly #open = new Map<number, { file: number } | { folder: string }>();
  #files = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  follow(call: Call): void {
    const { name, words } = call;
    const texts = quoted(words);
    const paths = texts.map((bytes) => resolve(this.#folder, bytes.toString()));
    const descriptor = Number(/^\d+/.exec(words)?.[0] ?? -1);
    const opened = this.#open.get(descriptor);
    switch (name) {
      case "open":
      case "openat":
      case "creat":
        this.#opened(call, paths[0]);
        break;
      case "close":
        this.#open.delete(descriptor);
        break;
      case "write":
      case "writev":
      case "pwrite64":
      case "pwritev":
      case "pwritev2":
        this.#written(call, descriptor, Buffer.concat(texts));
        break;
      case "fsync":
      case "fdatasync":
        if (opened === undefined) break;
        if ("file" in opened) this.operations.push({ kind: "sync", file: opened.file });
        else this.operations.push({ kind: "syncFolder", path: opened.folder });
        break;
      case "ftruncate":
        if (opened === undefined || !("file" in opened)) break;
        this.operations.push({ kind: "resize", file: opened.file, bytes: Number(/\d+$/.exec(words)?.[0]) });
        break;
      case "rename":
      case "renameat":
      case "renameat2":
        this.#renamed(name, paths[0], paths[1]);
        break;
      case "unlink":
      case "unlinkat":
      case "rmdir":
        if (this.#isInside(paths[0])) this.operations.push({ kind: "remove", path: paths[0] });
        break;
      case "mkdir":
      case "mkdirat":
        if (this.#isInside(paths[0])) this.operations.push({ kind: "makeFolder", path: paths[0] });
        break;
      default:
        if (opened !== undefined || paths.some((path) => this.#isInside(path)))
          throw new Error(`cannot follow ${name}(${words})`);
    }
  }

  #isInside(path: string): boolean {
    return path === this.#folder || path.startsWith(`${this.#folder}/`);
  }

  #opened({ name, words, result }: Call, path: string): void {
    this.#open.delete(result);
    if (!this.#isInside(path)) return;
    const isWritten = name === "creat" || /O_WRONLY|O_RDWR/.test(words);
    if (words.includes("O_DIRECTORY") || !isWritten) {
      this.#open.set(result, { folder: path });
      return;
    }
    this.#open.set(result, { file: ++this.#files });
    const truncates = name === "creat" || words.includes("O_TRUNC");
    this.operations.push({ kind: "create", path, truncates, file: this.#files });
  }

  #written({ name, words, result }: Call, descriptor: number, given: Buffer): void {
    const bytes = given.subarray(0, result);
    if (descriptor === 1) this.operations.push({ kind: "print", text: bytes.toString() });
    const opened = this.#open.get(descriptor);
    if (opened === undefined || !("file" in opened)) return;
    // A vector with a position of -1 goes where the file stands.
    const position = name === "pwritev2" ? /, (-?\d+), \w+$/ : /, (-?\d+)$/;
    const at = name.startsWith("p") ? Number(position.exec(words)?.[1]) : -1;
    this.operations.push({ kind: "write", file: opened.file, bytes, at: at < 0 ? null : at });
  }

  #renamed(name: string, from: string, to: string): void {
    const isInside = this.#isInside(from);
    if (isInside !== this.#isInside(to)) throw new Error(`cannot follow ${name} out of ${this.#folder}`);
    if (isInside) this.operations.push({ kind: "rename", from, to });
  }
}
