import { describe, expect, test } from "vitest";
import { parseConfig, sampleColumns } from "../../src/config/config.ts";
import { planFeaturesOf } from "../../src/config/plan-config.ts";

const pump = `name: pump-7
source:
  serial: { path: /dev/serial/by-id/usb-Arduino, baudRate: 57600 }
  framing: frames
  fields:
    - { name: temperature, type: i16, scale: 0.01 }
    - { name: vibration, type: f32 }
    - { name: label, type: u8 }
target: { column: label, classes: 3 }
features: [standardize]
model:
  layers: [{ dense: 16 }, relu, { dense: 3 }]
  optimizer: { adam: { learningRate: 0.001 } }
training: { batchSize: 8 }
memory: { budget: 8MiB }
checkpoint: { directory: ./saved, every: 30s, keep: 2 }
`;

/** The complaint about `pump` with `search` replaced. */
function complaint(search: string, replacement: string): string {
  expect(pump).toContain(search);
  return refusal(pump.replace(search, replacement));
}

function refusal(text: string): string {
  try {
    parseConfig(text, "pump.yaml");
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("the config was taken");
}

test("reads a whole config", () => {
  const config = parseConfig(pump, "/etc/rivulet/pump.yaml");
  expect(config).toMatchObject({
    name: "pump-7",
    source: {
      serial: { port: "/dev/serial/by-id/usb-Arduino", baudRate: 57_600, readEveryMs: 20 },
      framing: "frames",
      fields: [
        { name: "temperature", type: "i16", scale: 0.01, offset: 0 },
        { name: "vibration", type: "f32", scale: 1, offset: 0 },
        { name: "label", type: "u8", scale: 1, offset: 0 },
      ],
    },
    target: { column: "label", classes: 3 },
    training: { batchSize: 8 },
    memory: { budgetBytes: 8 * 1024 * 1024 },
    checkpoint: { directory: "/etc/rivulet/saved", everyMs: 30_000, keep: 2 },
  });
});

test("fills in every default of a config that names only its target, but those that the learner chooses", () => {
  expect(parseConfig("target: { column: flow }", "/etc/rivulet/pump.yaml")).toEqual({
    file: "/etc/rivulet/pump.yaml",
    name: "pump",
    anomaly: null,
    timeZone: null,
    source: {
      serial: null,
      tcp: null,
      udp: null,
      stdin: null,
      file: null,
      merge: null,
      maximumAgeMs: 10_000,
      silenceMs: null,
      framing: "frames",
      details: null,
      crc: 16,
      decimal: "auto",
      fields: null,
      columns: undefined,
      time: null,
      ignore: [],
      rate: null,
      values: { missing: "skip", outOfRange: "skip", stuck: "alarm", indicator: false, holdFor: 10 },
      queue: { samples: 1024, whenFull: "drop-oldest" },
      reply: null,
    },
    target: { column: "flow", standardize: true },
    features: ["standardize"],
    sequence: null,
    ensemble: {
      effort: "high",
      stepsDown: true,
      layers: null,
      inputShape: null,
      eviction: "oldest",
      deterministic: true,
    },
    model: {
      inputShape: null,
      layers: null,
      optimizer: null,
      loss: null,
      clip: null,
      schedule: null,
      initialWeights: "uniform",
    },
    training: { batchSize: 1, seed: 1, deterministic: false, balance: false, workers: null, shards: null },
    memory: { budgetBytes: null, recompute: false, batch: null },
    checkpoint: { directory: "/etc/rivulet/checkpoints/pump", everyMs: null, keep: 5, onChange: "refuse" },
    labels: null,
    gpio: null,
    status: null,
    sync: null,
    predictions: null,
    mqtt: null,
  });
});

test("checks the options of a transform, with the line and the key", () => {
  const configWith = (features: string) => `target: { column: b }\nfeatures: [${features}]\n`;
  expect(parseConfig(configWith("standardize, { clip: 3 }"), "p.yaml").features).toEqual([
    ...["standardize", { clip: 3 }],
  ]);
  expect(() => parseConfig(configWith("standardize, { clip: -3 }"), "p.yaml")).toThrow(
    expect.objectContaining({
      message: "p.yaml:2: features[1].clip must be a number above 0, found -3",
      path: "features[1].clip",
    }),
  );
});

test("puts layers in the place of the ensemble's replayed network, and refuses what belongs to a network alone", () => {
  const wave = "source: { fields: [a, b, c, d, label] }\ntarget: { column: label, classes: 2 }\n";
  const layers = "layers: [{ conv1d: { outputs: 2, kernel: 3 } }, relu, flatten]";
  const { ensemble } = parseConfig(
    `${wave}model: { ensemble: true, inputShape: [1, 4], ${layers} }\n`,
    "c.yaml",
  );
  expect(ensemble).toMatchObject({ effort: "high", stepsDown: true, inputShape: [1, 4] });
  expect(ensemble?.layers).toHaveLength(3);
  expect(parseConfig(`${wave}model: { ensemble: false }\n`, "c.yaml").ensemble).toBeNull();
  const refused = (model: string, more = "") =>
    refusal(`${wave}model: { ensemble: true, ${model} }\n${more}`);
  expect(refused("optimizer: adam")).toContain("model.optimizer belongs to a network that learns alone");
  expect(refused(`inputShape: [1, 4], ${layers}`, "training: { effort: low }\n")).toContain(
    "model.layers replace the replayed network, which training.effort: low leaves out",
  );
  expect(refused("inputShape: [3]")).toContain("model.inputShape is [3], 3 numbers, but a sample has 4");
});

test("balances classes alone", () => {
  const balance = "training: { balance: true, replay: { balance: classes } }\n";
  const { training, ensemble } = parseConfig(`target: { column: label, classes: 2 }\n${balance}`, "c.yaml");
  expect([training.balance, ensemble?.eviction]).toEqual([true, "classes"]);
  const sentences = refusal(`target: { column: flow }\n${balance}`);
  expect(sentences).toContain("training.balance is for a target with classes");
  expect(sentences).toContain("training.replay.balance is for a target with classes");
});

test("takes relative paths from the config's folder", () => {
  const config = parseConfig(
    pump.replace("/dev/serial/by-id/usb-Arduino", "dev/port"),
    "/etc/rivulet/p.yaml",
  );
  expect(config.source.serial?.port).toBe("/etc/rivulet/dev/port");
});

const sourceOf = (source: string) =>
  parseConfig(`source: { ${source} }\ntarget: { column: b }`, "/etc/rivulet/p.yaml").source;

test("takes one source of each kind, and lets a file and a pipe wait where there is no room", () => {
  const fields = "fields: [a, b]";
  expect(
    sourceOf(`tcp: { host: pump.local, port: 7000 }, framing: lines, silence: 30s, ${fields}`),
  ).toMatchObject({
    ...{ tcp: { host: "pump.local", port: 7000 }, silenceMs: 30_000, queue: { whenFull: "drop-oldest" } },
  });
  expect(sourceOf(`udp: { port: 7000 }, framing: lines, ${fields}`)).toMatchObject({
    ...{ udp: { host: "0.0.0.0", port: 7000, from: null }, queue: { whenFull: "drop-oldest" } },
  });
  expect(sourceOf(`stdin: true, framing: lines, ${fields}`)).toMatchObject({
    ...{ stdin: true, queue: { whenFull: "pause" } },
  });
  expect(sourceOf(`file: data/pump.rec, ${fields}`)).toMatchObject({
    ...{ file: "/etc/rivulet/data/pump.rec", queue: { whenFull: "pause" } },
  });
});

test("merges devices into the columns of all of them, or of each where they are alike", () => {
  const [a, b] = [
    "serial: { path: a }, framing: lines",
    "tcp: { host: pump.local, port: 7000 }, fields: [{ name: b, type: u8 }]",
  ];
  const different = sourceOf(`merge: [{ ${a}, fields: [a, c] }, { ${b} }], maxAge: 2s, silence: 5s`);
  expect(different.fields?.map(({ name }) => name)).toEqual(["a", "c", "b"]);
  expect(different).toMatchObject({ maximumAgeMs: 2000, silenceMs: 5000, serial: null, tcp: null });
  expect(different.merge).toMatchObject([
    { serial: { port: "/etc/rivulet/a", baudRate: 115_200 }, tcp: null, framing: "lines" },
    { serial: null, tcp: { host: "pump.local", port: 7000 }, framing: "frames", crc: 16 },
  ]);
  const alike = sourceOf(`merge: [{ ${a}, fields: [a, b] }, { ${a}, fields: [a, b] }]`);
  expect(alike.fields?.map(({ name }) => name)).toEqual(["a", "b"]);
});

const serialOf = (serial: string) => sourceOf(`serial: { ${serial} }, framing: lines, fields: [a, b]`).serial;

test.each([
  ["vendor: 2341, product: 0043", { vendor: "2341", product: "0043", serialNumber: null }],
  ['vendor: "2341", product: "0043"', { vendor: "2341", product: "0043", serialNumber: null }],
  // To YAML that is 60, 9025 and 35.
  ["vendor: 6e01, product: 0x2341", { vendor: "6e01", product: "2341", serialNumber: null }],
  ["vendor: 1A86, product: 0000", { vendor: "1a86", product: "0000", serialNumber: null }],
  // More digits than a number keeps, and zeros that it has not.
  [
    "vendor: 2341, product: 0043, serialNumber: 00757353030313516",
    { vendor: "2341", product: "0043", serialNumber: "00757353030313516" },
  ],
  [
    "vendor: 2341, product: 0043, serialNumber: A5e7",
    { vendor: "2341", product: "0043", serialNumber: "A5e7" },
  ],
])("takes the digits of a USB device as they are written: %s", (serial, port) => {
  expect(serialOf(serial)).toMatchObject({ port });
});

test("takes them so in each of several devices too", () => {
  const { merge } = sourceOf(
    "merge: [{ serial: { vendor: 2341, product: 0043 }, framing: lines, fields: [a] }, { serial: { path: p }, framing: lines, fields: [b] }]",
  );
  expect(merge?.[0].serial?.port).toEqual({ vendor: "2341", product: "0043", serialNumber: null });
});

test("reads a port as often as configured", () => {
  expect(serialOf("path: /dev/ttyACM0, readEvery: 5ms")).toMatchObject({ readEveryMs: 5 });
  expect(serialOf("path: /dev/ttyACM0, readEvery: 1s")).toMatchObject({ readEveryMs: 1000 });
  expect(serialOf("path: /dev/ttyACM0")).toMatchObject({ readEveryMs: 20 });
});

const digits = "must be four hexadecimal digits as lsusb prints them, such as 0043, found";

test.each([
  ["vendor: 2341, product: 43", `product ${digits} the text "43"`],
  ["vendor: 2341, product: 67.0", `product ${digits} the text "67.0"`],
  ["vendor: 2341, product: -043", `product ${digits} the text "-043"`],
  ["vendor: 0o21501, product: 0043", `vendor ${digits} the text "0o21501"`],
  ["vendor: 9025d, product: 0043", `vendor ${digits} the text "9025d"`],
  ["vendor: true, product: 0043", `vendor ${digits} the truth value true`],
  ["vendor: 2341", 'source.serial: the key "product" is missing; add the four digits that lsusb prints'],
  ["serialNumber: 7573", 'source.serial: the key "vendor" is missing; add the four digits that lsusb prints'],
  [
    "vendor: 2341, product: 0043, serialNumber: null",
    "serialNumber must be a serial number in quotes, found nothing",
  ],
  [
    "path: /dev/ttyACM0, vendor: 2341, product: 0043",
    "source.serial.vendor conflicts with source.serial.path; keep the path, or name the device and remove the path",
  ],
  ["path: p, readEvery: 0.5ms", "readEvery must be a duration from 1ms to 1s such as 20ms, found the text"],
  ["path: p, readEvery: 1.1s", "readEvery must be a duration from 1ms to 1s such as 20ms, found the text"],
  ["path: p, readEvery: 20", "readEvery must be a duration from 1ms to 1s such as 20ms, found the number 20"],
])("refuses the port { %s }", (serial, sentence) => {
  expect(() => serialOf(serial)).toThrow(`/etc/rivulet/p.yaml:1: `);
  expect(() => serialOf(serial)).toThrow(sentence);
});

test.each([
  [
    "merge: [{ serial: { path: a }, framing: lines, fields: [a, b] }]",
    "p.yaml:1: source.merge must be a list of at least two devices, each with its port or connection and its fields, found a list",
  ],
  [
    "framing: lines, merge: [{ framing: lines, fields: [a] }, { serial: { path: a }, fields: [b] }]",
    "p.yaml:1: source.framing belongs to each device of source.merge; move it there\n" +
      "p.yaml:1: source.merge[0] needs either serial, tcp or udp; add one, such as serial: { path: /dev/ttyUSB0 }\n" +
      "p.yaml:1: source.merge[1].fields[0] needs a type, because frames are binary; write { name: b, type: f32 }, or one of f64, i8, u8, i16, u16, i32, u32, or framing: lines if the device prints text",
  ],
  [
    "merge: [{ serial: { path: a }, framing: lines, fields: [a, b] }, { serial: { path: c }, framing: lines, fields: [b] }]",
    'p.yaml:1: source.merge[1].fields: an earlier device has the column "b" too; use different names for each device, or the same names in the same order for all',
  ],
  [
    "reply: { send: [score] }, merge: [{ serial: { path: a }, framing: lines, fields: [a, b] }, { serial: { path: c }, framing: lines, fields: [a, b] }]",
    "p.yaml:1: source.reply is sent to the first of several devices, but here a sample may be from any of them; remove it",
  ],
  [
    "serial: { path: a }, framing: lines, fields: [a, b], maxAge: 3s",
    "p.yaml:1: source.maxAge belongs to merge; remove it",
  ],
  [
    "stdin: true, file: x.csv, fields: [a, b]",
    "p.yaml:1: source.file conflicts with source.stdin, because a daemon has one source; keep one of them",
  ],
  [
    "file: x.csv, crc: 32, fields: [a, b]",
    "p.yaml:1: source.crc belongs to bytes as a device sends them; remove it, or add framing: frames if the file holds such bytes",
  ],
  [
    "file: x.csv, fields: [a, b], queue: { whenFull: drop-oldest }",
    "p.yaml:1: source.queue.whenFull is drop-oldest, expected pause, because a file can wait; remove it",
  ],
  [
    "stdin: true, framing: lines, silence: 3s, fields: [a, b]",
    "p.yaml:1: source.silence belongs to serial, tcp or udp, which can be opened again; remove it",
  ],
  [
    "stdin: false, framing: lines, fields: [a, b]",
    "p.yaml:1: source.stdin must be true, found the truth value false",
  ],
  [
    "tcp: { host: pump, prot: 7 }, framing: lines, fields: [a, b]",
    'p.yaml:1: source.tcp: unknown key "prot"; did you mean "port"?',
  ],
  [
    "tcp: { host: pump, port: 70000 }, framing: lines, fields: [a, b]",
    "p.yaml:1: source.tcp.port must be a whole number from 1 to 65535, found the number 70000",
  ],
  [
    "tcp: { host: pump, port: 7 }, fields: [a, { name: b, type: u8 }]",
    "p.yaml:1: source.fields[0] needs a type, because frames are binary; write { name: a, type: f32 }, or one of f64, i8, u8, i16, u16, i32, u32, or framing: lines if the device prints text",
  ],
  [
    "stdin: true",
    'p.yaml:1: source: the key "fields" is missing; add the columns in the order in which the writer sends them',
  ],
])("refuses the source { %s }", (source, sentence) => {
  expect(() => parseConfig(`source: { ${source} }\ntarget: { column: b }`, "p.yaml")).toThrow(sentence);
});

test("takes plain names as the columns of text lines", () => {
  const config = parseConfig(
    "source: { serial: { path: /dev/ttyACM0 }, framing: lines, fields: [a, { name: b, scale: 2 }] }\ntarget: { column: b }",
    "lines.yaml",
  );
  expect(config.source.fields?.map(({ name, scale }) => [name, scale])).toEqual([
    ["a", 1],
    ["b", 2],
  ]);
});

test("refuses an unknown key with the nearest known one", () => {
  expect(complaint("baudRate", "baudrate")).toBe(
    'pump.yaml:3: source.serial: unknown key "baudrate"; did you mean "baudRate"?',
  );
  expect(complaint("memory:", "memori:")).toBe('pump.yaml:15: unknown key "memori"; did you mean "memory"?');
});

test("lists the known keys when an unknown one resembles none", () => {
  expect(complaint("name: pump-7", "cloud: { host: here }")).toBe(
    'pump.yaml:1: unknown key "cloud"; known are name, source, target, anomaly, timeZone, features, sequence, model, training, memory, checkpoint, labels, gpio, status, sync, predictions, mqtt',
  );
});

test("complains about a misspelt key once, not also about the one that is missing for it", () => {
  expect(complaint("{ column:", "{ colum:")).toBe(
    'pump.yaml:9: target: unknown key "colum"; did you mean "column"?',
  );
});

test("says what a missing key should hold", () => {
  expect(complaint("path: /dev/serial/by-id/usb-Arduino, ", "")).toBe(
    'pump.yaml:3: source.serial: the key "path" is missing; add the port\'s path, such as path: /dev/ttyUSB0, or the vendor and product of its USB device',
  );
});

test("shows a value of the wrong type beside what was expected", () => {
  expect(complaint("batchSize: 8", "batchSize: eight")).toBe(
    'pump.yaml:14: training.batchSize must be a whole number from 1 to 1048576, found the text "eight"',
  );
  expect(complaint("batchSize: 8", "batchSize: 0.5")).toContain("found the number 0.5");
  expect(complaint("scale: 0.01", "scale: .nan")).toContain("source.fields[0].scale must be a number");
});

test("refuses a size or a duration without its unit", () => {
  expect(complaint("8MiB", "8")).toBe(
    "pump.yaml:15: memory.budget must be a size with its unit such as 8MiB or 512KiB, found the number 8",
  );
  expect(complaint("30s", "30 moons")).toContain("checkpoint.every must be a duration with its unit");
  expect(complaint("30s", "30d")).toContain("up to 24d");
});

test("finds the word that was meant among the known values", () => {
  expect(complaint("framing: frames", "framing: frame")).toBe(
    'pump.yaml:4: source.framing must be one of frames, lines, slip, ve-direct, p1, nmea, teleplot, blocks, binary, found the text "frame"; did you mean "frames"?',
  );
});

test("refuses a target that is no column, unless its labels come later", () => {
  const unsent =
    "source: { stdin: true, framing: lines, fields: [x, y] }\ntarget: { column: label, classes: 2 }\n";
  expect(refusal(unsent)).toContain(
    'target.column: "label" is not a column of source.fields; known are x, y; set labels where its labels come later',
  );
  expect(sampleColumns(parseConfig(`${unsent}labels: { keep: 1min }\n`, "c.yaml"))).toEqual([
    "x",
    "y",
    "label",
  ]);
  expect(complaint("column: label", "column: lable")).toBe(
    'pump.yaml:9: target.column: "lable" is not a column of source.fields; did you mean "label"?',
  );
});

test("refuses two columns of one name", () => {
  expect(complaint("name: vibration", "name: label")).toMatch(
    /^pump\.yaml:8: source\.fields\[2\]\.name "label" is/,
  );
});

test("asks for the type of a field that travels in frames", () => {
  expect(complaint("{ name: vibration, type: f32 }", "vibration")).toMatch(
    /^pump\.yaml:7: source\.fields\[1\] needs a type, because frames are binary/,
  );
});

test("tells all mistakes at once, one a line, in the order of the file", () => {
  const text = pump.replace("baudRate", "baudrate").replace("8MiB", "8").replace("keep: 2", "keep: 0");
  expect(
    refusal(text)
      .split("\n")
      .map((line) => line.slice(0, 13)),
  ).toEqual(["pump.yaml:3: ", "pump.yaml:15:", "pump.yaml:16:"]);
});

test("says where a file stops being YAML", () => {
  expect(complaint("{ column: label, classes: 3 }", "{ column: label, classes: 3")).toMatch(
    /^pump\.yaml:\d+: this is not YAML/,
  );
  expect(refusal("target: {column: x}\ntarget: {column: y}\n")).toMatch(
    /^pump\.yaml:2: the key "target" is given twice; remove one$/,
  );
});

describe("values that cannot be true", () => {
  const fieldsOf = (temperature: string, more = "") =>
    `source: { framing: lines, fields: [{ name: temperature${temperature} }, label]${more} }\ntarget: { column: label }\n`;

  test("are told by ranges, by how long a value may stay, and by the rate; policies say what becomes of them", () => {
    const more = ", rate: 12.5, values: { outOfRange: clamp, stuck: skip, notFinite: hold, holdFor: 5 }";
    const { fields, rate, values } = parseConfig(
      fieldsOf(", range: [-40, 125], stuck: 600", more),
      "p.yaml",
    ).source;
    expect(fields?.[0]).toMatchObject({ name: "temperature", range: [-40, 125], stuck: 600 });
    expect([rate, values]).toEqual([
      12.5,
      { outOfRange: "clamp", stuck: "skip", missing: "hold", indicator: false, holdFor: 5 },
    ]);
  });

  test("an indicator stands before the features that are chosen, and leaves the target and the sequence out", () => {
    const text = `source:
  framing: lines
  fields: [walk, x, y, flow]
  values: { missing: absent, indicator: true }
sequence: { by: walk }
features: [{ lags: { of: [x], at: [1] } }, standardize]
target: { column: flow }
`;
    expect(planFeaturesOf(parseConfig(text, "p.yaml"), ["walk", "x", "y", "flow"]).columns).toEqual([
      ...["x", "y", "x_missing", "y_missing", "x_lag1", "flow"],
    ]);
  });

  test.each([
    [
      ", range: [125, -40]",
      "",
      /^pump\.yaml:1: source\.fields\[0\]\.range of field "temperature" is 125 to -40, expected two/,
    ],
    [", range: [0]", "", /\.range must be two numbers such as \[-40, 125\], found a list$/],
    [", range: [0, 1, 2]", "", /\.range must be two numbers such as \[-40, 125\], found a list$/],
    [", range: 7", "", /\.range must be two numbers such as \[-40, 125\], found the number 7$/],
    [", range: [0, .inf]", "", /\.range\[1\] must be a finite number/],
    [", stuck: 1", "", /\.stuck must be a whole number from 2 to 2147483648, found the number 1$/],
    [
      "",
      ", rate: 0",
      /^pump\.yaml:1: source\.rate must be a number above 0, or text .*, found the number 0$/,
    ],
    [
      "",
      ", rate: 5/fortnight",
      /source\.rate must be a number above 0, or text such as "1\/10min", "10 per min", "1\.6 kHz" or "every hour", found the text "5\/fortnight"$/,
    ],
    [
      ", range: [0, 1]",
      ", values: { notFinite: clamp }",
      /\.notFinite must be one of skip, hold, absent, found the text "clamp"$/,
    ],
    [
      ", range: [0, 1]",
      ", values: { outOfRange: clmp }",
      /\.outOfRange must be one of skip, clamp, hold, alarm, found the text "clmp"; did you mean "clamp"\?$/,
    ],
    [", stuck: 9", ", values: { stuck: hold }", /\.stuck must be skip or alarm, found the text "hold"$/],
    [
      ", stuck: 9",
      ", values: { outOfRange: skip }",
      /^pump\.yaml:1: source\.values\.outOfRange needs a field of source\.fields with a range; add one, such as/,
    ],
    [
      ", range: [0, 1]",
      ", values: { stuck: skip }",
      /^pump\.yaml:1: source\.values\.stuck needs a field of source\.fields with a number of samples from which it is stuck/,
    ],
    [
      "",
      ", values: { holdFor: 5 }",
      /^pump\.yaml:1: source\.values\.holdFor has no effect without hold; add missing: hold or outOfRange: hold/,
    ],
    [
      "",
      ", values: { missing: hold, indicator: true }",
      /^pump\.yaml:1: source\.values\.indicator has no effect without absent; add missing: absent/,
    ],
    [
      "",
      ", values: { notFinite: hold, holdFor: 0 }",
      /^pump\.yaml:1: source\.values\.holdFor must be a whole number from 1 to/,
    ],
  ])("are refused where they make no sense: %s %s", (temperature, more, sentence) => {
    expect(refusal(fieldsOf(temperature, more))).toMatch(sentence);
  });

  test("a label that is not true is never made up", () => {
    const text = `source:
  framing: lines
  fields: [x, { name: flow, range: [0, 9] }]
  values: { outOfRange: clamp }
target: { column: flow }
`;
    expect(refusal(text)).toBe(
      "pump.yaml:4: source.values.outOfRange is clamp, but only the target has a range, and a sample with a wrong label is always skipped; use skip",
    );
    expect(parseConfig(text.replace("clamp", "skip"), "p.yaml").source.values.outOfRange).toBe("skip");
  });
});

test("refuses an empty file and one that is no map", () => {
  expect(refusal("")).toContain("the file is empty");
  expect(refusal("- a\n- b\n")).toContain("expected a map of keys");
});

describe("gpio", () => {
  const withGpio = (gpio: string) => parseConfig(`${pump}gpio: ${gpio}\n`, "pump.yaml").gpio;
  const two = "source: { fields: [x, y] }\ntarget: { column: label, classes: 2 }\n";

  test("is written in full", () => {
    expect(
      withGpio(
        "{ chip: mine, heartbeat: 17, alarm: { pin: 22, class: 2, on: 0.9, off: 0.5, atLeast: 3s }, label: [{ pin: 27, class: 1, seconds: 5, pressed: low }, { pin: 26, class: 0 }], pause: { pin: 5, hold: 2s }, checkpoint: { pin: 6, pressed: high } }",
      ),
    ).toEqual({
      chip: "mine",
      heartbeat: 17,
      alarm: { pin: 22, subject: { of: "class", class: 2 }, on: 0.9, off: 0.5, atLeastMs: 3000 },
      labels: [
        { pin: 27, class: 1, seconds: 5, pressed: 0, holdMs: 0 },
        { pin: 26, class: 0, seconds: 10, pressed: null, holdMs: 0 },
      ],
      pause: { pin: 5, pressed: null, holdMs: 2000 },
      normal: null,
      checkpoint: { pin: 6, pressed: 1, holdMs: 0 },
    });
  });

  test("has a button for what was normal only where anomalies are watched", () => {
    expect(() => parseConfig(`${pump}gpio: { normal: 7 }\n`, "c.yaml")).toThrow(
      "gpio.normal is about anomalies, but the config has no anomaly; add anomaly: {}",
    );
    expect(parseConfig(`${pump}gpio: { normal: 7 }\nanomaly: {}\n`, "c.yaml").gpio?.normal).toEqual({
      ...{ pin: 7, pressed: null, holdMs: 0 },
    });
  });

  test("names classes by their words", () => {
    const text = (word: string, classes: string) =>
      `source: { serial: { path: /dev/ttyUSB0 }, framing: lines, fields: [x, label], reply: { send: [alarm], alarm: { class: ${word} } } }\n` +
      `target: { column: label, classes: ${classes} }\n` +
      `gpio: { alarm: { pin: 22, class: ${word} }, label: [{ pin: 27, class: ${word} }] }\npredictions: { alarm: { class: ${word} } }\n`;
    const config = parseConfig(text("fault", "[idle, run, fault]"), "c.yaml");
    const subject = { of: "class", class: 2, word: "fault" };
    expect([config.gpio?.alarm?.subject, config.source.reply?.alarm?.subject]).toEqual([subject, subject]);
    expect(config.predictions?.alarm?.subject).toEqual(subject);
    expect(config.gpio?.labels[0].class).toBe(2);
    expect(parseConfig(text("3", "[1, 2, 3]"), "c.yaml").gpio?.labels[0].class).toBe(2);
    expect(refusal(text("faul", "[idle, run, fault]"))).toContain(
      'gpio.alarm.class is "faul", which is not a class; did you mean "fault"?',
    );
    expect(refusal(text("fault", "3"))).toContain("target.classes names none");
  });

  test("is written short, in plain pins, where there are two classes", () => {
    const { gpio } = parseConfig(`${two}gpio: { heartbeat: 17, alarm: 22, label: 27, pause: 5 }\n`, "c.yaml");
    expect(gpio).toMatchObject({
      alarm: { pin: 22, subject: { of: "class", class: 1 }, on: 0.8, atLeastMs: 2000 },
      labels: [{ pin: 27, class: 1, seconds: 10 }],
      pause: { pin: 5 },
      checkpoint: null,
    });
    expect(gpio?.alarm?.off).toBeCloseTo(0.6);
  });

  test("lets buttons tell the target that the port does not send", () => {
    const config = parseConfig(`${two}gpio: { label: 27 }\n`, "c.yaml");
    expect(sampleColumns(config)).toEqual(["x", "y", "label"]);
    expect(sampleColumns(parseConfig(pump, "pump.yaml"))).toEqual(["temperature", "vibration", "label"]);
    expect(refusal(`${two}gpio: { pause: 5 }\n`)).toContain('"label" is not a column of source.fields');
    const one = two.replace("[x, y]", "[x]");
    expect(sampleColumns(parseConfig(`${one}gpio: { label: 27 }\n`, "c.yaml"))).toEqual(["x", "label"]);
    expect(refusal(one)).toContain("source.fields must be a list of at least two columns");
  });

  test.each([
    ["{ hartbeat: 17 }", 'pump.yaml:17: gpio: unknown key "hartbeat"; did you mean "heartbeat"?'],
    [
      "{ heartbeat: GPIO17 }",
      'pump.yaml:17: gpio.heartbeat must be a whole number from 0 to 1023, found the text "GPIO17"',
    ],
    [
      "{ pause: { hold: 2s } }",
      'pump.yaml:17: gpio.pause: the key "pin" is missing; add pin: 17, its BCM number',
    ],
    ["{ heartbeat: 17, pause: 17 }", "pump.yaml:17: gpio.pause: GPIO 17 is already in use; use another pin"],
    [
      "{ alarm: 22 }",
      "pump.yaml:17: gpio.alarm needs a class from 0 to 2, none is given; write { pin: 22, class: 1 }",
    ],
    [
      "{ label: [{ pin: 2, class: 0 }, { pin: 3, class: 3 }] }",
      "pump.yaml:17: gpio.label[1] needs a class from 0 to 2, found 3; write { pin: 3, class: 1 }",
    ],
    [
      "{ alarm: { pin: 22, class: 1, on: 0.5, off: 0.6 } }",
      "pump.yaml:17: gpio.alarm.off is 0.6, expected at most 0.5, the level at which the alarm switches on",
    ],
    [
      "{ alarm: { pin: 22, class: 1, on: 80 } }",
      "pump.yaml:17: gpio.alarm.on must be a probability from 0 to 1, found the number 80",
    ],
  ])("refuses %s", (gpio, sentence) => {
    expect(refusal(`${pump}gpio: ${gpio}\n`)).toBe(sentence);
  });

  test("takes an alarm of drift also where a number is predicted, on for ten minutes", () => {
    const { gpio } = parseConfig(
      "target: { column: flow }\ngpio: { alarm: { pin: 22, of: drift } }\n",
      "c.yaml",
    );
    expect(gpio?.alarm).toEqual({ pin: 22, subject: { of: "drift" }, on: 1, off: 1, atLeastMs: 600_000 });
  });

  test("takes an alarm to be of anomaly where a number is predicted", () => {
    const alarm = (entry: string) =>
      parseConfig(`target: { column: flow }\ngpio: { alarm: ${entry} }\n`, "c.yaml").gpio?.alarm;
    const anomaly = { pin: 22, subject: { of: "anomaly" }, on: 8, off: 4, atLeastMs: 2000 };
    expect(alarm("22")).toEqual(anomaly);
    expect(alarm("{ pin: 22, of: anomaly }")).toEqual(anomaly);
    expect(alarm("{ pin: 22, on: 12, off: 3, atLeast: 1s }")).toMatchObject({
      on: 12,
      off: 3,
      atLeastMs: 1000,
    });
  });

  test.each([
    [
      "flow",
      "of: drift, on: 0.5",
      ".on belongs to an alarm of a class or of anomaly, but this one is of drift; remove it",
    ],
    [
      "flow",
      "of: anomaly, class: 1",
      ".class belongs to an alarm of a class, but this one is of anomaly; remove it",
    ],
    ["flow", "class: 1", " needs classes, but the target is a number; add target.classes, or remove it"],
    ["flow", "on: 2, off: 3", ".off is 3, expected at most 2, the level at which the alarm switches on"],
    ["flow", "off: 9", ".off is 9, expected at most 8, the level at which the alarm switches on"],
    ["flow", "on: -1", ".on must be a number of 0 or more, found the number -1"],
    [
      "flow, classes: 2",
      "of: anomaly",
      ".of: an anomaly needs a number as the target, but the target is a class; use class or drift, or add anomaly to the config",
    ],
  ])("refuses for the target %s an alarm of %s", (target, entry, sentence) => {
    expect(refusal(`target: { column: ${target} }\ngpio: { alarm: { pin: 22, ${entry} } }\n`)).toBe(
      `pump.yaml:2: gpio.alarm${sentence}`,
    );
  });
});

describe("replies", () => {
  const withReply = (reply: string) => pump.replace("framing: frames", `reply: ${reply}\n  framing: frames`);
  const replies = (reply: string) => parseConfig(withReply(reply), "pump.yaml").source.reply;

  test("are written in full", () => {
    expect(
      replies(
        "{ send: [alarm, prediction, score], every: 500ms, scoreEvery: 1min, alarm: { class: 2, on: 0.9, off: 0.5, atLeast: 3s } }",
      ),
    ).toEqual({
      predictions: true,
      everyMs: 500,
      scores: true,
      scoreEveryMs: 60_000,
      alarm: { subject: { of: "class", class: 2 }, on: 0.9, off: 0.5, atLeastMs: 3000 },
    });
  });

  test("are written short", () => {
    expect(replies("{ send: [prediction] }")).toEqual({
      predictions: true,
      everyMs: 100,
      scores: false,
      scoreEveryMs: 10_000,
      alarm: null,
    });
    expect(replies("{ send: [prediction], every: sample }")).toMatchObject({ everyMs: 0 });
    const two =
      "source: { tcp: { host: a, port: 1 }, framing: lines, fields: [x, y], reply: { send: [alarm] } }\n";
    const { source } = parseConfig(`${two}target: { column: y, classes: 2 }\n`, "c.yaml");
    expect(source.reply).toMatchObject({
      predictions: false,
      alarm: { subject: { of: "class", class: 1 }, on: 0.8, atLeastMs: 2000 },
    });
    const number = parseConfig(`${two}target: { column: y }\n`, "c.yaml").source;
    expect(number.reply).toMatchObject({ alarm: { subject: { of: "anomaly" }, on: 8, off: 4 } });
  });

  test.each([
    ["{ every: 1s }", ': the key "send" is missing; add what to send back, such as send: [prediction]'],
    ["{ send: [] }", ".send must be a list of prediction, score, alarm, or some of them, found a list"],
    [
      "{ send: [predictions] }",
      '.send[0] must be one of prediction, score, alarm, found the text "predictions"; did you mean "prediction"?',
    ],
    ["{ send: [score, score] }", ".send names one twice; remove one"],
    [
      "{ send: [prediction], every: 10 }",
      '.every must be "sample" or a duration with its unit such as 100ms, found the number 10',
    ],
    [
      "{ send: [score], every: 1s }",
      ".every has no effect; add prediction to source.reply.send, or remove it",
    ],
    [
      "{ send: [prediction], scoreEvery: 1s }",
      ".scoreEvery has no effect; add score to source.reply.send, or remove it",
    ],
    [
      "{ send: [prediction], alarm: { class: 1 } }",
      ".alarm has no effect; add alarm to source.reply.send, or remove it",
    ],
    [
      "{ send: [alarm] }",
      ".alarm needs a class from 0 to 2, none is given; write reply: { alarm: { class: 1 } }",
    ],
    [
      "{ send: [alarm], alarm: { class: 3 } }",
      ".alarm needs a class from 0 to 2, found 3; write reply: { alarm: { class: 1 } }",
    ],
    [
      "{ send: [alarm], alarm: { class: 1, off: 0.9 } }",
      ".alarm.off is 0.9, expected at most 0.8, the level at which the alarm switches on",
    ],
    [
      "{ send: [alarm], alarm: { pin: 7 } }",
      '.alarm: unknown key "pin"; known are of, class, on, off, atLeast',
    ],
  ])("are refused as %s", (reply, sentence) => {
    expect(refusal(withReply(reply))).toBe(`pump.yaml:4: source.reply${sentence}`);
  });

  test("are refused where the source has no way back", () => {
    for (const source of ["stdin: true, framing: lines", "file: d.csv"]) {
      const config = `source:\n  reply: { send: [score] }\n  ${source.replace(", ", "\n  ")}\n  fields: [x, y]\ntarget: { column: y }\n`;
      const [origin] = source.split(":");
      expect(refusal(config)).toBe(
        `pump.yaml:2: source.reply belongs to serial, tcp or udp, but source.${origin} cannot receive replies; remove it`,
      );
    }
  });

  test("cannot alarm about a class where a number is predicted", () => {
    const source =
      "source: { serial: { path: p }, framing: lines, fields: [x, y], reply: { send: [alarm], alarm: { class: 1 } } }";
    expect(refusal(`${source}\ntarget: { column: y }\n`)).toBe(
      "pump.yaml:1: source.reply.alarm needs classes, but the target is a number; add target.classes, or remove it",
    );
  });
});

const modelRefusal = (...model: string[]) =>
  refusal(
    ["target: { column: label, classes: 3 }", "source: { fields: [x, y, label] }", "model:", ...model].join(
      "\n",
    ),
  );

test.each([
  [
    "a layer that its samples do not fit, and how they would",
    ["  optimizer: adam", "  layers:", "    - relu", "    - conv1d: { outputs: 4, kernel: 1 }"],
    "pump.yaml:7: model.layers[1] (conv1d) got samples of shape [2] but needs [channels, length], such as [1, 2]; set model.inputShape, or change the layers before it",
  ],
  [
    "a layer within a residual block",
    ["  layers:", "    - residual:", "      - tanh", "      - gru: 3"],
    "pump.yaml:7: model.layers[0].residual[1] (gru) got samples of shape [2] but needs [steps, features], such as [2, 1]; set model.inputShape, or change the layers before it",
  ],
  [
    "a parameter to freeze that a layer has not",
    ["  optimizer: adam", "  layers: [", "    relu,", "    { dense: { outputs: 3, frozen: [w] } }]"],
    'pump.yaml:7: model.layers[1] (dense) has "w" in frozen, expected weight or bias; correct it',
  ],
  [
    "layers that are all frozen",
    ["  optimizer: adam", "  layers: [{ dense: { outputs: 3, frozen: true } }]"],
    "pump.yaml:5: model.layers are all frozen; leave at least one to be trained, or plan without training",
  ],
  [
    "weights of other classes",
    ["  optimizer: adam", "  loss: { softmaxCrossEntropy: { classWeights: [1, 2] } }"],
    "pump.yaml:5: model.loss has 2 classWeights, expected 3 for the classes of the output; give one for each class",
  ],
])("names the line of %s", (_, model, message) => {
  expect(modelRefusal(...model)).toBe(message);
});

describe("watching for anomalies", () => {
  const live = "source: { stdin: true, framing: lines, fields: [temperature, flow] }\n";

  test("needs no target, and one column is enough", () => {
    const config = parseConfig(
      "source: { stdin: true, framing: lines, fields: [temperature] }\nanomaly: {}\nstatus: {}\n",
      "pump.yaml",
    );
    expect(config.anomaly).toEqual({
      alarmsPerWeek: 2,
      coolDownMs: null,
      memoryMs: 28 * 86_400_000,
      watch: null,
      intervalMs: null,
    });
    expect([config.target, config.labels]).toEqual([null, null]);
    // A missing value leaves its column out, not the sample.
    expect(config.source.fields?.[0].optional).toBe(true);
  });

  test("takes every key, beside a target too, and an alarm is then on while an episode lasts", () => {
    const { anomaly, gpio, timeZone } = parseConfig(
      `${live}target: { column: flow, classes: 2 }
anomaly: { alarmsPerWeek: 0.5, coolDown: 30min, memory: 10d, watch: [temperature], interval: 1s }
timeZone: Europe/Vienna
gpio: { alarm: { pin: 22, of: anomaly } }
`,
      "pump.yaml",
    );
    expect(anomaly).toEqual({
      alarmsPerWeek: 0.5,
      coolDownMs: 1_800_000,
      memoryMs: 10 * 86_400_000,
      watch: ["temperature"],
      intervalMs: 1000,
    });
    expect(gpio?.alarm).toMatchObject({ subject: { of: "anomaly" }, on: 1, off: 1 });
    expect(timeZone).toBe("Europe/Vienna");
  });

  test.each([
    [
      "anomaly: { alarmsPerWeek: 0 }",
      "3: anomaly.alarmsPerWeek must be a number of alarms a week above 0, up to 100, found the number 0",
    ],
    [
      "anomaly: { memory: 1h }",
      '3: anomaly.memory must be a duration with its unit such as 4w or 10d, from 1d to 52w, found the text "1h"',
    ],
    [
      "anomaly: { watch: [flaw] }",
      '3: anomaly.watch[0]: "flaw" is not a column of source.fields; did you mean "flow"?',
    ],
    ["anomaly: { watch: [flow, flow] }", '3: anomaly.watch[1]: "flow" is named twice; remove one'],
    ["anomaly: {}\nmodel: {}", "4: model needs a target, but the config has none; add target, or remove it"],
    [
      "anomaly: {}\ngpio: { alarm: { pin: 22, on: 3 } }",
      "4: gpio.alarm.on belongs to an alarm of a class or of errors, but this one is on while an episode lasts; remove it, as anomaly.alarmsPerWeek decides",
    ],
    [
      "anomaly: {}\ngpio: { alarm: { pin: 22, of: drift } }",
      "4: gpio.alarm.of: a drift is one of predictions, but the config has no target; use anomaly",
    ],
    [
      "anomaly: {}\ntimeZone: Moon",
      '4: timeZone must be the name of a time zone such as Europe/Vienna or UTC, found the text "Moon"',
    ],
  ])("refuses %s", (keys, sentence) => {
    expect(() => parseConfig(`name: pump\n${live}${keys}\n`, "pump.yaml")).toThrow(`pump.yaml:${sentence}`);
  });

  test("of a device has the times at which samples come, so an interval is refused", () => {
    const tcp = live.replace("stdin: true", "tcp: { host: h, port: 7 }");
    expect(() => parseConfig(`${tcp}anomaly: { interval: 1s }\n`, "pump.yaml")).toThrow(
      "anomaly.interval belongs to a CSV file, but samples of a device have the time at which they come; remove it",
    );
  });

  test("without a target and without anomaly there is nothing to do, and a reply has nothing to predict", () => {
    expect(() => parseConfig(live, "pump.yaml")).toThrow(
      'pump.yaml:1: the key "target" is missing; add what to predict, such as target: { column: label, classes: 3 }, or anomaly: { alarmsPerWeek: 2 } to watch without one',
    );
    const reply = live.replace("stdin: true", "tcp: { host: h, port: 7 }, reply: { send: [prediction] }");
    expect(() => parseConfig(`${reply}anomaly: {}\n`, "pump.yaml")).toThrow(
      "source.reply.send[0] sends a prediction, but the config has no target; send alarm alone",
    );
  });
});
