import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeCobs } from "../../../src/samples/decoding/cobs.ts";
import { checksum, crc16CcittFalse, createCrc } from "../../../src/samples/decoding/crc.ts";
import type { FrameStream } from "../../../src/samples/recognition/frame-stream.ts";
import type { LineStream } from "../../../src/samples/recognition/line-stream.ts";
import {
  printableShare,
  type Recognition,
  recognize,
  scoreOf,
} from "../../../src/samples/recognition/recognize.ts";
import { frame, frames } from "../streams.ts";
import { resample } from "./uart.ts";

const bytesOf = (lines: string[]) => Buffer.from(lines.map((line) => `${line}\r\n`).join(""));

/** Twenty samples as a device prints them. */
function printed(print: (temperature: string, vibration: string, label: number) => string): string[] {
  return Array.from({ length: 20 }, (_, index) =>
    print((20 + Math.sin(index)).toFixed(2), (index / 10).toFixed(1), index % 3),
  );
}

function asLines(recognition: Recognition): LineStream {
  if (recognition.framing !== "lines") throw new Error(`no lines: ${JSON.stringify(recognition)}`);
  return recognition as LineStream;
}

function asFrames(recognition: Recognition): FrameStream {
  if (recognition.framing !== "frames") throw new Error(`no frames: ${JSON.stringify(recognition)}`);
  return recognition as FrameStream;
}

const namesOf = ({ fields }: LineStream) => fields.map(({ name }) => name);

describe("lines are recognized", () => {
  test.each([
    ["commas", (t: string, v: string, l: number) => `${t},${v},${l}`],
    ["semicolons", (t: string, v: string, l: number) => `${t};${v};${l}`],
    ["tabs", (t: string, v: string, l: number) => `${t}\t${v}\t${l}`],
    ["blanks", (t: string, v: string, l: number) => `${t} ${v} ${l}`],
    ["JSON arrays", (t: string, v: string, l: number) => `[${t},${v},${l}]`],
  ])("with %s and without names", (kind, print) => {
    const stream = asLines(recognize(bytesOf(printed(print)), true));
    expect(stream).toMatchObject({ findings: { kind, namedBy: null }, understood: 1 });
    expect(namesOf(stream)).toEqual(["field1", "field2", "field3"]);
    expect(stream.observation.fields[2]).toMatchObject({ minimum: 0, maximum: 2, whole: true, distinct: 3 });
    expect(stream.observation.fields[1]).toMatchObject({
      minimum: 0,
      maximum: 1.9,
      whole: false,
      rising: true,
    });
  });

  test.each([
    ["JSON objects", (t: string, v: string, l: number) => `{"id":"p7","t":${t},"v":${v},"l":${l}}`],
    ["name:value pairs", (t: string, v: string, l: number) => `id:p7,t:${t},v:${v},l:${l}`],
    ["name:value pairs", (t: string, v: string, l: number) => `id: p7\tt: ${t}\tv: ${v}\tl: ${l}`],
    ["name:value pairs", (t: string, v: string, l: number) => `id:p7 t:${t} v:${v} l:${l}`],
  ])("with names, as %s", (kind, print) => {
    const stream = asLines(recognize(bytesOf(printed(print)), true));
    expect(stream).toMatchObject({
      ...{ findings: { kind, namedBy: "lines" }, passedOver: ["id"], understood: 1 },
    });
    expect(namesOf(stream)).toEqual(["t", "v", "l"]);
  });

  test("with a header line, whose columns of text are left out", () => {
    const rows = printed((t, v, l) => `12:00,${t},${v},${l}`);
    const stream = asLines(recognize(bytesOf(["Pump 1.2 ready", "time,t,v,label", ...rows]), true));
    expect(stream).toMatchObject({
      ...{ findings: { kind: "commas", namedBy: "header" }, passedOver: ["time"] },
    });
    expect(namesOf(stream)).toEqual(["t", "v", "label"]);
    expect(stream.counts).toMatchObject({ samples: 20, damaged: 0, passedOver: 1 });
  });

  test("with a header as the first line of a port, as after a reset", () => {
    const stream = asLines(recognize(bytesOf(["t,v,label", ...printed((t, v, l) => `${t},${v},${l}`)])));
    expect(namesOf(stream)).toEqual(["t", "v", "label"]);
  });

  test("behind a boot banner and between messages", () => {
    const rows = printed((t, v) => `{"t":${t},"v":${v}}`);
    const banner = ["rst:0x1 (POWERON_RESET),boot:0x13", "configsip: 0, SPIWP:0xee", "load:0x3fff0018,len:4"];
    const stream = asLines(
      recognize(bytesOf([...banner, ...rows.slice(0, 9), "low battery", ...rows.slice(9)])),
    );
    expect(stream.findings.kind).toBe("JSON objects");
    expect(stream.counts.samples).toBe(20);
    expect(stream.understood).toBeCloseTo(20 / 23, 5);
  });

  test("joined and left in mid-line", () => {
    const bytes = bytesOf(printed((t, v, l) => `${t},${v},${l}`));
    const stream = asLines(recognize(bytes.subarray(3, -4)));
    expect(stream.counts).toMatchObject({ samples: 18, skipped: 1, damaged: 0 });
  });

  test("with values that are not finite now and then", () => {
    const rows = printed((t, v) => `{"t":${t},"v":${v}}`);
    rows[4] = '{"t":null,"v":1}';
    rows[5] = '{"t":NaN,"v":1}';
    const stream = asLines(recognize(bytesOf(rows), true));
    expect(stream.observation).toMatchObject({ samples: 18, fields: [{ absent: 2 }, { absent: 0 }] });
  });

  test("and a name that no config can hold is left out", () => {
    const stream = asLines(recognize(bytesOf(printed((t, v) => `{"a\\tb":1,"t":${t},"v":${v}}`)), true));
    expect(stream.passedOver).toEqual(["a\tb"]);
  });

  test.each<[string, string[], string[]]>([
    ["without a header, of which one holds text", printed((t, v) => `p7,${t},${v}`), ["field2", "field3"]],
    ["whose numbers are in quotes", printed((t, v) => `{"t":"${t}","v":"${v}"}`), ["t", "v"]],
    ["with units", printed((t) => `Temp: ${t} C, Hum: 40 %`), ["Temp", "Hum"]],
    ["with signs of degrees", printed((t, v) => `T= ${t} 'C RH= ${v} %RH`), ["T", "RH"]],
    [
      "with units before names",
      printed((t, v) => `Hum: ${v} %  Temp: ${t} *C 75.0 *F  Heat index: ${t} C Rain: ${v} mm`),
      ["Hum", "Temp", "Heat index", "Rain"],
    ],
    [
      "whose names begin as units",
      printed((t, v) => `B level: ${t} C level: ${v} F level: ${t}`),
      ["B level", "C level", "F level"],
    ],
    [
      "whose quoted names hold commas",
      ['"#","Temp, °C (S/N: 1, 2)","RH, %"', ...printed((t, v) => `7,${t},${v}`)],
      ["#", "Temp, °C (S/N: 1, 2)", "RH, %"],
    ],
    ["below a header in a comment", ["# t,v", ...printed((t, v) => `${t},${v}`)], ["t", "v"]],
    ["with nested values", printed((t, v) => `{"a":{"t":${t}},"v":[${v}]}`), ["a.t", "v.0"]],
    ["of InfluxDB", printed((t, v) => `pump,id=p7 t=${t},v=${v} 1700000000`), ["t", "v"]],
    [
      "with words that are classes",
      printed((t, _, l) => `${t},${["idle", "run", "off"][l]}`),
      ["field1", "field2"],
    ],
  ])("of columns %s", (_, rows, names) => {
    const stream = asLines(recognize(bytesOf(rows), true));
    expect(namesOf(stream)).toEqual(names);
    expect(stream).toMatchObject({ understood: 1, observation: { samples: 20 } });
  });

  test.each([
    ["", "Mar 28 22:00:", ""],
    ["and year", "Sat Mar 28 22:00:", " 2026"],
  ])("behind a month, its day %s, which are parts of the time", (_, date, year) => {
    const rows = printed((t, v, l) => `${t} ${v} ${l}`).map(
      (row, index) => `${date}${String(index).padStart(2, "0")}${year} ${row}`,
    );
    const stream = asLines(recognize(bytesOf(rows), true));
    expect(stream.fields).toHaveLength(3);
    expect(stream.leftOut?.filter((text) => text.endsWith("a part of the date"))).toHaveLength(year ? 3 : 2);
  });

  test("with what each column holds that is left out", () => {
    const rows = printed((t, v, l) => `2024-03-10T12:00:00,${l},${t},hello,,${v}`);
    const stream = asLines(recognize(bytesOf(rows), true));
    expect(stream.clock).toEqual(["field1"]);
    expect(stream.leftOut).toEqual(["column 4: always the same word", "column 5: nothing"]);
    expect(stream.places).toEqual(["field1", "field2", "field3", "_", "_", "field6"]);
  });

  test("with how many lines lack a value, or hold something else there", () => {
    const rows = printed((t, v) => `t:${t},v:${v}`);
    rows[3] = "t:,v:1";
    rows[4] = "t:20.0,v:nan";
    const stream = asLines(recognize(bytesOf(rows), true));
    expect(stream.odd).toEqual([1, 0]);
    expect(stream.observation.fields.map(({ absent }) => absent)).toEqual([0, 1]);
  });

  test("that may be one number each, with a decimal comma", () => {
    const rows = Array.from({ length: 20 }, (_, index) => `${20 + (index % 3)},${10 + index}`);
    const stream = asLines(recognize(bytesOf(rows), true));
    expect(stream.otherReading).toMatchObject({ example: "20,10", number: "20.10", isLikelier: false });
    rows[7] = "21,05";
    expect(asLines(recognize(bytesOf(rows), true)).otherReading).toMatchObject({ isLikelier: true });
  });

  test.each([
    ["words alone", printed(() => "all is well"), null],
    [
      "sentences, each of another kind",
      [
        "it is 20 C now",
        "fan at 3",
        "level: 7, it falls",
        "it was 21 C before that",
        "up for 9 h",
        "fan at rest, 2 A",
      ],
      "found lines with numbers between words",
    ],
    [
      "two kinds of lines in turns",
      printed((t, _, l) => `{"h${l}":${t}}`),
      "none of their names (h1, h2, h0)",
    ],
  ])("but not %s", (_, rows, almost) => {
    const recognition = recognize(bytesOf(rows));
    expect(recognition.framing).toBe(null);
    const { almost: said } = recognition as { almost: string | null };
    if (almost === null) expect(said).toBe(null);
    else expect(said).toContain(almost);
  });
});

describe("frames are recognized", () => {
  test.each([16, 32] as const)(
    "with CRC-%i, their length, and the fields if they are floats and integers",
    (crc) => {
      const stream = asFrames(recognize(frames(0, 99, { crc }).subarray(5)));
      expect(stream).toMatchObject({ findings: { crc, payloadBytes: 6 }, understood: 1 });
      expect(stream.fields.map(({ type }) => type)).toEqual(["i16", "f32"]);
      expect(stream.counts).toMatchObject({ samples: 99, damaged: 0 });
      expect(stream.observation.samplesPerSecond).toBeCloseTo(100, 6);
      expect(stream.observation.fields[1]).toMatchObject({ minimum: 1, maximum: 99, rising: true });
    },
  );

  test("with what is missing, damaged and restarted", () => {
    const damaged = frame(20);
    damaged[4] ^= 0x40;
    const bytes = Buffer.concat([frames(0, 9), frames(15, 19), damaged, frames(21, 40), frames(0, 9)]);
    const stream = asFrames(recognize(bytes));
    expect(stream.counts).toMatchObject({ missing: 6, damaged: 1, restarts: 1 });
  });

  test("behind a boot banner in print", () => {
    const bytes = Buffer.concat([Buffer.from("Booting\r\nready\r\n\0"), frames(0, 20)]);
    expect(recognize(bytes).framing).toBe("frames");
  });

  test("but those of another protocol are named as that", () => {
    const recognition = recognize(foreignFrames());
    expect(recognition).toMatchObject({ framing: null, almost: expect.stringContaining("good CRC-16") });
  });
});

describe("the right baud rate has the highest score", () => {
  const rates = [9600, 19_200, 38_400, 57_600, 115_200, 230_400, 250_000, 460_800, 921_600];
  const streams: Record<string, Uint8Array> = {
    lines: bytesOf([...printed((t, v, l) => `${t},${v},${l}`), ...printed((t, v, l) => `${t},${v},${l}`)]),
    objects: bytesOf(printed((t, v) => `{"temperature":${t},"vibration":${v}}`)),
    frames: frames(0, 60),
  };

  test.each(Object.keys(streams))("for %s", (name) => {
    const bytes = streams[name];
    for (const sent of rates) {
      for (const heard of rates) {
        const received = resample(bytes, sent, heard);
        const score = scoreOf(recognize(received), received);
        if (heard === sent) expect(score).toBe(1);
        // 230400 and 250000 are 8 % apart: half a bit is lost within a word, and no wrong byte passes as a sample.
        else expect(score, `sent at ${sent}, heard at ${heard}`).toBeLessThan(0.5);
      }
    }
  });

  test("and print that is not recognized is above noise", () => {
    const print = Buffer.from("hello world, how are you today?\r\n".repeat(20));
    const noise = resample(print, 9600, 115_200);
    expect(scoreOf(recognize(print), print)).toBeGreaterThan(scoreOf(recognize(noise), noise));
    expect([printableShare(print), printableShare(new Uint8Array())]).toEqual([1, 0]);
  });
});

test.each(["[]", "{}", '{"a":[]}'])("lines of %s hold nothing, and are nothing", (text) => {
  for (const startsAtLine of [true, false]) {
    expect(recognize(Buffer.from(`${text}\n`.repeat(10)), startsAtLine).framing).toBe(null);
  }
});

test("random bytes are nothing, and no bytes make it throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4000 }), (bytes) => {
      expect(recognize(bytes).framing).toBe(null);
    }),
  );
  const unit = fc.constantFrom(..."0123456789.,;:-+e \t\n\0", '{"a":', "}", "[", "]", "a:", "nan", "\x01\0");
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 600 }), fc.boolean(), (text, startsAtLine) => {
      const bytes = Buffer.from(text);
      const score = scoreOf(recognize(bytes, startsAtLine), bytes);
      expect(score).toBeGreaterThanOrEqual(0);
      expect(score).toBeLessThanOrEqual(1);
    }),
  );
});

test("a megabyte of any one thing takes no time that grows with its square", () => {
  for (const piece of ["7", "[", "{", ",", "a:", "1 ", "\n", "\0", '"', "1,2,3\n", "\x01\x01\0"]) {
    const bytes = Buffer.from(piece.repeat(Math.ceil((1 << 20) / piece.length)));
    // Time of this process, so that a busy machine does not count.
    const before = process.cpuUsage();
    recognize(bytes);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1e6, JSON.stringify(piece)).toBeLessThan(20);
  }
});

/** Frames with a good checksum whose first byte is not that of a sample. */
function foreignFrames(): Buffer {
  const crc = createCrc(crc16CcittFalse);
  return Buffer.concat(
    Array.from({ length: 10 }, (_, index) => {
      const plain = Uint8Array.of(2, 0, index, 1, 2, 3, 4, 5, 6, 7, 0, 0);
      const sum = checksum(crc, plain, 0, 10);
      plain.set([sum & 0xff, (sum >>> 8) & 0xff], 10);
      const target = Buffer.alloc(16);
      const end = encodeCobs(plain, 0, plain.length, target, 0);
      return target.subarray(0, end + 1);
    }),
  );
}

describe("lines of other programs are recognised", () => {
  test("behind a logger's prefix", () => {
    let line = 0;
    const stream = asLines(
      recognize(
        bytesOf(printed((t, v, l) => `I (${1000 + 100 * line++}) imu: temp=${t} vib=${v} label=${l}`)),
        true,
      ),
    );
    expect(namesOf(stream)).toEqual(["temp", "vib", "label"]);
    expect(stream.counts).toMatchObject({ samples: 20, damaged: 0 });
  });

  test("of InfluxDB with escaped blanks in measurement and tags", () => {
    const lines = printed(
      (t, v, l) => `weather\\ station,room=living\\ room temp=${t},vib=${v},label=${l}i 1774735200000000000`,
    );
    const stream = asLines(recognize(bytesOf(lines), true));
    expect(stream.findings.kind).toBe("InfluxDB lines");
    expect(namesOf(stream)).toEqual(["temp", "vib", "label"]);
  });

  test("of ARFF, by the names of its attributes", () => {
    const head = [
      "@relation pump",
      "",
      "@attribute temp numeric",
      "@attribute vib real",
      "@attribute class {0, 1, 2}",
      "@data",
    ];
    const stream = asLines(recognize(bytesOf([...head, ...printed((t, v, l) => `${t},${v},${l}`)]), true));
    expect(namesOf(stream)).toEqual(["temp", "vib", "class"]);
    expect(stream.counts).toMatchObject({ samples: 20, damaged: 0 });
  });

  test("with tabs and bars between pairs", () => {
    const stream = asLines(
      recognize(bytesOf(printed((t, v) => `one reading:\t${t}\t| average:\t${v}`)), true),
    );
    expect(namesOf(stream)).toEqual(["one reading", "average"]);
    expect(stream.counts).toMatchObject({ samples: 20, damaged: 0 });
  });

  test("of a JSON array over several lines, the first and the last object too", () => {
    const objects = printed((t, v, l) => `{"temp":${t},"vib":${v},"label":${l}}`);
    const stream = asLines(recognize(Buffer.from(`[${objects.join(",\n")}]\n`), true));
    expect(stream.counts).toMatchObject({ samples: 20, damaged: 0 });
  });

  test("of a spreadsheet, with points between groups of digits and a comma before decimals", () => {
    const lines = printed((t, _, l) => `${t.replace(".", ",")};1.01${l};1.2${l}0,5;${l}`);
    const stream = asLines(recognize(bytesOf(["Temp;Pressure;Load;State", ...lines]), true));
    expect(stream.decimal).toBe("comma");
    expect(stream.observation.fields[1]).toMatchObject({ minimum: 1010, maximum: 1012 });
    expect(stream.observation.fields[2]).toMatchObject({ minimum: 1200.5, maximum: 1220.5 });
  });

  test("in quotes with a comma before decimals", () => {
    const lines = printed((t, _, l) => `"${t.replace(".", ",")}","${l}"`);
    const stream = asLines(recognize(bytesOf(['"Temp","State"', ...lines]), true));
    expect(stream.observation.fields[0].minimum).toBeGreaterThan(18.9);
  });

  test("without taking an exponent for a unit", () => {
    const stream = asLines(
      recognize(bytesOf(printed((t, v, l) => `${Number(t).toExponential(3)},${v},${l}`)), true),
    );
    expect(stream.units).toEqual([null, null, null]);
  });
});

test("lines of one name and value each, in turns, are a block and no class", () => {
  const lines = printed((t, v, l) => `Temp ${t}\r\nVib ${v}\r\nDoor ${l}`);
  expect(recognize(bytesOf(lines), true)).toMatchObject({ framing: "blocks" });
});

test("lines of LIBSVM are refused by their name", () => {
  const found = recognize(bytesOf(printed((t, v, l) => `${l} 1:${t} 2:${v} 7:1`)), true);
  expect(found).toMatchObject({ framing: null, almost: expect.stringContaining("LIBSVM") });
});

test("lines of one value each are refused with the beginning of the words that say of what", () => {
  const lines = Array.from({ length: 60 }, (_, index) => {
    const word = ["temp", "hum"][index % 2].repeat(800);
    return `${index},${word},${index % 2 ? 40 : 20}.${index % 7}`;
  });
  const { almost } = recognize(bytesOf(lines), true) as { almost?: string };
  expect(almost).toMatch(/a word says of what \((temp){8}, (hum){10}hu\)/);
});

test("lines of hexadecimal bytes are no numbers with units, though some look so", () => {
  const hex = (value: number) => Math.floor(value).toString(16).toUpperCase().padStart(2, "0");
  const lines = Array.from(
    { length: 60 },
    (_, index) => `41 05 ${hex(index)} 41 0C ${hex(44 - index / 10)} 01`,
  );
  expect(recognize(bytesOf(lines), true).framing).toBeNull();
});

test.each([
  ["behind a direction and a number", (hex: string) => `Rx:000001-01 03 04 ${hex} 2A 3B`],
  ["behind a time", (hex: string) => `10:00:01.5 RX 01 03 ${hex} 2A`],
  ["of a bus", (hex: string) => `can0  123   [8]  11 22 ${hex} 33`],
])("nor are those %s", (_, line) => {
  const lines = Array.from({ length: 60 }, (_, index) => line(`0A ${(0xb0 + (index % 9)).toString(16)}`));
  const { framing, almost } = recognize(bytesOf(lines), true) as { framing: null; almost?: string };
  expect({ framing, almost }).toEqual({ framing: null, almost: expect.stringContaining("hexadecimal") });
});

test.each([
  ["addresses of devices", (v: string) => `AA:BB:0C:1D:2E:${10 + (v.length % 5)} -${v}`],
  ["pairs of digits", (v: string, l: number) => `21 40 1${l} 5${v.at(-1)} 33`],
  ["a word of two letters before such", (v: string, l: number) => `DC 12 1${l} 3${v.at(-1)}`],
  [
    "the name of a room before numbers",
    (v: string, l: number) => `room ${"ABC"[l]}${l} 16 1${l} 3${v.at(-1)}`,
  ],
  ["names of sensors before numbers", (v: string, l: number) => `S: A0 1${l} A1 3${v.at(-1)}`],
])("rows with %s are no bytes in hexadecimal", (_, print) => {
  expect(recognize(bytesOf(printed((_t, v, l) => print(v, l))), true).framing).toBe("lines");
});

test("lines whose only numbers stay the same, beside words that change, are no rows to learn from", () => {
  const lines = printed((t, v) => `LOOP: 'outTemp': '${t}', 'wind': '${v}', usUnits 1`);
  const { framing, almost } = recognize(bytesOf(lines), true) as { framing: null; almost?: string };
  expect({ framing, almost }).toEqual({ framing: null, almost: expect.stringMatching(/stay the same.*'2/) });
  const quiet = printed((t) => `temp=21,hum=40,id=x3d${t.replace(".", "")}c`);
  expect(recognize(bytesOf(quiet), true).framing).toBe("lines");
  const still = printed((_t, _v, l) => `21.5,40,${["idle", "run", "fault"][l]}`);
  expect(recognize(bytesOf(still), true).framing).toBe("lines");
});

test("the time at the end of a line of InfluxDB is its clock, unless it stands still or the line names a time", () => {
  const at = (index: number) => `177235920${index % 10}${index > 9 ? 5 : 0}00000000`;
  const rows = printed((t, v) => `room temp=${t},vib=${v}`);
  const stamped = rows.map((row, index) => `${row} ${1_772_359_200 + index}000000000`);
  expect(asLines(recognize(bytesOf(stamped), true))).toMatchObject({
    clock: ["time"],
    observation: { samplesPerSecond: 1 },
  });
  const still = asLines(recognize(bytesOf(rows.map((row) => `${row} ${at(0)}`)), true));
  expect([still.clock, namesOf(still)]).toEqual([undefined, ["temp", "vib"]]);
  const named = stamped.map((row, index) => row.replace(" temp", `,time=${50 + (index % 3)} temp`));
  expect(asLines(recognize(bytesOf(named), true)).counts).toMatchObject({ samples: 20, damaged: 0 });
  const field = rows.map((row, index) => row.replace("temp", `time=${37 + (index % 3)},temp`));
  expect(namesOf(asLines(recognize(bytesOf(field), true)))).toEqual(["time", "temp", "vib"]);
});

test("a file with rows as long as are looked at is recognized, which is read too", () => {
  const rows = printed((t, v) => `${t},${v},"${"x y ".repeat(5000)}"`);
  const stream = asLines(recognize(bytesOf(["t,v,note", ...rows]), true));
  expect(stream.counts).toMatchObject({ samples: rows.length, tooLong: 0 });
});
