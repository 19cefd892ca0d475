import { describe, expect, test } from "vitest";
import { Random } from "../../scripts/fuzz/random.ts";
import { createExtraction, type ExtractionOptions, planFeatures } from "../../src/features/extraction.ts";

const hour = 3_600_000;
/** Monday, 6 January 2025, 0:00 UTC. */
const monday = 1736121600_000;

/** The rows that come out of rows [columns], an hour apart, with their index. */
function rowsOf(options: ExtractionOptions, rows: readonly (readonly number[])[], everyMs = hour) {
  const extraction = createExtraction(options);
  const made: { at: number; row: number[] }[] = [];
  for (const [at, row] of rows.entries()) {
    const times = Float64Array.of(monday + at * everyMs);
    if (extraction.push(row, 0, times, 0)) made.push({ at, row: [...extraction.row] });
  }
  return { columns: extraction.columns, made };
}

const numbers = (values: readonly number[]) => values.map((value) => [value]);

describe("lags and differences", () => {
  test("hold what columns were some rows ago", () => {
    const { columns, made } = rowsOf(
      {
        columns: ["a"],
        features: [{ lags: { of: ["a"], at: [1, 3] } }, { differences: { of: ["a"], at: [2] } }],
      },
      numbers([1, 2, 4, 8, 16]),
    );
    expect(columns).toEqual(["a", "a_lag1", "a_lag3", "a_change2"]);
    expect(made.map(({ row }) => row)).toEqual([
      [1, 1, 1, 0],
      [2, 1, 1, 1],
      [4, 2, 1, 3],
      [8, 4, 1, 6],
      [16, 8, 2, 12],
    ]);
  });

  test("of the target hold its past alone, and begin with its first value", () => {
    const features = [{ lags: { of: ["y"], at: [1, 2] } }, { differences: { of: ["y"], at: [1] } }];
    const { columns, made } = rowsOf(
      { columns: ["y", "x"], target: "y", features },
      [Number.NaN, 5, 7, Number.NaN, 20, 30].map((y, x) => [y, x]),
    );
    expect(columns).toEqual(["x", "y_lag1", "y_lag2", "y_change1", "y"]);
    expect(made).toEqual([
      { at: 2, row: [2, 5, 5, 0, 7] },
      { at: 3, row: [3, 7, 5, 2, Number.NaN] },
      { at: 4, row: [4, 7, 7, 0, 20] },
      { at: 5, row: [5, 20, 7, 13, 30] },
    ]);
  });

  test("take times by the rate, and by that of windows behind them", () => {
    const features = [
      { window: { of: ["a"], size: 4, every: "10s", take: ["mean"] } },
      { lags: { of: ["a_mean"], at: ["1min"] } },
    ];
    const planned = planFeatures({ columns: ["a"], rate: 100, features });
    expect(planned.columns).toEqual(["a_mean", "a_mean_lag1min"]);
    expect(planned.rate).toBe(0.1);
    const { made } = rowsOf({ columns: ["a"], rate: 100, features }, numbers([...Array(12_000).keys()]), 10);
    expect(made).toHaveLength(12);
    expect(made[11].row[0] - made[11].row[1]).toBe(6000);
  });
});

describe("missing values", () => {
  const { NaN: none } = Number;

  test("become the mean so far, beside a column that says so, once each column has had a value", () => {
    const { columns, made } = rowsOf({ columns: ["a", "y", "b"], target: "y", features: ["missing"] }, [
      [2, 0, none],
      [none, 1, 10],
      [4, none, none],
      [none, 1, 1e300],
    ]);
    expect(columns).toEqual(["a", "b", "a_missing", "b_missing", "y"]);
    expect(made).toEqual([
      { at: 1, row: [2, 10, 1, 0, 1] },
      { at: 2, row: [4, 10, 0, 1, none] },
      { at: 3, row: [3, 10, 1, 1, 1] },
    ]);
  });

  test("are replaced before anything is made of the past", () => {
    const features = [{ missing: ["a"] }, { lags: { of: ["a"], at: [1] } }];
    const { made } = rowsOf({ columns: ["a"], features }, numbers([6, none, 8]));
    expect(made.map(({ row }) => row)).toEqual([
      [6, 0, 6],
      [6, 1, 6],
      [8, 0, 6],
    ]);
    const wrong = [...features].reverse();
    expect(() => planFeatures({ columns: ["a"], features: wrong })).toThrow(
      "features[1].missing comes after lags; put it first",
    );
  });
});

describe("windows", () => {
  test("make a row once they are full, then every so many rows, with the latest of other columns", () => {
    const { columns, made } = rowsOf(
      {
        columns: ["a", "t", "label"],
        target: "label",
        features: [{ window: { of: ["a"], size: 3, every: 2, take: ["max"] } }],
      },
      [
        [1, 10, 0],
        [9, 11, 0],
        [3, 12, Number.NaN],
        [4, 13, Number.NaN],
        [5, 14, Number.NaN],
        [6, 15, 1],
        [7, 16, Number.NaN],
      ],
    );
    expect(columns).toEqual(["t", "a_max", "label"]);
    expect(made).toEqual([
      { at: 2, row: [12, 9, 0] },
      { at: 4, row: [14, 5, Number.NaN] },
      { at: 6, row: [16, 7, 1] },
    ]);
  });

  test("keep their pace where rows come late, and where a clock jumps", () => {
    const extraction = createExtraction({
      columns: ["a"],
      features: [{ window: { of: ["a"], size: 2, every: "10s", take: ["mean"] } }],
    });
    const seconds = [0, 1, 5, 10, 11, 12, 47, 48, 56, 57, 2, 3, 11, 12, 13, 22];
    const made = seconds.filter((second) => extraction.push([1], 0, Float64Array.of(1000 * second), 0));
    expect(made).toEqual([1, 11, 47, 57, 12, 22]);
  });

  test("of several sizes stand side by side, and come out together once the largest is full", () => {
    const { columns, made } = rowsOf(
      {
        columns: ["a", "t", "b"],
        features: [
          { window: { of: ["a"], size: 2, every: 3, take: ["mean"] } },
          { window: { of: ["b"], size: 4, every: 3, take: ["max", "min"] } },
          { window: { of: ["a"], size: 3, every: 3, take: ["max"] } },
        ],
      },
      [
        [1, 10, 5],
        [9, 11, 0],
        [3, 12, 1],
        [4, 13, 2],
        [5, 14, 3],
        [6, 15, 4],
        [7, 16, 0],
      ],
    );
    expect(columns).toEqual(["t", "a_mean", "b_max", "b_min", "a_max"]);
    expect(made).toEqual([
      { at: 3, row: [13, 3.5, 5, 0, 9] },
      { at: 6, row: [16, 6.5, 4, 0, 7] },
    ]);
  });

  test("that are full at different times are those of each alone", () => {
    const window = (of: string, size: number) => ({ window: { of: [of], size, every: 8, take: ["bands"] } });
    const of = (...features: object[]) => createExtraction({ columns: ["a", "b"], features });
    const beside = of(window("a", 16), window("b", 64));
    const alone = [of(window("a", 16)), of(window("b", 64))];
    const { rows } = randomRows(4, 300);
    for (const [i, row] of rows.entries()) {
      const values = row.slice(1, 3);
      const [isFirst] = alone.map((each) => each.push(values));
      if (!beside.push(values)) continue;
      expect(isFirst).toBe(i >= 63);
      expect(beside.row).toEqual(Float64Array.of(...alone[0].row.subarray(1), ...alone[1].row.subarray(1)));
    }
    expect(beside.row[0]).not.toBe(0);
  });
});

describe("the clock", () => {
  test("has three waves a day and a week by local time", () => {
    const { columns, made } = rowsOf(
      { columns: ["a"], timeZone: "Europe/Berlin", features: [{ clock: ["hourOfDay", "dayOfWeek"] }] },
      numbers(Array(48).fill(0)),
    );
    expect(columns).toHaveLength(13);
    // 5:00 in Berlin is 4:00 UTC in winter; an hour before midnight it is Tuesday there.
    const [sine, cosine] = [made[5].row[1], made[5].row[2]];
    expect(sine).toBeCloseTo(Math.sin((2 * Math.PI * 6) / 24), 12);
    expect(cosine).toBeCloseTo(Math.cos((2 * Math.PI * 6) / 24), 12);
    expect(made[22].row[7]).toBeCloseTo(0, 12);
    expect(made[23].row[7]).toBeCloseTo(Math.sin((2 * Math.PI) / 7), 12);
  });

  test("moves with summer time", () => {
    const extraction = createExtraction({
      columns: ["a"],
      timeZone: "Europe/Berlin",
      features: [{ clock: ["hourOfDay"] }],
    });
    const hourAt = (utc: string) => {
      extraction.push([0], 0, Float64Array.of(Date.parse(utc)), 0);
      const turn = Math.atan2(extraction.row[1], extraction.row[2]) / (2 * Math.PI);
      return Math.round(24 * (turn < 0 ? turn + 1 : turn));
    };
    expect([hourAt("2025-03-30T00:30:00Z"), hourAt("2025-03-30T01:00:00Z")]).toEqual([2, 3]);
    expect([hourAt("2025-10-26T00:00:00Z"), hourAt("2025-10-26T01:00:00Z")]).toEqual([2, 2]);
  });

  test("tells nothing of a row whose time is not known", () => {
    const extraction = createExtraction({ columns: ["a"], features: [{ clock: ["hourOfDay"] }] });
    expect(extraction.push([3])).toBe(true);
    expect([...extraction.row]).toEqual([3, 0, 0, 0, 0, 0, 0]);
  });
});

describe("a profile", () => {
  const features = [{ profile: { of: ["y"], by: "hourOfWeek" } }];

  test("tells what is usual at this hour of the week, by the hour of the day in the first one", () => {
    const weeks = Array.from({ length: 15 * 24 }, (_, i) => [i % 24 === 9 ? (i % 168 === 9 ? 100 : 50) : 0]);
    const { columns, made } = rowsOf({ columns: ["y"], target: "y", timeZone: "UTC", features }, weeks);
    expect(columns).toEqual(["y_usual", "y_usual_before", "y"]);
    const at = (index: number) => made.find((each) => each.at === index)?.row;
    expect(at(0)).toBeUndefined();
    expect(at(24 + 9)).toEqual([100, 0, 50]);
    expect(at(168 + 9)).toEqual([100, 0, 100]);
    expect(at(168 + 24 + 9)?.[0]).toBe(50);
    expect(at(168 + 24 + 10)).toEqual([0, 50, 0]);
  });

  test("of a clock that is not set learns no hour, and tells the mean of all rows", () => {
    const extraction = createExtraction({ columns: ["y"], target: "y", timeZone: "UTC", features });
    const usualOf = (hours: number, y: number) =>
      extraction.push([y], 0, Float64Array.of(hour * hours), 0) ? extraction.row[0] : null;
    extraction.setWallClock(null);
    expect([usualOf(0, 10), usualOf(1, 20), usualOf(24, 30)]).toEqual([null, 10, 15]);
    // Set by a day and two hours: the rows go on as they were, and it is Friday, 3:00.
    extraction.setWallClock(26 * hour);
    expect(usualOf(25, 90)).toBe(20);
    expect(usualOf(25 + 24, 0)).toBe(90);
    extraction.setWallClock(null);
    expect(usualOf(25 + 48, 0)).not.toBe(90);
  });

  test("moves with summer time", () => {
    const extraction = createExtraction({ columns: ["y"], timeZone: "Europe/Berlin", features });
    const usualAt = (utc: string, y: number) => {
      extraction.push([y], 0, Float64Array.of(Date.parse(utc)), 0);
      return extraction.row[1];
    };
    usualAt("2025-03-28T05:00:00Z", 70);
    usualAt("2025-03-28T06:00:00Z", 40);
    // Six o'clock in Berlin is an hour earlier from Sunday on.
    expect(usualAt("2025-03-31T04:00:00Z", 0)).toBe(70);
  });

  test("tells what will be usual then, and is usual now", () => {
    const days = Array.from({ length: 72 }, (_, i) => [i % 24]);
    const ahead = [{ profile: { of: ["y"], by: "hourOfDay", ahead: "3h" } }];
    const { made } = rowsOf({ columns: ["y"], rate: 1 / 3600, timeZone: "UTC", features: ahead }, days);
    expect(made[30].row).toEqual([6, 9, 6]);
  });
});

describe("sequences", () => {
  const lagged = [{ lags: { of: ["a"], at: [1] } }];

  test("start over where an id changes, which is no feature", () => {
    const { columns, made } = rowsOf({ columns: ["id", "a"], sequence: { by: "id" }, features: lagged }, [
      [7, 1],
      [7, 2],
      [8, 30],
      [8, 40],
      [7, 5],
    ]);
    expect(columns).toEqual(["a", "a_lag1"]);
    expect(made.map(({ row }) => row)).toEqual([
      [1, 1],
      [2, 1],
      [30, 30],
      [40, 30],
      [5, 5],
    ]);
  });

  test("start over after a gap", () => {
    const extraction = createExtraction({ columns: ["a"], sequence: { gap: "2s" }, features: lagged });
    const lags = [0, 1, 3, 6, 7].map((second) => {
      extraction.push([second], 0, Float64Array.of(1000 * second), 0);
      return extraction.row[1];
    });
    expect(lags).toEqual([0, 0, 1, 6, 6]);
  });

  test("make a row each as they end, where windows ask for that", () => {
    const extraction = createExtraction({
      columns: ["id", "a", "label"],
      target: "label",
      sequence: { by: "id" },
      features: [{ window: { of: ["a"], size: 8, every: "sequence", take: ["mean", "max"] } }],
    });
    const made: number[][] = [];
    for (const row of [
      [1, 2, 0],
      [1, 4, 0],
      [2, 10, 1],
      [2, 20, 1],
      [2, 30, 1],
      [3, 5, 0],
    ]) {
      if (extraction.push(row)) made.push([...extraction.row]);
    }
    expect(made).toEqual([
      [3, 4, 0],
      [20, 30, 1],
    ]);
  });
});

const everything: ExtractionOptions = {
  columns: ["id", "a", "b", "y"],
  target: "y",
  rate: 2,
  timeZone: "Europe/Berlin",
  sequence: { gap: "10min" },
  features: [
    { differences: { of: ["b", "y"], at: [1, 5] } },
    { window: { of: ["a", "b"], size: 16, every: 5, take: ["mean", "kurtosis", "bands", "envelope"] } },
    { window: { of: ["id"], size: 11, every: 5, take: ["max"] } },
    { relation: { of: ["a_mean"], given: ["b_mean"] } },
    { lags: { of: ["a_mean", "y"], at: [1, "5s", 7] } },
    { clock: ["hourOfDay"] },
    { profile: { of: ["y", "b_mean"], by: "hourOfWeek" } },
  ],
};

/** Rows of some hours with a gap, and times of their own. */
function randomRows(seed: number, count: number): { rows: number[][]; times: Float64Array } {
  const random = new Random(seed);
  const rows = Array.from({ length: count }, (_, i) => [
    Math.floor(i / 100),
    random.below(1000) / 10,
    Math.sin(i / 9) + random.below(100) / 50,
    random.below(5) === 0 ? Number.NaN : random.below(40),
  ]);
  const times = Float64Array.from(rows, (_, i) => monday + 20_000 * i + (i > count / 2 ? hour : 0));
  return { rows, times };
}

describe("any features", () => {
  test("look at no row that comes later", () => {
    const { rows, times } = randomRows(1, 600);
    const first = createExtraction(everything);
    const second = createExtraction(everything);
    // A row that makes one: after the gap at 301 the window is full at 316, and every fifth row makes one.
    const changedFrom = 411;
    const made = [first, second].map((each) =>
      rows.slice(0, changedFrom).map((row, i) => each.push(row, 0, times, i) && [...each.row]),
    );
    expect(made[1]).toEqual(made[0]);
    const features = (row: Float64Array) => [...row.subarray(0, row.length - 1)];
    // The target of this row is not known when it is predicted, nor are later rows.
    const changed = [...rows[changedFrom].slice(0, 3), 1e6];
    expect(first.push(rows[changedFrom], 0, times, changedFrom)).toBe(true);
    expect(second.push(changed, 0, times, changedFrom)).toBe(true);
    expect(features(second.row)).toEqual(features(first.row));
  });

  test("continue from their state bit for bit, wherever they were interrupted", () => {
    const { rows, times } = randomRows(2, 700);
    const whole = createExtraction(everything);
    let part = createExtraction(everything);
    for (let i = 0; i < rows.length; i++) {
      if (i % 37 === 11) {
        const state = structuredClone(part.state());
        part = createExtraction(everything);
        part.restore(state);
      }
      expect(part.push(rows[i], 0, times, i)).toBe(whole.push(rows[i], 0, times, i));
      if (i % 37 === 20) expect([...part.row]).toEqual([...whole.row]);
    }
    expect(part.state()).toEqual(whole.state());
  });

  test("take as many bytes as planned", () => {
    const planned = planFeatures({ columns: ["a"], features: [{ lags: { of: ["a"], at: [1000] } }] });
    const { stages } = createExtraction({
      columns: ["a"],
      features: [{ lags: { of: ["a"], at: [1000] } }],
    }).state() as { stages: Float64Array[] };
    expect(planned.bytes).toBe(stages[0].byteLength + 2 * 8);
  });

  test("refuse a state of others, and change nothing", () => {
    const extraction = createExtraction({ columns: ["a"], features: [{ lags: { of: ["a"], at: [2] } }] });
    extraction.push([4]);
    const before = structuredClone(extraction.state());
    const other = createExtraction({ columns: ["a"], features: [{ lags: { of: ["a"], at: [3] } }] });
    expect(() => extraction.restore(other.state())).toThrow("expected 4 float64 numbers");
    expect(() => extraction.restore(null)).toThrow("expected 1 transforms of the past");
    expect(extraction.state()).toEqual(before);
  });
});

describe("features are refused in one sentence", () => {
  const refusal = (features: unknown, options: Partial<ExtractionOptions> = {}) => {
    return () => planFeatures({ columns: ["flow", "y"], target: "y", features, ...options });
  };

  test.each<[string, unknown, Partial<ExtractionOptions>, string]>([
    [
      "a column that does not exist",
      [{ lags: { of: ["flaw"], at: [1] } }],
      {},
      'features[0].lags.of names "flaw", which is not a column; did you mean "flow"?',
    ],
    [
      "a time without a rate",
      [{ lags: { of: ["flow"], at: ["1d"] } }],
      {},
      'features[0].lags.at holds "1d", but nothing says how many rows that is; set source.rate',
    ],
    [
      "a time shorter than a row",
      [{ differences: { of: ["flow"], at: ["1s"] } }],
      { rate: 0.01 },
      "less than the time between two rows",
    ],
    [
      "a spectrum of another size",
      [{ window: { of: ["flow"], size: 500, every: 500, take: ["bands"] } }],
      {},
      "features[0].window.size is 500, but bands, centroid and envelope need a power of two",
    ],
    [
      "a spectrum of whole sequences",
      [{ window: { of: ["flow"], size: 512, every: "sequence", take: ["centroid"] } }],
      {},
      "sequences differ in length",
    ],
    [
      "a window of the target",
      [{ window: { of: ["y"], size: 8, take: ["mean"] } }],
      {},
      'names the target "y"',
    ],
    [
      "a window of a window",
      [
        { window: { of: ["flow"], size: 8, take: ["mean"] } },
        { window: { of: ["flow_mean"], size: 8, take: ["mean"] } },
      ],
      {},
      'features[1].window.of names "flow_mean", which is not a column',
    ],
    [
      "a window after what is made of another",
      [
        { window: { of: ["flow"], size: 8, take: ["mean"] } },
        { lags: { of: ["flow_mean"], at: [1] } },
        { window: { of: ["flow_mean"], size: 8, take: ["max"] } },
      ],
      {},
      "features[2].window is a window after lags, but all windows must be listed in a row; move it next to the first one",
    ],
    [
      "a relation of one column",
      [{ relation: { of: ["flow"] } }],
      {},
      "features[0].relation names 1 column, expected 2 to 16 in of and given together",
    ],
    [
      "a relation of the target",
      [{ relation: { of: ["flow"], given: ["y"] } }],
      {},
      'features[0].relation names the target "y", whose value is not known yet',
    ],
    [
      "windows of two paces",
      [
        { window: { of: ["flow"], size: 8, every: "1min", take: ["mean"] } },
        { window: { of: ["flow"], size: 64, every: 64, take: ["max"] } },
      ],
      {},
      "features[1].window.every is 64, but features[0].window.every is 1min, and all windows come out as one row; write the same",
    ],
    [
      "a lag longer than the budget",
      [{ lags: { of: ["flow"], at: [100_000] } }],
      { budgetBytes: 65_536 },
      "features need 800040 bytes, 800040 of them for lags, but memory.budget is 65536",
    ],
    [
      "the same column twice",
      [{ lags: { of: ["flow"], at: [1] } }, { lags: { of: ["flow"], at: [1] } }],
      {},
      'makes the column "flow_lag1", which is there already',
    ],
    ["what is missing", [{ lags: { of: ["flow"] } }], {}, 'features[0].lags lacks "at"'],
    [
      "what cannot be taken",
      [{ window: { of: ["flow"], take: ["mode"] } }],
      {},
      "features[0].window.take must be a list of mean, sd",
    ],
    [
      "the past after a scale",
      ["standardize", { lags: { of: ["flow"], at: [1] } }],
      {},
      "is lags after standardize",
    ],
    [
      "a sequence by no column",
      [],
      { sequence: { by: "id" } },
      'sequence.by names "id", expected a column that is not the target, one of flow',
    ],
  ])("%s", (_what, features, options, sentence) => {
    expect(refusal(features, options)).toThrow(sentence);
  });
});

test("refuses a row that is not whole, and changes nothing", () => {
  const extraction = createExtraction({ columns: ["a", "b"], features: [{ lags: { of: ["a"], at: [1] } }] });
  extraction.push([1, 2]);
  const before = structuredClone(extraction.state());
  expect(() => extraction.push([3])).toThrow(/found 1 numbers .* expected 2 numbers, one for each column/);
  expect(() => extraction.push([3, 4], 1_767_225_600_000)).toThrow(/at offset 1767225600000/);
  expect(extraction.state()).toEqual(before);
});
