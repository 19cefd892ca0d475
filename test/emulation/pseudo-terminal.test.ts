import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { SerialPort } from "serialport";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  openByPackage,
  openByPerl,
  openPseudoTerminal,
  type PseudoTerminal,
} from "../../src/emulation/pseudo-terminal.ts";
import { until } from "../until.ts";

const everyByte = Uint8Array.from({ length: 256 }, (_, value) => value);

/** Opens the host's end as any program might, without setting anything. */
function openPlainly(path: string): number {
  const descriptor = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  onTestFinished(() => closeSync(descriptor));
  return descriptor;
}

async function openSerialPort(path: string): Promise<{ port: SerialPort; received: number[] }> {
  const port = new SerialPort({ path, baudRate: 115200, autoOpen: false });
  const received: number[] = [];
  port.on("data", (chunk: Buffer) => received.push(...chunk));
  await new Promise<void>((resolve, reject) => port.open((error) => (error ? reject(error) : resolve())));
  onTestFinished(async () => {
    if (port.isOpen) await new Promise<void>((resolve) => port.close(() => resolve()));
  });
  return { port, received };
}

/** Whatever has arrived from the host by the time `expected` bytes have. */
async function readFrom(terminal: PseudoTerminal, expected: number): Promise<number[]> {
  const bytes: number[] = [];
  const buffer = new Uint8Array(100);
  await until(() => {
    const count = terminal.read(buffer);
    if (count > 0) bytes.push(...buffer.subarray(0, count));
    return bytes.length >= expected;
  });
  return bytes;
}

describe.each([
  ["by the package", openByPackage],
  ["by perl", openByPerl],
])("a pseudo-terminal opened %s", (_, opener) => {
  const open = () => {
    const terminal = openPseudoTerminal([opener]);
    onTestFinished(() => terminal.close());
    return terminal;
  };

  test("carries all 256 byte values to the host unchanged", async () => {
    const terminal = open();
    const { received } = await openSerialPort(terminal.path);
    expect(terminal.write(everyByte)).toBe(256);
    await until(() => received.length >= 256);
    expect(Uint8Array.from(received)).toEqual(everyByte);
  });

  test("carries all 256 byte values from the host unchanged", async () => {
    const terminal = open();
    const { port } = await openSerialPort(terminal.path);
    port.write(everyByte);
    expect(Uint8Array.from(await readFrom(terminal, 256))).toEqual(everyByte);
  });

  test("is raw for a program that sets nothing up", async () => {
    const terminal = open();
    const host = openPlainly(terminal.path);
    terminal.write(everyByte);
    const received = new Uint8Array(300);
    let count = 0;
    await until(() => {
      try {
        count += readSync(host, received, count, received.length - count, null);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      }
      return count >= 256;
    });
    expect(received.subarray(0, count)).toEqual(everyByte);
    writeSync(host, everyByte);
    // Nothing before these bytes either: no echo of what the device has sent.
    expect(Uint8Array.from(await readFrom(terminal, 256))).toEqual(everyByte);
  });

  test("tells whether the host has its port open", async () => {
    const terminal = open();
    const buffer = new Uint8Array(10);
    expect(terminal.read(buffer)).toBe(-1);
    const { port } = await openSerialPort(terminal.path);
    expect(terminal.read(buffer)).toBe(0);
    await new Promise<void>((resolve) => port.close(() => resolve()));
    expect(terminal.read(buffer)).toBe(-1);
  });

  test("hangs the host's port up when it closes", () => {
    const terminal = open();
    const host = openPlainly(terminal.path);
    terminal.close();
    // End of file: what every reader of a port takes for a device that went away.
    expect(readSync(host, new Uint8Array(1))).toBe(0);
  });

  test("never waits for a host that does not read, and loses nothing that it took", async () => {
    const terminal = open();
    const host = openPlainly(terminal.path);
    const chunk = Uint8Array.from({ length: 1009 }, (_, index) => index % 251);
    let taken = 0;
    for (let count = -1; count !== 0; taken += count) count = terminal.write(chunk.subarray(taken % 1009));
    expect(taken).toBeGreaterThan(4000);
    const buffer = new Uint8Array(65536);
    let count = 0;
    await until(() => {
      try {
        count += readSync(host, buffer, count, buffer.length - count, null);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      }
      return count >= taken;
    });
    expect(count).toBe(taken);
    for (let i = 0; i < count; i++) expect(buffer[i]).toBe((i % 1009) % 251);
  });

  test("may be closed twice", () => {
    const terminal = open();
    terminal.close();
    expect(() => terminal.close()).not.toThrow();
  });
});

test("a machine without any way to a pseudo-terminal gets a sentence with every reason", () => {
  const missing = () => {
    throw new Error("no such package");
  };
  const forbidden = () => {
    throw new Error("no perl");
  };
  expect(() => openPseudoTerminal([missing, forbidden])).toThrow(
    /^no pseudo-terminal can be opened on .* \(no such package; no perl\); install/,
  );
});

test("the second way is taken when the first fails", () => {
  const missing = () => {
    throw new Error("no such package");
  };
  const terminal = openPseudoTerminal([missing, openByPerl]);
  terminal.close();
  expect(terminal.path).toMatch(/^\/dev\/pts\/\d+$/);
});
