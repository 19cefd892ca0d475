/**
 * /sys/class/gpio as a kernel with GPIO serves it, by a file system in user space (FUSE): chips, export, direction,
 * value, and edges that wake epoll. It runs in a mount namespace of its own, so the rest of the machine sees nothing of
 * it, and in a process of its own, because the one that reads the files waits for this one.
 *
 *     node sysfs-server.js '{"chips":[...],"busy":[],"invalid":[]}'
 *
 * Standard output tells what is done to the lines, a JSON object a line; standard input takes {"line":n,"value":1} to
 * change an input's level, and {"line":n,"gone":true} to take a line away as another program's unexport would.
 */
import { spawnSync } from "node:child_process";
import { openSync, read, writeSync } from "node:fs";
import { createInterface } from "node:readline";

export interface ServedSysfs {
  chips: { label: string; base: number; lines: number; broken?: boolean }[];
  /** Lines that a driver has. */
  busy?: number[];
  /** Lines that no export knows, though a chip claims them. */
  invalid?: number[];
}

export interface Deed {
  /** `serving`, `export`, `unexport`, `direction`, `edge`, `value` */
  deed: string;
  line?: number;
  to?: string;
}

const mountPoint = "/sys/class/gpio";
const code = { EIO: 5, ENXIO: 6, EBUSY: 16, EINVAL: 22, ENODEV: 19, ENOENT: 2, ENOSYS: 38, EPERM: 1 };

interface Line {
  direction: "in" | "out";
  value: number;
  edge: string;
  activeLow: string;
  gone: boolean;
}

type FileHandle = { path: string; seen: number; wake: bigint | null };

function serve({ chips, busy = [], invalid = [] }: ServedSysfs): void {
  const lines = new Map<number, Line>();
  /** Edges of each line so far. */
  const edges = new Map<number, number>();
  const tell = (deed: Deed) => writeSync(1, `${JSON.stringify(deed)}\n`);
  const chipOf = (line: number) => chips.find(({ base, lines }) => line >= base && line < base + lines);

  // Files have a number for the kernel from the moment it first asks for them.
  const paths = ["", ""];
  const numberOf = (path: string): bigint => {
    if (path === "") return 1n;
    const known = paths.indexOf(path, 2);
    return BigInt(known > 0 ? known : paths.push(path) - 1);
  };

  function entries(path: string): string[] | null {
    if (path === "") {
      const chipNames = chips.map(({ base }) => `gpiochip${base}`);
      return ["export", "unexport", ...chipNames, ...[...lines.keys()].map((line) => `gpio${line}`)];
    }
    if (/^gpiochip\d+$/.test(path)) return ["base", "label", "ngpio"];
    if (/^gpio\d+$/.test(path)) return ["active_low", "direction", "edge", "value"];
    return null;
  }

  function exists(path: string): boolean {
    const slash = path.lastIndexOf("/");
    return entries(path.slice(0, Math.max(slash, 0)))?.includes(path.slice(slash + 1)) ?? false;
  }

  /** The line and the file of a path such as gpio17/value. */
  function lineFile(path: string): [number, Line, string] | null {
    const [, digits, file] = /^gpio(\d+)\/(\w+)$/.exec(path) ?? [];
    const line = lines.get(Number(digits));
    return line === undefined ? null : [Number(digits), line, file];
  }

  /** The text of a file, or the number of an error. */
  function content(path: string): string | number {
    const chip = chips.find(({ base }) => path.startsWith(`gpiochip${base}/`));
    if (chip) {
      const file = path.slice(path.indexOf("/") + 1);
      return `${{ base: chip.base, label: chip.label, ngpio: chip.lines }[file]}\n`;
    }
    const [, line, file] = lineFile(path) ?? [];
    if (line === undefined) return code.EIO;
    if (line.gone) return code.ENODEV;
    return `${{ value: line.value, direction: line.direction, edge: line.edge, active_low: line.activeLow }[file as string]}\n`;
  }

  /** Gives the number of an error, or 0. */
  function store(path: string, text: string): number {
    if (path === "export" || path === "unexport") return exportLine(path, Number(text));
    const [number, line, file] = lineFile(path) ?? [];
    if (number === undefined || line === undefined) return code.EIO;
    if (line.gone) return code.ENODEV;
    if (file === "direction") {
      if (chipOf(number)?.broken) return code.EIO;
      line.direction = text === "in" ? "in" : "out";
      if (text !== "in") line.value = Number(text === "high");
    } else if (file === "value") {
      if (line.direction === "in") return code.EPERM;
      line.value = Number(text);
    } else if (file === "edge") {
      if (line.direction === "out") return code.EIO;
      line.edge = text;
    } else if (file === "active_low") {
      line.activeLow = text;
    }
    tell({ deed: file as string, line: number, to: text });
    return 0;
  }

  function exportLine(deed: "export" | "unexport", number: number): number {
    if (chipOf(number) === undefined || invalid.includes(number)) return code.EINVAL;
    if (deed === "unexport") {
      if (!lines.delete(number)) return code.EINVAL;
    } else {
      if (busy.includes(number) || lines.has(number)) return code.EBUSY;
      lines.set(number, { direction: "in", value: 0, edge: "none", activeLow: "0", gone: false });
    }
    tell({ deed, line: number });
    return 0;
  }

  const device = openSync("/dev/fuse", "r+");
  const handles = new Map<bigint, FileHandle>();
  let nextHandle = 1n;

  function answer(unique: bigint, error: number, body: Buffer = Buffer.alloc(0)): void {
    const head = Buffer.alloc(16);
    head.writeUInt32LE(16 + body.length, 0);
    head.writeInt32LE(error, 4);
    head.writeBigUInt64LE(unique, 8);
    try {
      writeSync(device, Buffer.concat([head, body]));
    } catch {} // the one who asked was interrupted meanwhile
  }

  function attributes(path: string): Buffer {
    const out = Buffer.alloc(88);
    const folder = entries(path) !== null;
    out.writeBigUInt64LE(numberOf(path), 0);
    out.writeBigUInt64LE(4096n, 8);
    out.writeUInt32LE(folder ? 0o40755 : 0o100644, 60);
    out.writeUInt32LE(1, 64);
    out.writeUInt32LE(4096, 80);
    return out;
  }

  const edgesOf = (path: string) => edges.get(Number(/^gpio(\d+)\/value$/.exec(path)?.[1])) ?? 0;

  /** Wakes whoever polls the line's value. */
  function edge(number: number): void {
    edges.set(number, (edges.get(number) ?? 0) + 1);
    for (const handle of handles.values()) {
      if (handle.path !== `gpio${number}/value` || handle.wake === null) continue;
      const wake = Buffer.alloc(8);
      wake.writeBigUInt64LE(handle.wake);
      // An answer that nobody asked for is a notice; 1 is the one about polling.
      answer(0n, 1, wake);
    }
  }

  /** What a request is answered with: a body, the number of an error, or nothing. The numbers are those of linux/fuse.h. */
  function reply(request: Buffer): Buffer | number | null {
    const opcode = request.readUInt32LE(4);
    const path = paths[Number(request.readBigUInt64LE(16))] ?? "";
    const body = request.subarray(40);
    const opened = body.length >= 8 ? handles.get(body.readBigUInt64LE(0)) : undefined;
    switch (opcode) {
      case 1: {
        const name = body.toString("utf8", 0, body.indexOf(0));
        const child = path === "" ? name : `${path}/${name}`;
        if (!exists(child)) return code.ENOENT;
        const out = Buffer.alloc(40);
        out.writeBigUInt64LE(numberOf(child), 0);
        return Buffer.concat([out, attributes(child)]);
      }
      case 2:
      case 42:
      case 36:
        return null; // forgetting and interrupting take no answer
      case 3:
      case 4:
        return Buffer.concat([Buffer.alloc(16), attributes(path)]);
      case 14:
      case 27: {
        if (path !== "" && !exists(path)) return code.ENOENT;
        const out = Buffer.alloc(16);
        out.writeBigUInt64LE(nextHandle, 0);
        out.writeUInt32LE(1, 8); // past the page cache: each read asks
        handles.set(nextHandle++, { path, seen: edgesOf(path), wake: null });
        return out;
      }
      case 15: {
        const text = content(path);
        if (typeof text === "number") return text;
        if (opened) opened.seen = edgesOf(path);
        const offset = Number(body.readBigUInt64LE(8));
        return Buffer.from(text).subarray(offset, offset + body.readUInt32LE(16));
      }
      case 16: {
        const size = body.readUInt32LE(16);
        const error = store(path, body.toString("utf8", 40, 40 + size).trim());
        if (error !== 0) return error;
        const out = Buffer.alloc(8);
        out.writeUInt32LE(size, 0);
        return out;
      }
      case 18:
      case 29:
        handles.delete(body.readBigUInt64LE(0));
        return Buffer.alloc(0);
      case 25:
      case 34:
        return Buffer.alloc(0);
      case 26: {
        const out = Buffer.alloc(64);
        out.writeUInt32LE(7, 0);
        out.writeUInt32LE(31, 4);
        out.writeUInt32LE(4096, 20);
        return out;
      }
      case 28: {
        const names = entries(path) ?? [];
        const offset = Number(body.readBigUInt64LE(8));
        let room = body.readUInt32LE(16);
        const out: Buffer[] = [];
        for (let i = offset; i < names.length; i++) {
          const child = path === "" ? names[i] : `${path}/${names[i]}`;
          const bytes = Buffer.alloc(Math.ceil((24 + names[i].length) / 8) * 8);
          room -= bytes.length;
          if (room < 0) break;
          bytes.writeBigUInt64LE(numberOf(child), 0);
          bytes.writeBigUInt64LE(BigInt(i + 1), 8);
          bytes.writeUInt32LE(names[i].length, 16);
          bytes.write(names[i], 24);
          out.push(bytes);
        }
        return Buffer.concat(out);
      }
      case 40: {
        const out = Buffer.alloc(8);
        if (opened) {
          opened.wake = body.readBigUInt64LE(8);
          // POLLPRI and POLLERR, as sysfs gives them until the value is read.
          if (opened.seen !== edgesOf(opened.path)) out.writeUInt32LE(0x2 | 0x8, 0);
        }
        return out;
      }
      default:
        return code.ENOSYS;
    }
  }

  const buffer = Buffer.alloc(64 * 1024);
  function next(): void {
    read(device, buffer, 0, buffer.length, null, (error, bytes) => {
      if (error?.code === "ENODEV") process.exit(0); // unmounted
      if (bytes > 0) {
        const body = reply(buffer);
        const unique = buffer.readBigUInt64LE(8);
        if (typeof body === "number") answer(unique, -body);
        else if (body !== null) answer(unique, 0, body);
      }
      next();
    });
  }
  next();

  const options = "fd=3,rootmode=40755,user_id=0,group_id=0";
  const mount = spawnSync("mount", ["-i", "-t", "fuse", "-o", options, "gpio", mountPoint], {
    stdio: ["ignore", "ignore", "inherit", device],
  });
  if (mount.status !== 0) process.exit(1);
  tell({ deed: "serving" });

  createInterface(process.stdin)
    .on("line", (text) => {
      const { line: number, value, gone } = JSON.parse(text);
      const line = lines.get(number);
      if (line === undefined) return;
      if (gone) line.gone = true;
      const rises = value > line.value;
      const differs = value !== undefined && value !== line.value;
      if (differs) line.value = value;
      const heard = line.edge === "both" || line.edge === (rises ? "rising" : "falling");
      if (gone || (differs && heard)) edge(number);
    })
    // Not process.exit, which waits for the thread that waits for the kernel.
    .on("close", () => process.kill(process.pid, "SIGKILL"));
}

serve(JSON.parse(process.argv[2]));
