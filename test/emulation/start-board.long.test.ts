import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, existsSync, openSync, readlinkSync, readSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { SerialPort } from "serialport";
import { expect, onTestFinished, test } from "vitest";
import { demoFirmware } from "../../src/emulation/demo-firmware.ts";
import { type BoardOptions, startBoard } from "../../src/emulation/start-board.ts";
import { createSerialSource } from "../../src/samples/sources/serial.ts";
import type { SourceState } from "../../src/samples/sources/source.ts";
import { builtModule, folderWith } from "../rivulet.ts";
import { until } from "../until.ts";
import { assertComplete, decodeStream } from "./frames.ts";

async function pump(options: BoardOptions = {}) {
  const board = await startBoard(demoFirmware.path, options);
  onTestFinished(async () => {
    await board.close();
  });
  return board;
}

/** Resolves to whether the port opened; not when another has it. */
function opens(port: SerialPort): Promise<boolean> {
  return new Promise((resolve, reject) =>
    port.open((error) => {
      if (error && !error.message.includes("Cannot lock port")) reject(error);
      else resolve(!error);
    }),
  );
}

/** Opens a port; what comes in gathers from the call of `listen`. */
async function open(path: string) {
  const port = new SerialPort({ path, baudRate: demoFirmware.baudRate, autoOpen: false });
  const chunks: Buffer[] = [];
  // A serialport that has closed holds its lock until a read that was under way in another thread has ended.
  await until(() => opens(port));
  const close = () => new Promise<void>((resolve) => (port.isOpen ? port.close(() => resolve()) : resolve()));
  onTestFinished(close);
  return {
    port,
    close,
    listen: () => port.on("data", (chunk: Buffer) => chunks.push(chunk)),
    received: () => Buffer.concat(chunks),
    length: () => chunks.reduce((sum, chunk) => sum + chunk.length, 0),
  };
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch {
    return false;
  }
}

test("sends every frame from the first on through a serial port, in real time", async () => {
  const board = await pump({ seconds: 2 });
  const host = await open(board.path);
  host.listen();
  const report = await board.stopped;
  await until(() => host.length() >= report.bytesSent);
  const frames = decodeStream(host.received());
  assertComplete(frames);
  expect(frames).toHaveLength(2 * demoFirmware.samplesPerSecond - 1);
  expect(report).toEqual({
    milliseconds: 2000,
    bytesSent: host.length(),
    bytesDropped: 0,
    bytesUnheard: 0,
  });
});

test("switches its LED on and off at the host's command", async () => {
  const changes: boolean[] = [];
  const board = await pump({ onLed: (on) => changes.push(on) });
  const host = await open(board.path);
  host.listen();
  await until(() => host.length() > 0);
  host.port.write("1");
  await until(() => changes.length === 1);
  host.port.write("0");
  await until(() => changes.length === 2);
  expect(changes).toEqual([true, false]);
});

test("stands still while the host does not keep up, and loses nothing", async () => {
  const board = await pump({ speed: 50, seconds: 20 });
  const host = openSync(board.path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  onTestFinished(() => closeSync(host));
  // At most 100 kB a second are read of 260 that are sent: the 20 kB that the kernel keeps fill up at once.
  const stream = new Uint8Array(1 << 17);
  let length = 0;
  let bytesSent = Number.POSITIVE_INFINITY;
  void board.stopped.then((report) => {
    bytesSent = report.bytesSent;
  });
  await until(() => {
    try {
      length += readSync(host, stream, length, 500, null);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
    return length >= bytesSent;
  });
  const frames = decodeStream(stream.subarray(0, length));
  assertComplete(frames);
  expect(await board.close()).toMatchObject({ bytesSent: length, bytesDropped: 0, bytesUnheard: 0 });
  expect(frames).toHaveLength(20 * demoFirmware.samplesPerSecond - 1);
});

test("drops and counts what the host does not read when told to be like a UART", async () => {
  const board = await pump({ speed: 50, seconds: 20, overflow: "drop" });
  await open(board.path);
  const report = await board.stopped;
  expect(report.milliseconds).toBe(20_000);
  expect(report.bytesDropped).toBeGreaterThan(50_000);
  expect(report.bytesSent + report.bytesDropped).toBeGreaterThan(
    19 * demoFirmware.samplesPerSecond * demoFirmware.bytesPerSample,
  );
});

test("goes on unheard while the port is closed and is heard again afterwards", async () => {
  const board = await pump({ speed: 10 });
  const first = await open(board.path);
  first.listen();
  await until(() => first.length() > 1000);
  await first.close();
  const second = await open(board.path);
  second.listen();
  await until(() => second.length() > 1000);
  expect((await board.close())?.bytesSent).toBeGreaterThan(2000);
});

// Through our own source: serialport's reader may spin for ever when a device goes away while it reads.
test("hangs the port up and is gone when it is closed", async () => {
  const board = await pump();
  const states: SourceState[] = [];
  const { path } = board;
  const onState = (state: SourceState) => states.push(state);
  const host = createSerialSource({ port: path, baudRate: demoFirmware.baudRate, onState });
  onTestFinished(() => host.close());
  await host.open(() => {});
  await until(() => host.counts.bytes > 0);
  const report = await board.close();
  await until(() => states.includes("waiting"));
  expect(report?.bytesSent).toBeGreaterThan(0);
  expect(isAlive(board.processId)).toBe(false);
});

test("dies with a parent that is killed", async () => {
  const program = join(folderWith(), "parent.mts");
  const source = (name: string) =>
    JSON.stringify(new URL(`../../src/emulation/${name}`, import.meta.url).href);
  writeFileSync(
    program,
    `import { startBoard } from ${source("start-board.ts")};
     import { demoFirmware } from ${source("demo-firmware.ts")};
     const board = await startBoard(demoFirmware.path);
     console.log(board.processId);`,
  );
  const parent = spawn(process.execPath, ["--import", "tsx", program], {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(createInterface({ input: parent.stdout }), "line");
  const processId = Number(line);
  expect(isAlive(processId)).toBe(true);
  parent.kill("SIGKILL");
  await until(() => !isAlive(processId));
});

test("starts from the built package as well", async () => {
  const built = builtModule("emulation/start-board.js");
  const program = `
    const { startBoard } = await import(${JSON.stringify(built)});
    const board = await startBoard(${JSON.stringify(demoFirmware.path)});
    console.log(board.path);
    await board.close();`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (text) => {
    output += text;
  });
  const [code] = await once(child, "close");
  expect(code).toBe(0);
  expect(output).toMatch(/^\/dev\//);
});

test("keeps a link to its port for as long as it lives", async () => {
  const link = join(folderWith(), "port");
  const board = await pump({ link });
  expect(readlinkSync(link)).toBe(board.path);
  await board.close();
  expect(existsSync(link)).toBe(false);
});

test("refuses to replace a file by its link", async () => {
  const link = join(folderWith(), "data.csv");
  writeFileSync(link, "precious");
  await expect(startBoard(demoFirmware.path, { link })).rejects.toThrow(
    /data\.csv exists and is not a link to a pseudo-terminal/,
  );
  expect(existsSync(link)).toBe(true);
});

test("says in a sentence why it does not start", async () => {
  await expect(startBoard("/nowhere/pump.hex")).rejects.toThrow(
    "the emulated board did not start: the firmware /nowhere/pump.hex cannot be read: there is no such file; give the path of an Intel HEX file",
  );
  await expect(startBoard(demoFirmware.path, { speed: -1 })).rejects.toThrow(
    '--speed is "-1", expected a number above 0',
  );
});
