/** How rows reach a daemon that is killed: its standard input, a TCP peer, or a pseudo-terminal. */
import type { ChildProcess } from "node:child_process";
import { rmSync, symlinkSync } from "node:fs";
import net, { type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { PseudoTerminal } from "../../../src/emulation/pseudo-terminal.ts";
import { defineFields } from "../../../src/samples/decoding/fields.ts";
import { createFrameEncoder } from "../../../src/samples/decoding/frames.ts";
import { openDevice } from "../daemon.ts";

/** A way into a daemon. */
export interface Wire {
  /** The keys of `source`. */
  source: object;
  /** Before a process starts: the device starts over, as what the one before did not read is lost with it. */
  begin(): void;
  /** Sends rows, the first of them with the given index from 0, to a process that reads. */
  send(rows: readonly (readonly number[])[], first: number, child: ChildProcess): Promise<void>;
  close(): void;
}

/** A column that is not a number is left empty. */
const lineOf = (row: readonly number[]) =>
  `${row.map((value) => (Number.isNaN(value) ? "" : value)).join(",")}\n`;
const linesOf = (rows: readonly (readonly number[])[]) => rows.map(lineOf).join("");

const fields = ["a", "b", "at", "label"];
/** Indices of the fields that are learned from: not that of the time. */
export const learnedColumns = [0, 1, 3];
const time = { column: "at", unit: "ms" };

export function standardInputWire(): Wire {
  return {
    source: { stdin: true, framing: "lines", fields, time },
    begin() {},
    async send(rows, _, child) {
      child.stdin?.write(linesOf(rows));
    },
    close() {},
  };
}

export async function tcpWire(): Promise<Wire> {
  let peer: net.Socket | null = null;
  const server = net.createServer((socket) => {
    peer = socket;
    socket.on("error", () => {});
    // Whoever joins a device that sends drops what may be the rest of a line.
    socket.write("\n");
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return {
    source: { tcp: { host: "127.0.0.1", port }, framing: "lines", fields, time },
    begin() {
      peer?.destroy();
      peer = null;
    },
    async send(rows, _, child) {
      while (peer === null && child.exitCode === null && child.signalCode === null) await pause(1);
      peer?.write(linesOf(rows));
    },
    close() {
      peer?.destroy();
      server.close();
    },
  };
}

export function serialWire(folder: string): Wire {
  const path = join(folder, "port");
  // Frames have a clock of their own.
  const sent = learnedColumns.map((column) => ({ name: fields[column], type: "f64" as const }));
  const encoder = createFrameEncoder(defineFields(sent));
  let device: PseudoTerminal | null = null;
  return {
    source: { serial: { path }, fields: sent },
    begin() {
      device?.close();
      device = openDevice();
      // Ends what may be the rest of a frame.
      device.write(Uint8Array.of(0));
      rmSync(path, { force: true });
      symlinkSync(device.path, path);
    },
    async send(rows, first, child) {
      const bytes = new Uint8Array(rows.length * encoder.maximumBytes);
      let end = 0;
      for (const [index, row] of rows.entries()) {
        const values = learnedColumns.map((column) => row[column]);
        end = encoder.encode(values, first + index, 1000 * (first + index), bytes, end);
      }
      for (let at = 0; at < end && child.exitCode === null && child.signalCode === null; ) {
        const taken = device?.write(bytes.subarray(at, end)) ?? 0;
        at += taken;
        if (taken === 0) await pause(1);
      }
    },
    close: () => device?.close(),
  };
}
