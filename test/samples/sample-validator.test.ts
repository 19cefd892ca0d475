import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type FaultChange,
  SampleValidator,
  type ValidatedField,
  type ValuePolicies,
} from "../../src/samples/sample-validator.ts";

const fields: ValidatedField[] = [
  { name: "temperature", range: [-40, 125] },
  { name: "flow", stuck: 4 },
  { name: "label", range: [0, 2] },
];
const usual: ValuePolicies = {
  missing: "skip",
  outOfRange: "skip",
  stuck: "alarm",
  indicator: false,
  holdFor: 10,
};

function bench(policies: Partial<ValuePolicies> = {}) {
  const told: FaultChange[] = [];
  const validator = new SampleValidator(fields, { ...usual, ...policies }, "label", (change) =>
    told.push(change),
  );
  /** What goes on to the learner of these rows; null for one that is skipped. */
  const pass = (...rows: number[][]) =>
    rows.map((row) => {
      // Not at the beginning, as in a ring.
      const values = Float64Array.of(999, ...row, 999);
      const passes = validator.validate(values, 1);
      expect([values[0], values.at(-1)]).toEqual([999, 999]);
      return passes ? [...values.subarray(1, -1)] : null;
    });
  const texts = () => told.map(({ text }) => text);
  /** Good rows, whose flow is never the same twice. */
  let flow = 0;
  const good = (count: number) => pass(...Array.from({ length: count }, () => [20, flow++ / 1000, 1]));
  return { validator, told, texts, pass, good };
}

test("good samples go on as they are, and nothing is counted or told", () => {
  const { validator, told, pass } = bench();
  const rows = [
    [-40, 1, 0],
    [125, -1e30, 2],
    [0, 0, 1],
  ];
  expect(pass(...rows)).toEqual(rows);
  expect([validator.skipped, validator.report(), told]).toEqual([0, [], []]);
});

test("a value that is missing where it may be is no fault, whatever the policies say", () => {
  const optional: ValidatedField[] = [
    { name: "flow" },
    { name: "label", range: [0, 2], stuck: 3, optional: true },
  ];
  const texts: string[] = [];
  const validator = new SampleValidator(optional, { ...usual, stuck: "skip" }, "label", ({ text }) =>
    texts.push(text),
  );
  const labels = [1, 1, Number.NaN, Number.NaN, Number.NaN, 0, 5, Number.POSITIVE_INFINITY];
  const passed = labels.map((label, row) => validator.validate(Float64Array.of(row, label), 0));
  expect(passed).toEqual([true, true, true, true, true, true, false, false]);
  expect(validator.report()).toEqual([{ field: "label", notFinite: 1, outOfRange: 1, stuck: 0 }]);
  expect(texts).toHaveLength(2);
});

describe("a value that is not finite", () => {
  test("makes its sample skipped, and is counted for its field", () => {
    const { validator, pass, texts } = bench();
    expect(pass([20, Number.NaN, 1], [Number.POSITIVE_INFINITY, 1, 1], [20, -Infinity, 1])).toEqual([
      ...[null, null, null],
    ]);
    expect(validator.skipped).toBe(3);
    expect(validator.report()).toEqual([
      { field: "temperature", notFinite: 1, outOfRange: 0, stuck: 0 },
      { field: "flow", notFinite: 2, outOfRange: 0, stuck: 0 },
    ]);
    expect(texts()).toEqual([
      "flow is not a finite number: NaN; skipped",
      "temperature is not a finite number: Infinity; skipped",
    ]);
  });

  test("is one that is infinite for the network, which counts in float32", () => {
    const { validator, pass } = bench();
    const largest = (2 - 2 ** -23) * 2 ** 127;
    expect(pass([20, largest, 1], [20, 3.5e38, 1], [1e300, 0, 1])).toEqual([[20, largest, 1], null, null]);
    // The largest that is finite is one that can be out of a range.
    pass([-largest, 0, 1]);
    expect(validator.report()).toEqual([
      { field: "temperature", notFinite: 1, outOfRange: 1, stuck: 0 },
      { field: "flow", notFinite: 1, outOfRange: 0, stuck: 0 },
    ]);
  });

  test("is replaced by the last good value where that is to be held, once there is one", () => {
    const { validator, pass, texts } = bench({ missing: "hold" });
    const nan = Number.NaN;
    expect(pass([nan, 1, 0], [21, 2, 0], [nan, nan, 1], [300, 3, 0], [nan, 4, 0])).toEqual([
      null,
      [21, 2, 0],
      [21, 2, 1],
      null, // out of range, which is skipped, and no good value either
      [21, 4, 0],
    ]);
    expect(validator.skipped).toBe(2);
    expect(texts().slice(0, 2)).toEqual([
      "temperature is not a finite number: NaN; skipped until there is a good value",
      "flow is not a finite number: NaN; replaced by 2, the last good value, for at most 10 samples",
    ]);
  });

  test("is held for the declared number of samples, and those after it are skipped until there is a good one", () => {
    const { validator, pass, texts, good } = bench({ missing: "hold", outOfRange: "hold", holdFor: 3 });
    let flow = 100;
    /** What is made of a row of samples' temperatures. */
    const taken = (...values: number[]) =>
      pass(...values.map((value) => [value, flow++, 1])).map((row) => row?.[0] ?? null);
    const wrong = [Number.NaN, 500, Number.NaN, 500, Number.NaN];
    expect(taken(21, ...wrong, 22, Number.NaN)).toEqual([21, 21, 21, 21, null, null, 22, 22]);
    expect(validator.skipped).toBe(2);
    const beginning = [
      "temperature is not a finite number: NaN; replaced by 21, the last good value, for at most 3 samples",
      "temperature is out of its range, -40 to 125: 500; replaced by 21, the last good value, for at most 3 samples",
      "temperature has had no good value for 3 samples; skipped until there is one",
    ];
    expect(texts()).toEqual(beginning);
    // Once, until the field is good again.
    for (let turn = 0; turn < 3; turn++) taken(23, ...wrong);
    expect(texts()).toEqual(beginning);
    good(100);
    taken(...wrong);
    // After that it was good again, and the beginnings of two faults.
    expect(texts().slice(6)).toEqual(beginning.slice(2));
  });

  test("is reported once when a fault of another kind begins just as the holding ends", () => {
    const { pass, texts } = bench({ missing: "hold", outOfRange: "hold", holdFor: 1 });
    expect(pass([21, 1, 0], [Number.NaN, 2, 0], [500, 3, 0], [500, 4, 0])).toEqual([
      [21, 1, 0],
      [21, 2, 0],
      null,
      null,
    ]);
    expect(texts()).toEqual([
      "temperature is not a finite number: NaN; replaced by 21, the last good value, for at most 1 samples",
      "temperature is out of its range, -40 to 125: 500; skipped until there is a good value",
    ]);
  });
});

describe("a value out of its range", () => {
  test.each([
    ["skip", [null, null], "skipped"],
    [
      "clamp",
      [
        [125, 2, 1],
        [-40, 3, 1],
      ],
      "replaced by 125",
    ],
    [
      "hold",
      [
        [21.5, 2, 1],
        [21.5, 3, 1],
      ],
      "replaced by 21.5, the last good value, for at most 10 samples",
    ],
    [
      "alarm",
      [
        [130.2, 2, 1],
        [-273, 3, 1],
      ],
      "used unchanged",
    ],
  ] as const)("where the policy is %s", (outOfRange, after, fate) => {
    const { validator, pass, told } = bench({ outOfRange });
    pass([21.5, 1, 1]);
    expect(pass([130.2, 2, 1], [-273, 3, 1])).toEqual(after);
    expect(validator.skipped).toBe(after[0] === null ? 2 : 0);
    expect(validator.report()).toEqual([{ field: "temperature", notFinite: 0, outOfRange: 2, stuck: 0 }]);
    expect(told).toEqual([
      {
        text: `temperature is out of its range, -40 to 125: 130.2; ${fate}`,
        isProblem: true,
        faults: { field: "temperature", notFinite: 0, outOfRange: 1, stuck: 0 },
      },
    ]);
  });

  test.each(["clamp", "hold", "alarm"] as const)(
    "of the target is skipped, also where the policy is %s",
    (policy) => {
      const { validator, pass, texts } = bench({ outOfRange: policy, missing: "hold" });
      expect(pass([20, 1, 1], [20, 2, 3], [20, 3, Number.NaN])).toEqual([[20, 1, 1], null, null]);
      expect(validator.report()).toEqual([{ field: "label", notFinite: 1, outOfRange: 1, stuck: 0 }]);
      expect(texts()).toEqual([
        "label is out of its range, 0 to 2: 3; skipped",
        "label is not a finite number: NaN; skipped",
      ]);
    },
  );
});

describe("a value that stays the same", () => {
  const flows = (...values: number[]) => values.map((flow) => [20, flow, 1]);

  test("is stuck from the declared number of samples on, and each further one counts", () => {
    const { validator, pass, texts } = bench();
    expect(pass(...flows(7, 7, 7))).toEqual(flows(7, 7, 7));
    expect(validator.report()).toEqual([]);
    expect(pass(...flows(7, 7, 7, 7))).toEqual(flows(7, 7, 7, 7));
    expect(validator.report()).toEqual([{ field: "flow", notFinite: 0, outOfRange: 0, stuck: 4 }]);
    pass(...flows(8, 7, 7, 7, 8));
    expect(validator.report()[0].stuck).toBe(4);
    expect(texts()).toEqual(["flow has been 7 for 4 samples; used unchanged"]);
  });

  test("is skipped where that is the policy, until it moves", () => {
    const { validator, pass } = bench({ stuck: "skip" });
    expect(pass(...flows(7, 7, 7, 7, 7, 8))).toEqual([...flows(7, 7, 7), null, null, ...flows(8)]);
    expect(validator.skipped).toBe(2);
  });

  test("starts again after a missing value", () => {
    const { validator, pass } = bench();
    pass(...flows(7, 7, 7, Number.NaN, 7, 7, 7));
    expect(validator.report()).toEqual([{ field: "flow", notFinite: 1, outOfRange: 0, stuck: 0 }]);
  });

  test("is 0 from the first sample on like any other", () => {
    const { validator, pass } = bench();
    pass(...flows(0, 0, 0));
    expect(validator.report()).toEqual([]);
    pass(...flows(0));
    expect(validator.report()[0].stuck).toBe(1);
  });
});

describe("the log", () => {
  test("has one line when a fault begins, and one when the field was good for 100 samples", () => {
    const { told, texts, pass, good } = bench();
    for (let turn = 0; turn < 5; turn++) {
      pass([200, 0, 1], [-50, 1, 1]);
      good(99);
    }
    expect(texts()).toEqual(["temperature is out of its range, -40 to 125: 200; skipped"]);
    good(1);
    expect(told.slice(1)).toEqual([
      {
        text: "temperature has been good for 100 samples, after 10 out of range",
        isProblem: false,
        faults: { field: "temperature", notFinite: 0, outOfRange: 10, stuck: 0 },
      },
    ]);
    good(1000);
    pass([126, 0, 1]);
    expect(texts().slice(2)).toEqual(["temperature is out of its range, -40 to 125: 126; skipped"]);
  });

  test("takes twice as many good samples each time, so that a fault now and then does not fill it", () => {
    const { validator, texts, pass, good } = bench();
    for (let turn = 0; turn < 20; turn++) {
      pass([200, 0, 1]);
      good(500);
    }
    expect(validator.skipped).toBe(20);
    expect(texts().map((text) => text.replace(/.*(is out|good for \d+).*/, "$1"))).toEqual([
      ...["is out", "good for 100", "is out", "good for 200", "is out", "good for 400", "is out"],
    ]);
  });

  test("takes 102400 good samples at the most, after ten times", () => {
    const texts: string[] = [];
    const validator = new SampleValidator([{ name: "x" }], usual, "y", ({ text }) => texts.push(text));
    const values = new Float64Array(1);
    /** How many good samples are needed until the field is called good. */
    const until = () => {
      values[0] = Number.NaN;
      validator.validate(values, 0);
      const before = texts.length;
      values[0] = 1;
      let samples = 0;
      while (texts.length === before && samples < 1e6) {
        validator.validate(values, 0);
        samples++;
      }
      return samples;
    };
    const needed = Array.from({ length: 13 }, until);
    expect(needed).toEqual(
      [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1024, 1024].map((hundreds) => 100 * hundreds),
    );
    expect(texts.at(-1)).toBe("x has been good for 102400 samples, after 1 not finite");
  });

  test("tells each kind of fault and each field by itself, and all of a field's when it is good again", () => {
    const { validator, texts, pass, good } = bench();
    pass([200, Number.NaN, 1]);
    good(50);
    pass([Number.NaN, 1, 1]);
    good(50);
    expect(texts().slice(3)).toEqual(["flow has been good for 100 samples, after 1 not finite"]);
    pass([20, Number.POSITIVE_INFINITY, 1]);
    expect(texts().slice(4)).toEqual(["flow is not a finite number: Infinity; skipped"]);
    good(49);
    expect(texts().slice(5)).toEqual([
      "temperature has been good for 100 samples, after 1 not finite, 1 out of range",
    ]);
    expect(validator.skipped).toBe(3);
  });
});

test("a value that is missing stays so for features that replace it, once there was one", () => {
  const { pass, texts } = bench({ missing: "absent", indicator: true });
  expect(pass([Number.NaN, 1, 1], [20, 1, 1], [Number.NaN, 1, 1], [Infinity, 2, 1], [22, 1, 1])).toEqual([
    null,
    [20, 1, 1],
    [Number.NaN, 1, 1],
    [Number.NaN, 2, 1],
    [22, 1, 1],
  ]);
  expect(texts()).toEqual(["temperature is not a finite number: NaN; skipped until there is a good value"]);
});

test("what passes is finite and in range, unless the policy is alarm", () => {
  const value = fc.oneof(fc.double(), fc.double({ min: -500, max: 500, noNaN: true }), fc.nat(3));
  const policies = fc.record({
    missing: fc.constantFrom("skip", "hold", "absent"),
    outOfRange: fc.constantFrom("skip", "clamp", "hold"),
    stuck: fc.constantFrom("skip", "alarm"),
    holdFor: fc.integer({ min: 1, max: 3 }),
  });
  fc.assert(
    fc.property(policies, fc.array(fc.tuple(value, value, value)), (given, rows) => {
      const { validator, pass } = bench(given as ValuePolicies);
      const passed = pass(...rows).filter((row) => row !== null);
      for (const [temperature, flow, label] of passed) {
        expect(temperature >= -40 && temperature <= 125).toBe(true);
        expect(Number.isFinite(Math.fround(flow))).toBe(true);
        expect(label >= 0 && label <= 2).toBe(true);
      }
      expect(passed.length + validator.skipped).toBe(rows.length);
    }),
  );
});

describe("a clock among the fields", () => {
  /** What becomes of values of one field beside a constant other one. */
  function passed(field: ValidatedField, given: number[]) {
    const texts: string[] = [];
    const validator = new SampleValidator([field, { name: "label" }], usual, "label", ({ text }) =>
      texts.push(text),
    );
    const results = given.map((value) => {
      const row = Float64Array.of(value, 1);
      expect(validator.validate(row, 0)).toBe(true);
      return row[0];
    });
    return { results, texts, faults: validator.report() };
  }
  const rising = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + 1000 * i);

  test("is 0 for the learner from its first value on, where this is milliseconds since 1970", () => {
    const { results, texts, faults } = passed({ name: "when" }, rising(1.7e12, 5));
    expect(results).toEqual([0, 0, 0, 0, 0]);
    expect(texts).toEqual([expect.stringMatching(/^when is a clock, .*name it in source\.time/)]);
    expect(faults).toMatchObject([{ field: "when", clock: 5 }]);
  });

  test("is so after some rises, where only its name and its course tell", () => {
    const { results } = passed({ name: "uptime_ms" }, rising(500, 60));
    expect(results.slice(0, 32)).toEqual(rising(500, 32));
    expect(results.slice(33)).toEqual(Array(27).fill(0));
  });

  test.each<[string, ValidatedField, number[]]>([
    ["another name", { name: "energy" }, rising(500, 60)],
    ["a temperature called t", { name: "t" }, rising(20, 60)],
    [
      "a time that goes up and down",
      { name: "reaction_time" },
      rising(500, 60).map((value, i) => value * ((i % 9) + 1)),
    ],
    ["a field that is declared to be none", { name: "time", clock: false }, rising(1.7e12, 60)],
    ["a field with a range", { name: "time", range: [0, 2e12] }, rising(1.7e12, 60)],
    ["the target", { name: "label" }, rising(1.7e12, 60)],
  ])("is not %s", (_, field, given) => {
    expect(passed(field, given).results).toEqual(given);
  });

  test("is known again after a restart", () => {
    const create = () => new SampleValidator([{ name: "ts" }, { name: "label" }], usual, "label");
    const before = create();
    for (const value of rising(0, 40)) before.validate(Float64Array.of(value, 1), 0);
    const after = create();
    after.restore(before.state());
    const row = Float64Array.of(41_000, 1);
    after.validate(row, 0);
    expect(row[0]).toBe(0);
  });
});
