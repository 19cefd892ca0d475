/** The inputs of a field folder, each with how it is read and what must come out. */

/** What a command came to. */
export interface Outcome {
  code: number;
  stderr: string;
  /** The JSON document of standard output; empty where there is none. */
  data: Record<string, never> & { [key: string]: unknown };
}

export interface Case {
  file: string;
  /** The config as JSON, which is YAML; null: none, the file and `words` say the task. */
  config: { source?: object; target: object } | null;
  /** Further words of `rivulet replay`. */
  words?: string[];
  /** Names what is wrong with the outcome; null: it is the first of the allowed ones. */
  wrong: (outcome: Outcome) => string | null;
  /** Whether the outcome is the second of the allowed ones. */
  isSecond?: (outcome: Outcome) => boolean;
}

const lines = (fields: unknown[], more = {}) => ({ fields, ...more });

/** Rows, those that are learned from, and lines that are damaged, as numbers or ranges. */
interface Counts {
  rows?: number | [number, number];
  used?: number | [number, number];
  damaged?: number | [number, number];
  accuracy?: number;
  sliding?: number;
  r2?: number;
  maeBelow?: number;
  names?: string[];
  says?: RegExp;
}

function within(value: number, wanted: number | [number, number] | undefined): boolean {
  if (wanted === undefined) return true;
  return typeof wanted === "number" ? value === wanted : value >= wanted[0] && value <= wanted[1];
}

/** The outcome of a run that ends well, with these counts and scores at least. */
export const learned =
  (counts: Counts): Case["wrong"] =>
  ({ code, stderr, data }) => {
    if (code !== 0) return stderr.trim();
    const metrics = data["metrics"] as Record<string, number>;
    const rows = data["rows"] as number;
    const rejected = data["rejected"] as number;
    const target = data["target"] as { names?: string[] };
    const found: [string, boolean][] = [
      [`${rows} rows`, within(rows, counts.rows)],
      [`${rows - rejected} rows used`, within(rows - rejected, counts.used)],
      [`${data["damaged"]} damaged`, within(data["damaged"] as number, counts.damaged)],
      [`accuracy ${metrics["accuracy"]}`, !(metrics["accuracy"] < (counts.accuracy ?? 0))],
      [
        `sliding accuracy ${metrics["slidingAccuracy"]}`,
        !(metrics["slidingAccuracy"] < (counts.sliding ?? 0)),
      ],
      [`R2 ${metrics["r2"]}`, !(metrics["r2"] < (counts.r2 ?? Number.NEGATIVE_INFINITY))],
      [`MAE ${metrics["mae"]}`, !(metrics["mae"] > (counts.maeBelow ?? Number.POSITIVE_INFINITY))],
      [
        `classes ${target.names}`,
        counts.names === undefined || String(target.names) === String(counts.names),
      ],
      [`says ${data["text"]}`, counts.says === undefined || counts.says.test(String(data["text"]))],
    ];
    const wrong = found.filter(([, fits]) => !fits).map(([text]) => text);
    return wrong.length === 0 ? null : wrong.join(", ");
  };

const refusedWith =
  (sentence: RegExp): NonNullable<Case["isSecond"]> =>
  ({ code, stderr }) =>
    code === 1 && sentence.test(stderr);

const label = { column: "label", classes: 2 };
const pairTarget = { column: "Label", classes: 2 };
const temp = ["temp", "hum", "label"];

/** A file that is read by name or by place to all of its 160 rows. */
const whole = (file: string, fields: unknown[], target: object, more = {}): Case => ({
  file,
  config: { source: lines(fields, more), target },
  wrong: learned({ rows: 160, used: 160, damaged: 0 }),
});

export const cases: Case[] = [
  whole("w01-name-tab-value-tab.txt", ["Temp", "Hum", "Label"], pairTarget),
  whole("w03-name-equals-value.txt", temp, label),
  whole("w04-units-behind-values.txt", ["Temp", "Hum", "Label"], pairTarget),
  whole("w05-header-then-empty-line.txt", ["aX", "aY", "label"], label),
  whole("w06-python-tuples.txt", temp, label),
  whole("w08-date-time-first-no-header.txt", ["_", "hum", "temp", "label"], label),
  {
    file: "w11-block-of-name-tab-value-lines.bin",
    config: {
      source: lines(["V", "I", "VPV", "PPV", "CS"], { framing: "ve-direct" }),
      target: { column: "CS", classes: 10 },
    },
    wrong: learned({ rows: 40, used: 40, damaged: 0 }),
  },
  {
    file: "w14-two-writers-interleaved-json.txt",
    config: { source: lines(["t", "h", "label"]), target: label },
    wrong: learned({ rows: 144, used: 144, damaged: [16, 32] }),
  },
  {
    file: "w15-bytes-lost-inside-lines.txt",
    config: { source: lines(["temp", "hum", "vel", "label"]), target: label },
    wrong: learned({ rows: [100, 159], damaged: [1, 60] }),
  },
  {
    file: "w16-constant-word-then-tabs.txt",
    config: {
      source: lines(["_", "ax", "ay", "az", "gx", "gy", "gz"]),
      target: { column: "gz" },
    },
    wrong: learned({ rows: 160, used: 160, damaged: 3 }),
  },
  whole("w17-carriage-return-only.txt", temp, label),
  {
    file: "w19-clock-and-dash-for-missing.txt",
    config: {
      source: lines(["_", "ambient", "probe0", "_", "_", "probe3"]),
      target: { column: "probe3" },
    },
    wrong: learned({ rows: 120, used: 120, damaged: 2 }),
  },
  {
    file: "w22-one-number-a-line.txt",
    config: null,
    wrong: () => "one series has no features",
    isSecond: refusedWith(/--target/),
  },
  {
    file: "w23-one-value-a-line-in-blocks.txt",
    config: {
      source: lines(["Temperature", "Humidity", "Pressure", "Occupied"], {
        framing: { blocks: { end: "----" } },
      }),
      target: { column: "Occupied", classes: 2 },
    },
    wrong: learned({ rows: 60, used: 60, damaged: 0 }),
  },
  whole("w24-date-time-trailing-comma-preamble.txt", ["aX", "aY", "aZ", "imu_degC", "label"], label),
  {
    file: "w27-blank-cells-for-slower-sensors.txt",
    config: {
      source: lines(["ax", "ay", "gps_speed", "label"], { values: { missing: "hold", holdFor: 20 } }),
      target: label,
    },
    wrong: learned({ rows: 160, used: [150, 160], damaged: 0 }),
  },
  whole("w29-decimal-comma-semicolon.txt", temp, label),
  whole("w30-hex-and-quoted-values.txt", ["t", "h", "label"], label),
  whole("w31-class-as-a-word.txt", ["temp", "hum", "room"], {
    column: "room",
    classes: ["empty", "occupied"],
  }),
  whole("w32-nested-json.txt", ["dht.t", "dht.h", "acc.0", "acc.1", "label"], label),
  {
    file: "w34-dht-nan-now-and-then.txt",
    config: { source: lines(temp), target: label },
    wrong: learned({ rows: 160, used: 133, damaged: 0 }),
  },
  {
    file: "w35-json-lines-of-1300-bytes.txt",
    config: { source: lines(temp), target: label },
    wrong: learned({ rows: 14, used: 14, damaged: 0 }),
  },
  {
    file: "w38-true-false-on-off.txt",
    config: {
      source: lines(["temp", "hum", "lit", "pump"]),
      target: { column: "pump", classes: ["OFF", "ON"] },
    },
    wrong: learned({ rows: 150, used: 150, damaged: 0, names: ["OFF", "ON"] }),
  },
  {
    file: "w39-greeting-of-as-many-words-as-columns.txt",
    config: { source: lines(temp), target: label },
    wrong: learned({ rows: 120, used: 120, damaged: 0 }),
  },
  {
    file: "w40-header-in-another-order-and-case.txt",
    config: { source: lines([{ name: "temp", range: [10, 30] }, "hum", "label"]), target: label },
    wrong: learned({ rows: 120, used: 120, damaged: 0 }),
  },
  {
    file: "w43-telnet-options-then-rows.bin",
    config: { source: lines(temp), target: label },
    wrong: learned({ rows: [119, 120], damaged: [0, 1] }),
  },
  {
    file: "w44-pairs-laid-out-with-blanks.txt",
    config: {
      source: lines(["Wait", "Before", "Now", "state", "Moved (old-new)"]),
      target: { column: "state", classes: 2 },
    },
    wrong: learned({ rows: 100, used: 100, damaged: 0 }),
  },
  {
    file: "b01-dust-sensor-frames.bin",
    config: {
      source: lines(
        Array.from({ length: 12 }, (_, index) => ({ name: `n${index}`, type: "u16" })),
        { framing: { binary: { start: [0x42, 0x4d], length: "u16be", checksum: "sum16be" } } },
      ),
      target: { column: "n11" },
    },
    wrong: learned({ rows: 120, used: 120, damaged: 0 }),
  },
  {
    file: "f01-decimal-comma-and-minus-200.csv",
    config: {
      source: lines([
        { name: "T", missing: [-200], range: [-40, 60] },
        { name: "RH", missing: [-200], range: [0, 100] },
        "target",
      ]),
      target: { column: "target" },
    },
    wrong: learned({ rows: [150, 160], used: [120, 160], damaged: 0, maeBelow: 0.2 }),
  },
  {
    file: "f03-na-for-missing.csv",
    config: null,
    words: ["--target", "target"],
    wrong: learned({ rows: 160, used: [100, 160], damaged: 0 }),
  },
  {
    file: "f04-row-numbers-without-a-name.csv",
    config: null,
    wrong: learned({ rows: 160, used: 160, damaged: 0, sliding: 0.8 }),
  },
  {
    file: "f05-unnamed-index-empty-column-word-class.csv",
    config: {
      source: lines(["sensor_00", "sensor_01", "machine_status"]),
      target: { column: "machine_status", classes: ["NORMAL", "RECOVERING"] },
    },
    wrong: learned({ rows: 160, used: 152, damaged: 0, names: ["NORMAL", "RECOVERING"] }),
  },
  {
    file: "f08-four-header-lines.dat",
    config: { source: lines(["AirTC", "RH", "target"]), target: { column: "target" } },
    wrong: learned({ rows: 160, used: [140, 160], damaged: 0 }),
  },
  {
    file: "f09-quoted-names-with-units.csv",
    config: null,
    wrong: learned({ rows: 160, used: 160, damaged: 0, says: /Date Time, a clock/ }),
  },
  {
    file: "f10-header-again-in-the-middle.csv",
    config: { source: lines(temp), target: label },
    wrong: learned({ rows: 160, used: 160, damaged: 0 }),
  },
  {
    file: "f11-nul-bytes-after-power-loss.csv",
    config: null,
    wrong: learned({ rows: [159, 160], damaged: [0, 1] }),
  },
  { file: "f13-sep-line-first.csv", config: null, wrong: learned({ rows: 160, used: 160, damaged: 0 }) },
  {
    file: "f14-last-line-cut-off.csv",
    config: null,
    wrong: learned({ rows: 160, used: 160, damaged: 0, says: /cut off/ }),
  },
  { file: "f15-comment-lines.csv", config: null, wrong: learned({ rows: 160, used: 160, damaged: 0 }) },
  {
    file: "f18-blanks-between-columns.txt",
    config: null,
    wrong: learned({ rows: 160, used: 160, damaged: 0 }),
  },
  {
    file: "f20-time-gaps-and-repeats.csv",
    config: null,
    wrong: learned({ rows: 166, used: 166, damaged: 0, sliding: 0.9, says: /epoch_ms, a clock/ }),
  },
  {
    file: "f21-class-words.csv",
    config: null,
    wrong: learned({ rows: 160, used: 160, damaged: 0, names: ["idle", "walk", "run"] }),
  },
  {
    file: "f23-sensor-codes-85-and-minus-127.csv",
    config: {
      source: lines([{ name: "temp", missing: [85, -127] }, "hum", "target"]),
      target: { column: "target" },
    },
    wrong: learned({ rows: 160, used: [140, 159], damaged: 0, maeBelow: 0.35 }),
  },
  {
    file: "m02-classes-from-1.csv",
    config: null,
    wrong: learned({ rows: 400, damaged: 0, names: ["1", "2", "3"], sliding: 0.94 }),
  },
  {
    file: "m04-one-class-for-long-then-another.csv",
    config: null,
    wrong: learned({ rows: 500, accuracy: 0.9 }),
  },
  { file: "m06-targets-of-1e9.csv", config: null, wrong: learned({ rows: 400, r2: 0.9 }) },
  { file: "m08-constant-feature.csv", config: null, wrong: learned({ rows: 400, sliding: 0.98 }) },
  { file: "m09-all-rows-the-same.csv", config: null, wrong: learned({ rows: 400, maeBelow: 1e-3 }) },
  {
    file: "m11-milliseconds-since-1970.csv",
    config: null,
    wrong: learned({ rows: 500, sliding: 0.93, says: /epoch_ms, a clock/ }),
  },
  { file: "m13-neighbours-alike.csv", config: null, wrong: learned({ rows: 600 }) },
  { file: "m14-one-65535-in-a-feature.csv", config: null, wrong: learned({ rows: 900, sliding: 0.95 }) },
  { file: "m15-target-far-from-zero.csv", config: null, wrong: learned({ rows: 700, r2: 0.9 }) },
  { file: "m18-sorted-by-class.csv", config: null, wrong: learned({ rows: 600, accuracy: 0.95 }) },
];
