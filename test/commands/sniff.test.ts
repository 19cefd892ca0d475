import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { SerialPort } from "serialport";
import { afterAll, describe, expect, test } from "vitest";
import { listenToPort } from "../../src/commands/sniff/listen.ts";
import { loadConfig } from "../../src/config/config.ts";
import { demoFirmware } from "../../src/emulation/demo-firmware.ts";
import { openPseudoTerminal, type PseudoTerminal } from "../../src/emulation/pseudo-terminal.ts";
import { startBoard } from "../../src/emulation/start-board.ts";
import { cli, folderWith, rivulet, startRivulet } from "../rivulet.ts";
import { frame } from "../samples/streams.ts";

/** What is to be put away after the last test; tests run side by side. */
const cleanups: (() => unknown)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups) await cleanup();
});

function silentDevice(): PseudoTerminal {
  const terminal = openPseudoTerminal();
  cleanups.push(() => terminal.close());
  return terminal;
}

/** A device that sends `piece(0)`, `piece(1)` ... every 10 ms while somebody listens; it starts over when the port is opened. */
function device(piece: (index: number) => string | Uint8Array): { path: string; unplug(): void } {
  const terminal = silentDevice();
  const buffer = Buffer.alloc(64);
  let index = 0;
  const timer = setInterval(() => {
    if (terminal.read(buffer) >= 0) terminal.write(Buffer.from(piece(index++)));
    else index = 0;
  }, 10);
  const unplug = () => {
    clearInterval(timer);
    terminal.close();
  };
  cleanups.push(unplug);
  return { path: terminal.path, unplug };
}

/** What sniff found, and that its config is one that `rivulet run` takes. */
async function sniff(words: string[]) {
  const outcome = await rivulet(["sniff", ...words, "--json"]);
  expect([outcome.code, outcome.stderr]).toEqual([0, ""]);
  return read(outcome.stdout);
}

/** The same at a port. On a busy machine a device sends too little in two seconds: then it is heard for longer. */
async function sniffPort(path: string, ...words: string[]) {
  for (let seconds = 2; ; seconds *= 4) {
    const outcome = await rivulet(["sniff", path, "--seconds", `${seconds}`, ...words, "--json"]);
    const isLast = seconds > 100;
    if (isLast) expect([outcome.code, outcome.stderr]).toEqual([0, ""]);
    if (isLast || (outcome.code === 0 && JSON.parse(outcome.stdout).samples >= 50))
      return read(outcome.stdout);
  }
}

function read(stdout: string) {
  const found = JSON.parse(stdout);
  // Of columns that only rise none is proposed, and the user has to name one.
  const named = `target: { column: ${JSON.stringify(found.fields[0].name)} }`;
  const text = found.config.replace("# target: { column: NAME }", named);
  const config = loadConfig(join(folderWith({ "sniffed.yaml": text }), "sniffed.yaml"));
  return { found, config };
}

const value = (index: number) => (20 + Math.sin(index)).toFixed(2);

describe.concurrent("sniff recognizes on a port", () => {
  test.each<[string, (index: number) => string, object, { fields: string[]; target: object }]>([
    [
      "lines with commas",
      (i) => `${value(i)},${i / 4},${i % 3}\r\n`,
      { kind: "commas", namedBy: null },
      { fields: ["field1", "field3"], target: { column: "field3", classes: 3 } },
    ],
    [
      "a header line",
      (i) => (i === 0 ? "temperature;label;flow\n" : `${value(i)};${i % 2};${(i % 7) / 4}\n`),
      { kind: "semicolons", namedBy: "header" },
      { fields: ["temperature", "label", "flow"], target: { column: "label", classes: 2 } },
    ],
    [
      "JSON",
      (i) => `{"id":"p7","temperature":${value(i)},"on":${i % 2 === 0}}\n`,
      { kind: "JSON objects", passedOver: ["id"] },
      { fields: ["temperature", "on"], target: { column: "on", classes: 2, names: ["false", "true"] } },
    ],
    [
      "the serial plotter's pairs",
      (i) => `temp:${value(i)}\thum: ${40 + (i % 9) / 8}\r\n`,
      { kind: "name:value pairs" },
      { fields: ["temp", "hum"], target: { column: "hum", standardize: true } },
    ],
  ])("%s", async (_, piece, expected, { fields, target }) => {
    const { path } = device(piece);
    const { found, config } = await sniffPort(path);
    expect(found).toMatchObject({ framing: "lines", baudRate: 115_200, ...expected });
    // How many, recognize.test.ts shows by a clock of its own: a busy machine sends less often than asked.
    expect(found.samplesPerSecond).toBeGreaterThan(0);
    expect(config.source.serial).toMatchObject({ port: path, baudRate: 115_200 });
    expect(config.source.fields?.map(({ name }) => name)).toEqual(fields);
    expect(config.target).toEqual(target);
  });

  test.each([16, 32] as const)("frames with CRC-%i, with gaps", async (crc) => {
    const { path } = device((index) => (index % 10 === 9 ? "" : frame(index, { crc })));
    const { found, config } = await sniffPort(path, "--baud", "9600");
    expect(found).toMatchObject({ framing: "frames", crc, payloadBytes: 6, baudRate: 9600 });
    expect(found.counts.missing).toBeGreaterThan(0);
    expect(config.source.crc).toBe(crc);
    expect(config.source.fields?.map(({ type }) => type)).toEqual(["i16", "f32"]);
  });

  test("the emulated board", async () => {
    const board = await startBoard(demoFirmware.path);
    cleanups.push(() => board.close());
    const { found, config } = await sniffPort(board.path);
    expect(found).toMatchObject({ framing: "frames", crc: 16, payloadBytes: 9 });
    expect(found.samplesPerSecond).toBeGreaterThan(0);
    expect(config.source.fields?.map(({ type }) => type)).toEqual(["i16", "i16", "i16", "i16", "u8"]);
    expect(config.target).toEqual({ column: "field5", classes: 3 });
  });

  test("what run then learns from, with the config as it was printed", async () => {
    const { path } = device((i) => `{"ready":1}\ntemp:${value(i)} label:${i % 2}\n`);
    const { found } = await sniffPort(path);
    const cwd = folderWith({ "sniffed.yaml": found.config });
    const run = startRivulet(["run", "sniffed.yaml", "--status-every", "1s", "--json"], { cwd });
    const { damaged } = await run.event("status", ({ samples }) => samples > 20);
    expect(damaged).toBeGreaterThan(20);
    run.process.kill("SIGTERM");
    expect((await run.ended).code).toBe(0);
  });

  test("what comes after bytes of a wrong rate, and tries the other rates meanwhile", async () => {
    let begin = 0;
    const { path } = device((index) => {
      begin ||= performance.now();
      return performance.now() - begin < 2000
        ? Uint8Array.of(0x80, 0xf3, 0x9c, 0xfe, 7, 0xc1)
        : `${value(index)},1\n`;
    });
    const { found } = await sniff([path, "--seconds", "2", "--baud", "9600,57600,115200"]);
    expect(found.framing).toBe("lines");
    expect(found.baudRate).not.toBe(9600);
  });
});

describe.concurrent("sniff reads", () => {
  test("a file, whose output is a config with the findings above it", async () => {
    const { stdout } = await rivulet(["sniff", "devices/examples/pump.csv"]);
    const named = await rivulet(["sniff", "file:devices/examples/pump.csv"]);
    expect(named.stdout).toBe(stdout);
    expect(stdout).toMatch(
      /^# source +devices\/examples\/pump.csv\n# framing +lines of commas, names from a header line\n/,
    );
    const config = loadConfig(join(folderWith({ "pump.yaml": stdout }), "pump.yaml"));
    expect(config.source.fields?.map(({ name }) => name)).toContain("vibration");
    expect(config.target).toEqual({ column: "label", classes: 3 });
  });

  test("a recording of frames", async () => {
    const folder = folderWith();
    writeFileSync(join(folder, "frames"), Buffer.concat(Array.from({ length: 30 }, (_, i) => frame(i))));
    const { found } = await sniff([join(folder, "frames")]);
    expect(found).toMatchObject({ framing: "frames", samples: 30, baudRate: null, samplesPerSecond: 100 });
  });

  test("standard input, also where the last line has no end", async () => {
    const found = JSON.parse(
      execFileSync(process.execPath, [cli, "sniff", "-", "--json"], {
        input: "x y\n1 2\n3 4\n5 6",
        encoding: "utf8",
      }),
    );
    expect(found).toMatchObject({ kind: "blanks", namedBy: "header", samples: 3 });
  });

  test("names that YAML would take for something else", async () => {
    const names = ["on", "Wärme °C", "#1", "a: b", "null", "- x", "{y}", "it's"];
    const line = JSON.stringify(Object.fromEntries(names.map((name, index) => [name, index + 0.5])));
    const cwd = folderWith({ "names.txt": `${line}\n`.repeat(5) });
    const { config } = await sniff([join(cwd, "names.txt")]);
    expect(config.source.fields?.map(({ name }) => name)).toEqual(names);
  });
});

describe.concurrent("sniff says in one sentence", () => {
  async function complaint(words: string[], cwd?: string): Promise<string> {
    const { code, stderr, stdout } = await rivulet(["sniff", ...words], { cwd });
    expect(stdout).toBe("");
    expect(code).toBe(1);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    return stderr;
  }

  test("that a port is silent", async () => {
    expect(await complaint([silentDevice().path, "--seconds", "1"])).toContain(
      "is silent, no byte came in 1 s; check that",
    );
  });

  test("that a port is not there", async () => {
    expect(await complaint(["/dev/ttyUSB99"])).toContain("there is no serial port /dev/ttyUSB99");
    expect(await complaint(["recording.txt"])).toContain("recording.txt is neither a file nor a serial port");
  });

  test("that a port is in use", async () => {
    const terminal = silentDevice();
    const holder = new SerialPort({ path: terminal.path, baudRate: 9600, autoOpen: false });
    await new Promise<void>((resolve, reject) => holder.open((error) => (error ? reject(error) : resolve())));
    cleanups.push(() => new Promise((resolve) => holder.close(resolve)));
    expect(await complaint([terminal.path])).toContain("is in use by another program");
  });

  test("what it heard where it recognizes nothing", async () => {
    const { path } = device(() => Uint8Array.of(0x80, 0xf3, 0x9c, 0xfe, 7, 0xc1));
    let sentence = "";
    // On a busy machine too little of it comes in a second to tell how much a second.
    for (let seconds = 1; seconds < 100 && !sentence.includes(" a second"); seconds *= 4)
      sentence = await complaint([path, "--seconds", `${seconds}`, "--baud", "9600,38400"]);
    expect(sentence).toMatch(
      /found nothing known in \d+ bytes \(\d+ a second\) from \S+ at (9600|38400) baud, 0 % of them printable/,
    );
    expect(sentence).toMatch(
      /that begin with 80 f3 9c.* as at a wrong baud rate.*9600, 38400 were tried: give the device's rate with --baud/,
    );
  });

  test("that a clock alone makes no config, with nothing on standard output", async () => {
    const cwd = folderWith({
      "clock.txt": Array.from({ length: 20 }, (_, i) => `{"millis":${1000 * i}}\n`).join(""),
    });
    expect(await complaint(["clock.txt"], cwd)).toMatch(
      /without a value to learn from: column 1 holds clock/,
    );
  });

  test.each([
    ["print without numbers", "hello\n".repeat(50), "begin with 68 65"],
    [
      "print without numbers",
      "hello\n".repeat(50),
      '("hello\\nhello\\nhello\\nhello\\nhello\\nhe"); let the device print one line',
    ],
    [
      "lines of several kinds",
      '{"a":1}\n{"b":2}\n{"c":3}\n'.repeat(20),
      "none of their names (a, b, c) has a number in every line",
    ],
    ["too little to tell", "1,2\n", "that is too little to recognize; give more of what the device sends"],
  ])("what to do about %s", async (_, text, advice) => {
    expect(await complaint(["x.txt"], folderWith({ "x.txt": text }))).toContain(advice);
  });

  test("that a file is empty, or a folder", async () => {
    const cwd = folderWith({ "empty.txt": "" });
    expect(await complaint(["empty.txt"], cwd)).toContain("empty.txt is empty");
    expect(await complaint(["."], cwd)).toContain(". is a folder, not a serial port");
  });

  test("that baud rates are no numbers", async () => {
    const { code, stderr } = await rivulet(["sniff", "/dev/ttyUSB99", "--baud", "fast"]);
    expect([code, stderr]).toEqual([
      2,
      'rivulet: --baud must be whole numbers with commas between them, such as 9600,115200, found "fast"\n',
    ]);
  });
});

// In this process, and by itself: another one would inherit the device's end and keep it alive.
test("sniff says that a port went away", async () => {
  const { path, unplug } = device((index) => {
    if (index === 20) setImmediate(unplug);
    return "12,13\n";
  });
  await expect(listenToPort(path, [9600], 300, () => {})).rejects.toThrow(
    /^the serial port \S+ failed while reading/,
  );
});
