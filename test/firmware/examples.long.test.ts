/** The example senders run as far as they can here, and are read with the config that lies beside each. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Config, loadConfig } from "../../src/config/config.ts";
import { type Microcontroller, startMicrocontroller } from "../../src/emulation/microcontroller.ts";
import { defineFields, type Field, type FieldDescription } from "../../src/samples/decoding/fields.ts";
import { createFrameReplies } from "../../src/samples/decoding/frame-replies.ts";
import { createFrameDecoder, createFrameEncoder } from "../../src/samples/decoding/frames.ts";
import { createLineReplies } from "../../src/samples/decoding/line-replies.ts";
import { type ReplyKind, replyAt } from "../../src/samples/decoding/replies.ts";
import { SampleRing } from "../../src/samples/ring.ts";
import { folderWith } from "../rivulet.ts";
import { compile, compileForAvr, firmware, here, needingProgram, runProgram } from "./compile.ts";

const clockStep = 1000;
const ledOn = command(1, 1);
const ledOff = command(0, 2);

/** A config whose fields are named, and so known before anything is read. */
interface Example {
  config: Config;
  fields: Field[];
}

function example(name: string): Example {
  const config = loadConfig(join(firmware, name, `${name}.yaml`));
  const { fields } = config.source;
  if (fields === null) throw new Error(`${name}.yaml names no fields`);
  return { config, fields };
}

/** A command of one u8, as the examples take it. */
function command(value: number, sequence: number): Uint8Array {
  const encoder = createFrameEncoder(defineFields([{ name: "led", type: "u8" }]));
  const target = new Uint8Array(encoder.maximumBytes);
  return target.subarray(0, encoder.encode([value], sequence, 0, target, 0));
}

/** A reply about a class. */
function reply(kind: ReplyKind, klass: number): Uint8Array {
  const encoder = createFrameReplies({ crc: 16 });
  encoder.content[replyAt.class] = klass;
  encoder.content[replyAt.on] = 1;
  encoder.content[replyAt.value] = 0.9;
  return encoder.bytes.subarray(0, encoder.encode(kind));
}

interface Row {
  milliseconds: number;
  values: number[];
}

/** What the daemon would read with a config; throws when anything was damaged or is missing. */
function read({ config, fields }: Example, bytes: Uint8Array): Row[] {
  const ring = new SampleRing(fields.length, 10_000, "pause");
  const decoder = createFrameDecoder(fields, ring, { crc: config.source.crc });
  expect(bytes[0]).toBe(0);
  decoder.decode(bytes, 0, bytes.length, 0);
  expect(decoder.counts).toMatchObject({ damaged: 0, missing: 0, rejected: 0, restarts: 0, duplicates: 0 });
  const rows: Row[] = [];
  for (; ring.length > 0; ring.release()) {
    const slot = ring.front();
    rows.push({
      milliseconds: ring.deviceTimes[ring.frontSlot],
      values: Array.from(ring.values.subarray(slot, slot + fields.length)),
    });
  }
  return rows;
}

/** Compares rows with what the stubs let the sensors read at each moment: raw numbers of two inputs. */
function expectReadings(rows: Row[], fields: Field[], everyMs: number, raw: (now: number) => number[]): void {
  expect(rows.length).toBe(clockStep / everyMs);
  for (const [index, { milliseconds, values }] of rows.entries()) {
    expect(milliseconds).toBe(rows[0].milliseconds + index * everyMs);
    const readings = [...raw(milliseconds), Math.floor(milliseconds / 50) % 2];
    for (const [field, reading] of readings.entries()) {
      expect(values[field]).toBeCloseTo(reading * fields[field].scale + fields[field].offset, 6);
    }
  }
}

test("each example has the config that reads it", () => {
  const examples = readdirSync(firmware, { withFileTypes: true }).filter(
    // Their configs have targets of their own; test/emulation runs them.
    (entry) => entry.isDirectory() && !["motion", "pump", "vibration"].includes(entry.name),
  );
  expect(examples.map(({ name }) => name).sort()).toEqual(["arduino", "avr", "esp32", "micropython", "pico"]);
  for (const { name } of examples) {
    const { config } = example(name);
    expect([config.name, config.source.framing, config.target?.column]).toEqual([name, "frames", "label"]);
  }
});

describe("the avr-libc example on the emulated ATmega328P", () => {
  const start = () => startMicrocontroller(join(firmware, "avr", "avr.hex"));

  /** Sets the voltages of A0 and A1 and the button. */
  function wire(board: Microcontroller, light: number, vibration: number, pressed: boolean): void {
    board.driveAnalog(0, light);
    board.driveAnalog(1, vibration);
    board.drivePin(0, !pressed);
  }

  test("sends what its sensors and its button say, 500 times a second", async () => {
    const board = await start();
    const avr = example("avr");
    const bytes: number[] = [];
    const wired = [
      [1, 4.5, false],
      [0, 5, true],
      [2.5, 0.01, false],
    ] as const;
    for (const [light, vibration, pressed] of wired) {
      wire(board, light, vibration, pressed);
      bytes.push(...board.run(100));
    }
    const rows = read(avr, Uint8Array.from(bytes));
    expect(rows.length).toBe(149);
    for (const [index, { milliseconds, values }] of rows.entries()) {
      expect(milliseconds).toBe(2 * (index + 1));
      const [light, vibration, pressed] = wired[Math.floor((milliseconds - 1) / 100)];
      // The converter has 1024 steps of 4.9 mV and its highest stands for 5 V.
      if (milliseconds % 100 === 0) continue;
      expect(Math.abs(values[0] - light)).toBeLessThan(0.006);
      expect(Math.abs(values[1] - vibration)).toBeLessThan(0.006);
      expect(values[2]).toBe(Number(pressed));
    }
  });

  test("shows the class of whole predictions, and of nothing that is damaged", async () => {
    const board = await start();
    board.run(10);
    const ledAfter = (bytes: Uint8Array) => {
      board.receive(bytes);
      board.run(5);
      return board.pinHigh(5);
    };
    expect(ledAfter(reply("prediction", 1))).toBe(true);
    const none = reply("prediction", 0);
    expect(ledAfter(none.map((byte, at) => (at === 4 ? byte ^ 2 : byte)))).toBe(true);
    expect(ledAfter(none)).toBe(false);
    expect(ledAfter(reply("prediction", 257))).toBe(false);
    expect(ledAfter(Uint8Array.of(7, 7, 7, 0))).toBe(false);
    expect(ledAfter(reply("alarm", 1))).toBe(false);
    expect(ledAfter(ledOn)).toBe(false);
    expect(ledAfter(reply("prediction", 1).subarray(0, 9))).toBe(false);
    expect(ledAfter(Uint8Array.of(0, ...reply("prediction", 1)))).toBe(true);
  });
});

describe("rivulet-avr.h on a line that is too slow", needingProgram("avr-gcc"), () => {
  test("leaves whole frames out and counts them", async () => {
    const board = await startMicrocontroller(compileForAvr("avr/avr.c", ["-DBAUD=9600"]));
    const { fields } = example("avr");
    const ring = new SampleRing(fields.length, 10_000, "pause");
    const decoder = createFrameDecoder(fields, ring);
    // 8500 bytes a second are to be sent, and 960 go out.
    const bytes = board.run(5000);
    decoder.decode(bytes, 0, bytes.length, 0);
    const { samples, missing, damaged } = decoder.counts;
    expect([damaged, Math.round(samples / 10)]).toEqual([0, 28]);
    // Seven frames wait in the ring, and the gap behind them has not shown yet.
    expect(samples + missing).toBeGreaterThan(2499 - 100);
    expect(samples + missing).toBeLessThan(2499);
  });
});

describe("on stubs of the Arduino core", needingProgram("g++"), () => {
  const sketch = (name: string) =>
    compile("g++", [
      "-std=gnu++11",
      `-I${here}stubs/arduino`,
      `-DSKETCH="${firmware}${name}/${name}.ino"`,
      `-DMILLISECONDS=${clockStep}`,
      `${here}stubs/arduino/sketch.cpp`,
    ]);

  test("the Arduino sketch sends 100 samples a second and obeys commands", () => {
    const commands = Buffer.concat([Buffer.of(0), ledOn, Buffer.from("noise\0"), ledOff]);
    const { stdout, stderr } = runProgram(sketch("arduino"), [], commands);
    const arduino = example("arduino");
    expectReadings(read(arduino, stdout), arduino.fields, 10, (now) =>
      [14, 15].map((pin) => (now + 37 * pin) % 1024),
    );
    expect(stderr).toBe("13 1\n13 0\n");
  });

  test("the sketch of the README shows the class of predictions in lines", () => {
    const readme = readFileSync(join(firmware, "README.md"), "utf8");
    const [, snippet] = /```cpp\n([\s\S]*?)```/.exec(readme) as RegExpExecArray;
    const around = "void setup() { Serial.begin(115200); }\nvoid loop() { receive(); }\n";
    const folder = folderWith({ "sketch.ino": `${snippet}${around}` });
    const program = compile("g++", [
      ...["-std=gnu++11", `-I${here}stubs/arduino`, `-DSKETCH="${folder}/sketch.ino"`],
      ...[`-DMILLISECONDS=${clockStep}`, `${here}stubs/arduino/sketch.cpp`],
    ]);
    const encoder = createLineReplies(true);
    const line = (kind: ReplyKind, klass: number) => {
      encoder.content.set([4711, 0, klass, 1, 0.93412, 0.341]);
      return Buffer.from(encoder.bytes.subarray(0, encoder.encode(kind)));
    };
    const sent = [
      Buffer.from("the end of one\n"),
      ...[line("prediction", 1), line("score", 0), line("prediction", 0), line("alarm", 1)],
      Buffer.from(`${"x".repeat(100)}\n`),
      line("prediction", 1),
    ];
    const { stderr } = runProgram(program, [], Buffer.concat(sent));
    expect(stderr).toBe("13 1\n13 0\n13 1\n");
  });

  test("the ESP32 sketch sends 500 samples a second with CRC-32", () => {
    const { stdout } = runProgram(sketch("esp32"), []);
    const esp32 = example("esp32");
    expect(esp32.config.source.crc).toBe(32);
    expectReadings(read(esp32, stdout), esp32.fields, 2, (now) =>
      [34, 35].map((pin) => ((now + 37 * pin) % 1024) / 1000),
    );
  });
});

describe("on stubs of the Pico's SDK", needingProgram("gcc"), () => {
  test("the Pico's example sends 500 samples a second and obeys commands", () => {
    const program = compile("gcc", [
      "-std=c11",
      `-I${here}stubs/pico`,
      `-DMILLISECONDS=${clockStep + 2}`,
      `${firmware}pico/pico.c`,
      `${here}stubs/pico/sdk.c`,
    ]);
    const { stdout, stderr } = runProgram(program, [], Buffer.concat([ledOn, ledOff]));
    const pico = example("pico");
    expectReadings(read(pico, stdout), pico.fields, 2, (now) =>
      [0, 1].map((input) => (now + 37 * input) % 4096),
    );
    expect(stderr).toBe("25 1\n25 0\n");
  });
});

describe("in pure Python", needingProgram("python3"), () => {
  test("MicroPython's example sends 50 samples a second", () => {
    const { stdout } = runProgram("python3", [join(firmware, "micropython", "main.py")], undefined, {
      PYTHONPATH: join(here, "stubs", "micropython"),
      PYTHONDONTWRITEBYTECODE: "1",
      MILLISECONDS: String(clockStep + 20),
    });
    const micropython = example("micropython");
    expectReadings(read(micropython, stdout), micropython.fields, 20, (now) =>
      [26, 27].map((pin) => (now + 37 * pin) % 65536),
    );
  });

  test.each([16, 32] as const)("rivulet.py sends what our encoder sends, byte for byte (crc %i)", (crc) => {
    const types = ["i8", "u8", "i16", "u16", "i32", "u32", "f32", "f64"] as const;
    const layouts: FieldDescription[][] = [1, 8, 30, 61, 62, 63, 64, 65, 130].map((count) =>
      Array.from({ length: count }, (_, at) => ({ name: `f${at}`, type: types[(at * 5) % types.length] })),
    );
    // Around the places where blocks become full: 244 bytes of fields and some.
    for (let count = 240; count < 260; count++) {
      layouts.push(Array.from({ length: count }, (_, at) => ({ name: `f${at}`, type: "u8" })));
    }
    const samples = layouts.flatMap((layout) =>
      [0, 1, 2, 3].map((kind) => ({
        types: layout.map(({ type }) => type),
        milliseconds: kind * 0x55555555,
        values: layout.map((_, at) => (kind === 0 ? 0 : kind === 1 ? 1 + (at % 100) : (at * kind) % 3)),
      })),
    );
    const program = `
import json, sys
sys.path.insert(0, ${JSON.stringify(join(firmware, "micropython"))})
import rivulet
sent = bytearray()
for sample in json.load(sys.stdin):
    sender = rivulet.Sender(sent.extend, sample["types"], ${crc})
    for sequence in (0, 0x0101, 0xffff):
        sender.sequence = sequence
        sender.send(sample["milliseconds"], *sample["values"])
    assert sender.sequence == 0
sys.stdout.buffer.write(sent)`;
    const { stdout } = runProgram("python3", ["-c", program], Buffer.from(JSON.stringify(samples)), {
      PYTHONDONTWRITEBYTECODE: "1",
    });
    const own = samples.flatMap(({ types, milliseconds, values }) => {
      const encoder = createFrameEncoder(defineFields(types.map((type, at) => ({ name: `f${at}`, type }))), {
        crc,
      });
      const target = new Uint8Array(encoder.maximumBytes);
      return [
        Buffer.of(0),
        ...[0, 0x0101, 0xffff].map((sequence) =>
          Buffer.from(target.subarray(0, encoder.encode(values, sequence, milliseconds, target, 0))),
        ),
      ];
    });
    expect(stdout.equals(Buffer.concat(own))).toBe(true);
  });

  test("rivulet.py refuses a field type or a checksum that it does not know", () => {
    const attempt = (sender: string) =>
      runProgram(
        "python3",
        ["-c", `import rivulet; rivulet.Sender(lambda sent: None, ${sender})`],
        undefined,
        {
          PYTHONPATH: join(firmware, "micropython"),
          PYTHONDONTWRITEBYTECODE: "1",
        },
      );
    expect(() => attempt('["i64"]')).toThrow("the field type i64 is unknown: use one of f32, f64, i16");
    expect(() => attempt('["i16"], 8')).toThrow("crc is the number of bits of the checksum: 16 or 32");
  });
});
