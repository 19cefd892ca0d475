/** The processes of the proofs of sync, and a link between them that breaks at a chosen byte. */
import { type ChildProcess, spawn } from "node:child_process";
import net, { type AddressInfo } from "node:net";
import { resolve } from "node:path";
import { createInterface } from "node:readline";

const cli = resolve(import.meta.dirname, "../../../dist/bin/rivulet.cjs");

/** A process of the command line, and when it has ended. */
export interface Running {
  child: ChildProcess;
  ended: Promise<number | null>;
  /** What it has said of its trouble so far. */
  complaints(): string;
}

export function start(words: string[], cwd: string): Running {
  const child = spawn(process.execPath, [cli, ...words], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let complaints = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaints = (complaints + text).slice(-2000);
  });
  const ended = new Promise<number | null>((end) => child.once("close", end));
  return { child, ended, complaints: () => complaints };
}

/** Starts the host, and waits until it listens. */
export async function startHost(cwd: string, port: number): Promise<Running> {
  const words = ["host", "./fleet", "--listen", `127.0.0.1:${port}`, "--json", "--keep", "100000"];
  const host = start(words, cwd);
  const lines = createInterface({ input: host.child.stdout as NodeJS.ReadableStream });
  await new Promise<void>((listening, fail) => {
    lines.on("line", (line) => {
      if (line.includes('"listening"')) listening();
    });
    void host.ended.then((code) => fail(new Error(`the host ended with ${code}: ${host.complaints()}`)));
  });
  return host;
}

/** To the host, or from it. */
type Direction = "up" | "down";

/** A proxy that does something once so many bytes have gone one way. */
export async function openProxy(port: number) {
  let passed = 0;
  let trigger: { at: number; act: () => void; direction: Direction } | null = null;
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const onward = net.connect(port, "127.0.0.1");
    for (const socket of [client, onward]) {
      sockets.add(socket);
      socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    }
    client.on("close", () => onward.destroy());
    onward.on("close", () => client.destroy());
    client.on("data", (chunk: Buffer) => pass(chunk, onward, "up"));
    onward.on("data", (chunk: Buffer) => pass(chunk, client, "down"));
  });
  const pass = (chunk: Buffer, to: net.Socket, direction: Direction) => {
    if (trigger?.direction === direction) passed += chunk.length;
    const due = trigger?.direction === direction && passed >= trigger.at ? trigger : null;
    // Of the chunk in which it happens, a part still passes.
    to.write(due === null ? chunk : chunk.subarray(0, chunk.length - (passed - due.at)));
    if (due === null) return;
    trigger = null;
    due.act();
  };
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    port: (server.address() as AddressInfo).port,
    arm(at: number, act: () => void, direction: Direction = "up") {
      passed = 0;
      trigger = { at, act, direction };
    },
    /** Whether it happened. */
    disarm() {
      const happened = trigger === null;
      trigger = null;
      return happened;
    },
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    close: () => server.close(),
  };
}
