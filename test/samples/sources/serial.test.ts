import { execFile } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { SerialPort } from "serialport";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { openPseudoTerminal, type PseudoTerminal } from "../../../src/emulation/pseudo-terminal.ts";
import { createFrameDecoder, createFrameEncoder } from "../../../src/samples/decoding/frames.ts";
import { createLineDecoder } from "../../../src/samples/decoding/lines.ts";
import { SampleRing } from "../../../src/samples/ring.ts";
import { createSerialSource, type SerialOptions } from "../../../src/samples/sources/serial.ts";
import type { BindingPort } from "../../../src/samples/sources/serial-bindings.ts";
import type { Source, SourceState } from "../../../src/samples/sources/source.ts";
import { until } from "../../until.ts";
import { fewFields, frame, frames, takeIndices } from "../streams.ts";

/** At this rate no line is too slow: only a device that does not read stands in the way. */
const fastReopening = 4_000_000;

/**
 * A terminal under a name that goes with it, as that of a device does: the kernel gives the number of a closed terminal
 * to the next that anybody opens, which a source that looks for its port must not find.
 */
function openTerminal(): PseudoTerminal {
  const terminal = openPseudoTerminal();
  const folder = mkdtempSync(join(tmpdir(), "rivulet-serial-"));
  const path = join(folder, "port");
  symlinkSync(terminal.path, path);
  const close = () => {
    rmSync(folder, { recursive: true, force: true });
    terminal.close();
  };
  onTestFinished(close);
  return { ...terminal, path, close };
}

/** A name that stays while the device behind it changes, as udev makes them. */
function stableName() {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-serial-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "port");
  return {
    path,
    pointTo: (target: string) => symlinkSync(target, path),
    remove: () => unlinkSync(path),
  };
}

/** A source that reconnects quickly, with what it told. */
function serial(options: Partial<SerialOptions> & Pick<SerialOptions, "port">) {
  const told: [SourceState, string][] = [];
  const source = createSerialSource({
    baudRate: 115200,
    reopenAfterMs: 5,
    reopenCeilingMs: 20,
    onState: (state, sentence) => told.push([state, sentence]),
    ...options,
  });
  onTestFinished(() => source.close());
  return { source, told, states: () => told.map(([state]) => state) };
}

/** A source with a frame decoder behind it, wired as the daemon does. */
function frameReceiver(path: string, options: Partial<SerialOptions> = {}) {
  const ring = new SampleRing(2, 200_000, "drop-oldest");
  const decoder = createFrameDecoder(fewFields, ring);
  const wired = serial({ port: path, onReconnect: () => decoder.reset(), ...options });
  const open = () => wired.source.open((chunk, end) => void decoder.decode(chunk, 0, end, Date.now()));
  return { ...wired, ring, decoder, open };
}

/** Writes all of it, as fast as the host reads. */
async function send(terminal: PseudoTerminal, bytes: Uint8Array): Promise<void> {
  let sent = 0;
  while (sent < bytes.length) {
    sent += terminal.write(bytes.subarray(sent, sent + 4096));
    await new Promise(setImmediate);
  }
}

function listen(source: Source): { bytes: number[]; opened: Promise<void> } {
  const bytes: number[] = [];
  return { bytes, opened: source.open((chunk, end) => bytes.push(...chunk.subarray(0, end))) };
}

describe("frames over a real pseudo-terminal", () => {
  test("a hundred thousand arrive with none lost", async () => {
    const terminal = openTerminal();
    const { source, decoder, ring, open } = frameReceiver(terminal.path);
    await open();
    const encoder = createFrameEncoder(fewFields);
    const batch = new Uint8Array(1000 * encoder.maximumBytes);
    for (let first = 0; first < 100_000; first += 1000) {
      let end = 0;
      for (let index = first; index < first + 1000; index++) {
        end = encoder.encode([index % 300, index], index, index, batch, end);
      }
      await send(terminal, batch.subarray(0, end));
    }
    await until(() => decoder.counts.samples >= 100_000);
    expect(decoder.counts).toMatchObject({
      samples: 100_000,
      damaged: 0,
      missing: 0,
      duplicates: 0,
      restarts: 0,
    });
    expect(takeIndices(ring).every((index, position) => index === position)).toBe(true);
    expect(source.counts).toMatchObject({ opens: 1, losses: 0, bytes: decoder.counts.bytes });
  });

  test("garbage, damage and a cut-off frame are counted and the next good frame is read", async () => {
    const terminal = openTerminal();
    const { decoder, ring, open } = frameReceiver(terminal.path);
    await open();
    const flipped = Buffer.from(frame(2));
    flipped[5] ^= 0x10;
    await send(
      terminal,
      Buffer.concat([
        Buffer.from("garbage\0"),
        frames(0, 1),
        flipped,
        frame(3),
        frame(4).subarray(0, 8),
        Buffer.of(0),
        frames(5, 6),
      ]),
    );
    await until(() => decoder.counts.samples >= 5);
    expect(takeIndices(ring)).toEqual([0, 1, 3, 5, 6]);
    expect(decoder.counts).toMatchObject({ damaged: 3, missing: 2 });
  });

  test("go on after the device vanished and came back under the same name", async () => {
    const name = stableName();
    const first = openTerminal();
    name.pointTo(first.path);
    const { source, decoder, ring, open, told, states } = frameReceiver(name.path);
    await open();
    await send(first, Buffer.concat([frames(0, 4), frame(5).subarray(0, 6)]));
    await until(() => decoder.counts.bytes >= frames(0, 4).length + 6);

    name.remove();
    first.close();
    await until(() => states().at(-1) === "waiting" && source.counts.failures >= 3);
    const second = openTerminal();
    name.pointTo(second.path);
    await until(() => states().at(-1) === "open");
    // The device went on counting while nobody listened; after that one frame is lost on the line.
    await send(second, Buffer.concat([frames(3000, 3001), frames(3003, 3004)]));
    await until(() => decoder.counts.samples >= 9);

    expect(takeIndices(ring)).toEqual([0, 1, 2, 3, 4, 3000, 3001, 3003, 3004]);
    expect(decoder.counts).toMatchObject({ missing: 1, damaged: 1, restarts: 0 });
    expect(source.counts).toMatchObject({ opens: 2, losses: 1 });
    expect(told).toEqual([
      ["opening", `opening the serial port ${name.path}`],
      ["open", `the serial port ${name.path} is open at 115200 baud`],
      ["waiting", `the serial port ${name.path} vanished; waiting to reopen it`],
      ["open", `the serial port ${name.path} is open at 115200 baud`],
    ]);
  });

  test("go on after many disconnections", async () => {
    const name = stableName();
    const { source, decoder, ring, open, states } = frameReceiver(name.path, { waitForPort: true });
    await open();
    for (let turn = 0; turn < 10; turn++) {
      const terminal = openTerminal();
      name.pointTo(terminal.path);
      await until(() => states().at(-1) === "open");
      await send(terminal, frame(turn));
      await until(() => decoder.counts.samples > turn);
      name.remove();
      terminal.close();
      await until(() => states().at(-1) === "waiting");
    }
    expect(takeIndices(ring)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(source.counts).toMatchObject({ opens: 10, losses: 10 });
  });
});

test("lines over a real pseudo-terminal are read, the half one at the start left out", async () => {
  const terminal = openTerminal();
  const ring = new SampleRing(2, 10, "drop-oldest");
  const decoder = createLineDecoder(fewFields, ring);
  const { source } = serial({ port: terminal.path });
  await source.open((chunk, end) => void decoder.decode(chunk, 0, end, 0));
  await send(terminal, Buffer.from("1,2\r\n2150,0.25\r\n2160,0.5\r\n"));
  await until(() => decoder.counts.samples >= 2);
  expect(decoder.counts).toMatchObject({ samples: 2, skipped: 1 });
  expect(takeIndices(ring)).toEqual([0.25, 0.5]);
});

describe("a port that cannot be opened", () => {
  test("is an error that names it", async () => {
    const { source, states } = serial({ port: "/dev/ttyUSB99" });
    await expect(listen(source).opened).rejects.toMatchObject({
      kind: "missing",
      message: expect.stringContaining("there is no serial port /dev/ttyUSB99"),
    });
    expect(states()).toEqual(["opening", "closed"]);
  });

  test("is waited for when that is wanted, and told once", async () => {
    const name = stableName();
    const { source, told } = serial({ port: name.path, waitForPort: true });
    const { bytes, opened } = listen(source);
    await opened;
    await until(() => told.length >= 2);
    const terminal = openTerminal();
    name.pointTo(terminal.path);
    await until(() => told.length >= 3);
    await send(terminal, Buffer.from("hello"));
    await until(() => bytes.length >= 5);
    expect(told.map(([state, sentence]) => [state, sentence.replace(/;.*;/, ";...;")])).toEqual([
      ["opening", `opening the serial port ${name.path}`],
      ["waiting", `there is no serial port ${name.path};...; retrying until it opens`],
      ["open", `the serial port ${name.path} is open at 115200 baud`],
    ]);
  });

  test("is an error even when waiting is wanted, if it is no serial port", async () => {
    const { source } = serial({ port: "/dev/null", waitForPort: true });
    await expect(listen(source).opened).rejects.toMatchObject({ kind: "unsuitable" });
  });

  test("is said to be busy while another program holds it", async () => {
    const terminal = openTerminal();
    const holder = serial({ port: terminal.path });
    await listen(holder.source).opened;
    const { source } = serial({ port: terminal.path });
    await expect(listen(source).opened).rejects.toMatchObject({
      kind: "busy",
      message: expect.stringContaining(`the serial port ${terminal.path} is in use by another program`),
    });
  });

  test("is opened once the other program lets go", async () => {
    const terminal = openTerminal();
    const holder = serial({ port: terminal.path });
    await listen(holder.source).opened;
    const { source, states } = serial({ port: terminal.path, waitForPort: true });
    await listen(source).opened;
    expect(states()).toEqual(["opening", "waiting"]);
    await holder.source.close();
    await until(() => states().at(-1) === "open");
  });

  test.each([
    [{ baudRate: 0 }, "the baud rate of the serial port /dev/ttyACM0 is 0"],
    [{ baudRate: 9600.5 }, "the baud rate of the serial port /dev/ttyACM0 is 9600.5"],
    [{ port: "" }, "the path of the serial port is empty"],
    [{ silenceMs: 0 }, "silenceMs of the serial port /dev/ttyACM0 is 0"],
    [{ reopenAfterMs: Number.NaN }, "reopenAfterMs of the serial port /dev/ttyACM0 is NaN"],
  ])("for %o is refused before anything is opened", (options, sentence) => {
    expect(() => serial({ port: "/dev/ttyACM0", ...options })).toThrow(sentence);
  });
});

describe("writing", () => {
  test("reaches the device", async () => {
    const terminal = openTerminal();
    const { source } = serial({ port: terminal.path });
    await listen(source).opened;
    const command = Buffer.from("led on\n");
    expect([source.write(command), source.write(command)]).toEqual([true, true]);
    // The bytes were taken over.
    command.fill(0);
    expect(await readFrom(terminal, 14)).toBe("led on\nled on\n");
  });

  test("is dropped while the port is away, and not sent late", async () => {
    const name = stableName();
    const first = openTerminal();
    name.pointTo(first.path);
    const { source, states } = serial({ port: name.path, baudRate: 300 });
    await listen(source).opened;
    // Half a minute of the line, which is over as the port goes.
    expect(source.write(new Uint8Array(1000))).toBe(true);
    name.remove();
    first.close();
    await until(() => states().at(-1) === "waiting");
    expect(source.write(Buffer.from("stale"))).toBe(false);
    const second = openTerminal();
    name.pointTo(second.path);
    await until(() => states().at(-1) === "open");
    source.write(Buffer.from("fresh"));
    expect(await readFrom(second, 5)).toBe("fresh");
    expect(source.counts.droppedWrites).toBe(1);
  });

  test("is dropped when the device does not read, and continues once it reads again", async () => {
    const terminal = openTerminal();
    const { source } = serial({ port: terminal.path, baudRate: fastReopening });
    await listen(source).opened;
    let taken = 0;
    const message = () => Buffer.from(`${String(taken).padStart(99)}\n`);
    while (source.write(message())) taken++;
    expect(source.counts.droppedWrites).toBe(1);
    const lines = (await readFrom(terminal, 100 * taken)).trimEnd().split("\n");
    expect(lines.map(Number)).toEqual([...Array(taken).keys()]);
    await until(() => source.write(message()));
    expect(Number(await readFrom(terminal, 100))).toBe(taken);
  });

  test("does not reach beyond the end that is given", async () => {
    const terminal = openTerminal();
    const { source } = serial({ port: terminal.path });
    await listen(source).opened;
    source.write(Buffer.from("now or later"), 4);
    source.write(Buffer.from("never"), 5);
    expect(await readFrom(terminal, 9)).toBe("now never");
  });

  test("is dropped where the line has no time for it, so that nothing arrives late", async () => {
    const terminal = openTerminal();
    // 0.25 s of 9600 baud are 240 bytes; a tenth is left free.
    const { source } = serial({ port: terminal.path, baudRate: 9600 });
    await listen(source).opened;
    const message = new Uint8Array(70);
    expect([1, 2, 3, 4].map(() => source.write(message))).toEqual([true, true, true, false]);
    expect(source.counts.droppedWrites).toBe(1);
    await until(() => source.write(message));
  });

  test("continues when the clock is set back", async () => {
    const terminal = openTerminal();
    const { source } = serial({ port: terminal.path });
    await listen(source).opened;
    expect(source.write(Buffer.from("before "))).toBe(true);
    const clock = vi.spyOn(Date, "now").mockReturnValue(Date.now() - 3_600_000);
    onTestFinished(() => clock.mockRestore());
    expect(source.write(Buffer.from("after"))).toBe(true);
    expect(await readFrom(terminal, 12)).toBe("before after");
  });

  test("to a port that has just gone is dropped, and shows that it has", async () => {
    const terminal = openTerminal();
    const { source, states } = serial({ port: terminal.path, readEveryMs: 60_000 });
    await listen(source).opened;
    terminal.close();
    expect(source.write(Buffer.from("late"))).toBe(false);
    expect(source.counts).toMatchObject({ droppedWrites: 1, losses: 1 });
    expect(states()).toEqual(["opening", "open", "waiting"]);
  });

  test("of one message that is longer than that goes out on an idle line", async () => {
    const terminal = openTerminal();
    const { source } = serial({ port: terminal.path, baudRate: 300 });
    await listen(source).opened;
    expect(source.write(new Uint8Array(1000).fill(65))).toBe(true);
    expect(await readFrom(terminal, 1000)).toBe("A".repeat(1000));
  });
});

describe("closing", () => {
  test("ends reading for good", async () => {
    const terminal = openTerminal();
    const { source, states } = serial({ port: terminal.path });
    const { bytes, opened } = listen(source);
    await opened;
    await source.close();
    await source.close();
    terminal.write(Buffer.from("late"));
    terminal.close();
    await new Promise(setImmediate);
    expect([bytes, states()]).toEqual([[], ["opening", "open", "closed"]]);
  });

  test("works before opening, and while opening", async () => {
    const terminal = openTerminal();
    const never = serial({ port: terminal.path });
    await never.source.close();
    await expect(listen(never.source).opened).rejects.toThrow("found a second open()");

    const opening = serial({ port: terminal.path });
    const { opened } = listen(opening.source);
    await opening.source.close();
    await opened;
    expect(opening.states().at(-1)).toBe("closed");
    // The port is free again.
    await listen(serial({ port: terminal.path }).source).opened;
  });

  test("works while the device does not read what was written", async () => {
    const terminal = openTerminal();
    const { source, states } = serial({ port: terminal.path, baudRate: fastReopening });
    await listen(source).opened;
    await until(() => source.write(new Uint8Array(4000)) === false);
    await source.close();
    expect(states().at(-1)).toBe("closed");
    // The port is free again.
    await listen(serial({ port: terminal.path }).source).opened;
  });

  test.each(["open", "waiting", "unread"])("lets the process end (%s)", async (situation) => {
    const terminal = openTerminal();
    const path = situation === "waiting" ? join(tmpdir(), "rivulet-no-such-port") : terminal.path;
    const script = fileURLToPath(new URL("./close-serial.ts", import.meta.url));
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--import", "tsx", script, path, situation],
      { timeout: 300_000 },
    );
    expect(stdout.trim().split("\n").at(-1)).toBe("closed");
  });
});

test.each(["silent", "failed"])(
  "a port that has gone (%s) is closed before it is opened again, however long that takes",
  async (fault) => {
    const order: string[] = [];
    const binding = SerialPort.binding as { open(options: object): Promise<BindingPort> };
    const open = binding.open.bind(binding);
    onTestFinished(() => {
      binding.open = open;
    });
    // To read a folder fails, as it does to read a port whose device is gone.
    const folder = openSync(tmpdir(), "r");
    onTestFinished(() => closeSync(folder));
    let breakPort = () => {};
    binding.open = async (options) => {
      order.push("open");
      const port = await open(options);
      const close = port.close.bind(port);
      const { fd } = port as { fd?: number };
      if (fault === "failed") breakPort = () => Object.assign(port, { fd: folder });
      port.close = async () => {
        order.push("close");
        // Many times the delay before the next attempt.
        await new Promise((resolve) => setTimeout(resolve, 60));
        order.push("closed");
        Object.assign(port, { fd });
        await close();
      };
      return port;
    };
    const terminal = openTerminal();
    const silenceMs = fault === "silent" ? 10 : undefined;
    const { source, states } = serial({ port: terminal.path, silenceMs, reopenAfterMs: 1 });
    await listen(source).opened;
    for (let opens = 1; opens < 4; opens++) {
      await until(() => source.counts.opens === opens || fault === "silent");
      breakPort();
      await until(() => source.counts.opens > opens);
    }
    expect(order.slice(0, 9).join(" ")).toBe("open close closed open close closed open close closed");
    // Its own lock would have been in the way.
    expect(source.counts.failures).toBe(0);
    expect(states().filter((state) => state === "open").length).toBe(fault === "silent" ? 1 : 4);
  },
);

test("a fast device is read at once, not once an interval", async () => {
  const terminal = openTerminal();
  const { source } = serial({ port: terminal.path, readEveryMs: 200 });
  let received = 0;
  await source.open((_chunk, end) => {
    received += end;
  });
  // At 4095 bytes every 200 ms this would take 50 seconds.
  await send(terminal, new Uint8Array(1_000_000).fill(7));
  await until(() => received >= 1_000_000);
});

test("a port looks, whether a byte comes or not, and while it is away, so that one that is stuck shows", async () => {
  const name = stableName();
  const terminal = openTerminal();
  name.pointTo(terminal.path);
  const { source, states } = serial({ port: name.path });
  await listen(source).opened;
  const { looks } = source.counts;
  await until(() => source.counts.looks > looks + 2);
  name.remove();
  terminal.close();
  await until(() => states().at(-1) === "waiting");
  const away = { ...source.counts };
  await until(() => source.counts.failures > away.failures + 2);
  expect(source.counts.looks - away.looks).toBe(source.counts.failures - away.failures);
});

test("a port that gave bytes is looked for as often as at first once it vanishes", async () => {
  const name = stableName();
  const terminal = openTerminal();
  let reconnects = 0;
  const { source } = serial({
    ...{ port: name.path, waitForPort: true, reopenCeilingMs: 1_000_000 },
    onReconnect: () => reconnects++,
  });
  const { bytes, opened } = listen(source);
  await opened;
  await until(() => source.counts.failures >= 7);
  name.pointTo(terminal.path);
  await until(() => source.counts.opens === 1);
  terminal.write(Buffer.from("."));
  await until(() => bytes.length === 1);
  expect(reconnects).toBe(0);
  name.remove();
  terminal.close();
  // 5 ms, doubled five times. Doubled on from where it was, this would take more than half a minute.
  const { failures } = source.counts;
  await until(() => source.counts.failures >= failures + 6);
});

test("a port that is never silent for that long stays open", async () => {
  const silenceMs = 1000;
  let longestPause: number;
  do {
    const terminal = openTerminal();
    const { source } = serial({ port: terminal.path, silenceMs });
    await listen(source).opened;
    const began = performance.now();
    let latest = began;
    longestPause = 0;
    await until(() => {
      terminal.write(Buffer.from("."));
      longestPause = Math.max(longestPause, performance.now() - latest);
      latest = performance.now();
      return latest > began + 1.25 * silenceMs;
    });
    if (longestPause < silenceMs / 2) expect(source.counts).toMatchObject({ opens: 1, losses: 0 });
    await source.close();
    // Where the machine itself paused, the device was silent: that tells nothing.
  } while (longestPause >= silenceMs / 2);
});

test("a port that falls silent is opened again, and that is reported once", async () => {
  const terminal = openTerminal();
  const { source, states } = serial({ port: terminal.path, silenceMs: 30 });
  const { bytes, opened } = listen(source);
  await opened;
  await until(() => source.counts.opens >= 4);
  expect(states()).toEqual(["opening", "open", "silent"]);
  await until(() => {
    terminal.write(Buffer.from("."));
    return states().at(-1) === "open";
  });
  expect(bytes.length).toBeGreaterThan(0);
});

test("a device that stays silent is reopened less and less often, until it sends again", async () => {
  const timers = vi.spyOn(globalThis, "setTimeout");
  onTestFinished(() => timers.mockRestore());
  const terminal = openTerminal();
  const { source } = serial({ port: terminal.path, silenceMs: 7, reopenAfterMs: 1, reopenCeilingMs: 2 });
  const { opened } = listen(source);
  await opened;
  await until(() => source.counts.opens >= 4);
  const silences = () => timers.mock.calls.map(([, ms]) => ms ?? 0).filter((ms) => ms % 7 === 0 && ms > 0);
  expect(silences().slice(0, 4)).toEqual([7, 14, 28, 56]);
  const asked = silences().length;
  await until(() => {
    terminal.write(Buffer.from("."));
    return silences().length > asked && silences().includes(7, asked);
  });
});

test("nothing loads serialport until a source is opened", async () => {
  const script = `
    const { createSerialSource } = await import(${JSON.stringify(new URL("../../../src/samples/sources/serial.ts", import.meta.url).href)});
    createSerialSource({ port: "/dev/ttyACM0", baudRate: 9600 });
    const { createRequire } = await import("node:module");
    const loaded = Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes("serialport"));
    console.log(JSON.stringify([loaded, process.report.getReport().sharedObjects.filter((path) => path.endsWith(".node"))]));`;
  const path = join(mkdtempSync(join(tmpdir(), "rivulet-lazy-")), "lazy.mts");
  onTestFinished(() => rmSync(join(path, ".."), { recursive: true }));
  writeFileSync(path, script);
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", path]);
  expect(JSON.parse(stdout)).toEqual([[], []]);
});

/** What the device has heard once it is so many bytes. */
async function readFrom(terminal: PseudoTerminal, bytes: number): Promise<string> {
  let heard = "";
  const buffer = Buffer.alloc(4096);
  await until(() => {
    const count = terminal.read(buffer);
    if (count > 0) heard += buffer.toString("latin1", 0, count);
    return heard.length >= bytes;
  });
  return heard;
}
