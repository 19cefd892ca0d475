import { describe, expect, onTestFinished, test, vi } from "vitest";
import { AnomalyDetector, createAnomalyDetector } from "../../../src/learner/anomaly/anomaly-detector.ts";
import { ChannelScores, ingredients } from "../../../src/learner/anomaly/channel-scores.ts";
import type { State } from "../../../src/state.ts";
import { measureAllocation } from "../../allocation.ts";
import { stationary } from "./streams.ts";

const minuteMs = 60_000;
const rowMs = 5 * minuteMs;
const rowsPerDay = 288;
const rowsPerWeek = 7 * rowsPerDay;

/** Observes so many rows of one column; the rows at which alarms began. */
function alarmsIn(
  values: ArrayLike<number>,
  options: { alarmsPerWeek?: number; columns?: string[] } = {},
  detector = createAnomalyDetector({ columns: ["value"], ...options }),
  first = 0,
): number[] {
  const columns = detector.columns.length;
  const all = Float64Array.from(values);
  const alarms: number[] = [];
  for (let row = 0; row < all.length / columns; row++) {
    if (detector.observe(all, row * columns, Float64Array.of((first + row) * rowMs), 0))
      alarms.push(first + row);
  }
  return alarms;
}

/** The rows at which alarms began, where a row comes each second. */
function alarmsOfSeconds(values: Float64Array, columns: number): number[] {
  const names = Array.from({ length: columns }, (_, column) => `c${column}`);
  const detector = createAnomalyDetector({ columns: names });
  const alarms: number[] = [];
  for (let row = 0; row < values.length / columns; row++)
    if (detector.observe(values, row * columns, Float64Array.of(1000 * row), 0)) alarms.push(row);
  return alarms;
}

/** Independent columns of noise, [rows, columns]. */
function independent(columns: number, rows: number, seed: number): Float64Array {
  const next = Array.from({ length: columns }, (_, column) => stationary["gauss"](100 * seed + column));
  return Float64Array.from({ length: rows * columns }, (_, index) => next[index % columns](0));
}

const weeksOf = (weeks: number, next: (row: number) => number) =>
  Float64Array.from({ length: weeks * rowsPerWeek }, (_, row) => next(row));

describe("what is normal", () => {
  test.each(Object.keys(stationary))("brings at most the alarms that were asked for: %s", (name) => {
    let alarms = 0;
    for (const seed of [1, 2, 3]) alarms += alarmsIn(weeksOf(6, stationary[name](seed))).length;
    expect(alarms / (3 * 6)).toBeLessThanOrEqual(2);
  });

  test.each([
    [7, 8],
    [0, 1],
    [-2.5, 400],
  ])(
    "a column that is always %d and was once %d brings one alarm, and none the day after",
    (always, once) => {
      const values = weeksOf(2, () => always);
      values[2500] = once;
      expect(alarmsIn(values)).toEqual([2500]);
    },
  );

  test("brings no alarm in the warm-up: for 500 rows, and for a day where rows are slow", () => {
    const values = weeksOf(1, stationary["gauss"](5));
    values.fill(1000, 280, 285);
    expect(alarmsIn(values)[0] ?? rowsPerWeek).toBeGreaterThanOrEqual(500);
    const detector = createAnomalyDetector({ columns: ["value"], warmUpMs: 3 * 24 * 60 * minuteMs });
    values.fill(1000, 600, 605);
    expect(alarmsIn(values, {}, detector)[0] ?? rowsPerWeek).toBeGreaterThanOrEqual(3 * rowsPerDay);
    expect(detector.isWarm).toBe(true);
  });

  test.each([1, 1000])("brings no week's budget in the first hours, at %d rows a second", (rowsPerSecond) => {
    let alarms = 0;
    for (const name of Object.keys(stationary)) {
      const next = stationary[name](1000);
      const detector = createAnomalyDetector({ columns: ["value"] });
      for (let row = 0; row < 20_000; row++) {
        detector.observe(Float64Array.of(next(row)), 0, Float64Array.of((1000 * row) / rowsPerSecond), 0);
      }
      alarms += detector.alarms;
    }
    // Where each record of a stream were an alarm, there would be 16.
    expect(alarms).toBeLessThanOrEqual(6);
  });

  test("is told from a fault in the first hour of a row a second", () => {
    const next = stationary["gauss"](7);
    const detector = createAnomalyDetector({ columns: ["value"] });
    const alarms: number[] = [];
    for (let row = 0; row < 3600; row++) {
      const value = next(row) + (row >= 1500 && row < 1530 ? 100 : 0);
      if (detector.observe(Float64Array.of(value), 0, Float64Array.of(1000 * row), 0)) alarms.push(row);
    }
    expect(alarms).toEqual([1500]);
  });

  test("asks for less as time passes, before the first of long blocks is over", () => {
    const next = stationary["gauss"](1);
    const detector = createAnomalyDetector({ columns: ["value"], coolDownMs: 24 * 60 * minuteMs });
    const thresholds = Array.from({ length: 2000 }, (_, row) => {
      detector.observe(Float64Array.of(next(row)), 0, Float64Array.of(row * minuteMs), 0);
      return detector.threshold;
    });
    // 17 and 4 ln(2 / due), of 2 alarms a week.
    expect(thresholds[1500]).toBeCloseTo(17 + 4 * Math.log((7 * 1440) / (1488 - 125)), 1);
    expect(thresholds[1999]).toBeLessThan(thresholds[1500]);
  });

  test.each([3, 8])("is told from a fault in the second hour, in one of %d columns", (columns) => {
    for (const seed of [1, 2, 3]) {
      const values = independent(columns, 7060, seed);
      for (let row = 7000; row < 7060; row++) values[columns * row] += 30;
      const alarms = alarmsOfSeconds(values, columns);
      expect(alarms.filter((row) => row < 7000).length).toBeLessThanOrEqual(2);
      expect(alarms.some((row) => row >= 7000)).toBe(true);
    }
  });

  test.each([1, 3])(
    "is not what a fault of minutes was, so that a stronger one is told after it: columns %d",
    (columns) => {
      for (let seed = 1; seed <= 8; seed++) {
        const values = independent(columns, 3530, seed);
        for (let row = 1500; row < 2300; row++) values[columns * row] += 10;
        for (let row = 3500; row < 3530; row++) values[columns * row] += 30;
        expect(alarmsOfSeconds(values, columns).some((row) => row >= 3500)).toBe(true);
      }
    },
  );

  test.each([2, 7])(
    "has a job that runs each day: it alarms at most three times, of %d a week",
    (alarmsPerWeek) => {
      const next = stationary["gauss"](60);
      const values = weeksOf(6, (row) => next(row) + (row % rowsPerDay < 2 ? 40 : 0));
      const ofJob = alarmsIn(values, { alarmsPerWeek }).filter((row) => row % rowsPerDay < 5);
      expect(ofJob.length).toBeLessThanOrEqual(3);
    },
  );

  test("is what follows a gap of a day, though it begins elsewhere than it ended", () => {
    const values = weeksOf(4, (row) => 20 + 3 * Math.sin((2 * Math.PI * row) / rowsPerDay));
    const noise = stationary["gauss"](61);
    for (let row = 0; row < values.length; row++) values[row] += 0.02 * noise(row);
    const alarms: number[] = [];
    const detector = createAnomalyDetector({ columns: ["value"] });
    for (let row = 0; row < values.length; row++) {
      if (row >= 4000 && row < 4000 + 1.5 * rowsPerDay) continue;
      if (detector.observe(values, row, Float64Array.of(row * rowMs), 0)) alarms.push(row);
    }
    expect(alarms.filter((row) => row >= 4000 && row < 4450)).toEqual([]);
  });

  test("is what follows a gap of a day in a slow column, whose first value comes later than that of a fast one", () => {
    const [fast, slow] = [stationary["gauss"](62), stationary["gauss"](63)];
    const detector = createAnomalyDetector({ columns: ["fast", "slow"] });
    const alarms: number[] = [];
    for (let row = 0; row < 16 * rowsPerDay; row++) {
      const course = 20 + 3 * Math.sin((2 * Math.PI * row) / rowsPerDay) + 0.06 * slow(row);
      if (row >= 4000 && row < 4000 + 1.5 * rowsPerDay) continue;
      const values = Float64Array.of(fast(row), row % 3 === 0 ? course : Number.NaN);
      if (detector.observe(values, 0, Float64Array.of(row * rowMs), 0)) alarms.push(row);
    }
    // The first row after the gap, 4432, has no slow value.
    expect(alarms.filter((row) => row >= 4432 && row < 4500)).toEqual([]);
  });

  test("is noise that becomes rare for good", () => {
    for (const seed of [1, 2, 3]) {
      const next = stationary["gauss"](70 + seed);
      const detector = createAnomalyDetector({ columns: ["value"], alarmsPerWeek: 7 });
      const time = new Float64Array(1);
      let rareAlarms = 0;
      let strongest = 0;
      for (let row = 0; row < 10 * 1440 + 60; row++) {
        const isRare = row >= 10 * 1440;
        time[0] += isRare ? 12 * 60 * minuteMs : minuteMs;
        const begins = detector.observe(Float64Array.of(next(row)), 0, time, 0);
        if (isRare && begins) rareAlarms++;
        if (isRare) strongest = Math.max(strongest, detector.evidence);
      }
      expect(rareAlarms).toBe(0);
      expect(strongest).toBeLessThan(17);
    }
  });

  test("of a constant column is no alarm, and its first change is one", () => {
    const values = new Float64Array(2000).fill(7);
    values.fill(8, 1500, 1505);
    expect(alarmsIn(values)[0]).toBe(1500);
  });
});

describe("what is not normal", () => {
  test("is told within the hour where the level shifts, once, and becomes normal", () => {
    let later = 0;
    for (const seed of [11, 12, 13, 14]) {
      const next = stationary["a day's course"](seed);
      const shiftAt = 3 * rowsPerWeek;
      const values = weeksOf(4, (row) => next(row) + (row >= shiftAt ? 45 : 0));
      const detector = createAnomalyDetector({ columns: ["value"] });
      const before = alarmsIn(values.subarray(0, shiftAt), {}, detector).length;
      // Where an episode was under way already, the shift is part of it.
      const wasOpen = detector.isOpen;
      const after = alarmsIn(values.subarray(shiftAt), {}, detector, shiftAt);
      expect(after.filter((row) => row < shiftAt + 12)).toHaveLength(wasOpen ? 0 : 1);
      expect(detector.alarms).toBe(before + after.length);
      later += after.filter((row) => row >= shiftAt + 12).length;
    }
    expect(later / 4).toBeLessThanOrEqual(1);
  });

  test("is told with its column, what was expected and seen, since when, and how it ranks", () => {
    const [one, two] = [stationary["gauss"](1), stationary["gauss"](2)];
    const rows = 2 * rowsPerWeek;
    const values = Float64Array.from({ length: 2 * rows }, (_, index) =>
      index % 2 === 0 ? 20 + one(index) : 5 + two(index),
    );
    values[2 * 3500 + 1] = 30;
    const detector = createAnomalyDetector({ columns: ["flow", "temperature"] });
    expect(detector.finding()).toBeNull();
    for (let row = 0; row <= 3500; row++) {
      detector.observe(values, 2 * row, Float64Array.of(row * rowMs), 0);
    }
    const finding = detector.finding();
    expect(finding).toMatchObject({ column: "temperature", seen: 30, since: 3500 * rowMs, rank: 0 });
    expect(finding?.expected).toBeGreaterThan(0);
    expect(finding?.expected).toBeLessThan(10);
    expect(finding?.evidence).toBeGreaterThan(finding?.threshold ?? Number.NaN);
    expect(detector.isOpen).toBe(true);
  });

  test("is found where two columns that always rise together do not, though neither leaves its range", () => {
    const next = stationary["gauss"](3);
    const noise = stationary["gauss"](4);
    const values: number[] = [];
    const broken = 3000;
    for (let row = 0; row < 3500; row++) {
      const common = next(row);
      values.push(common, row >= broken ? -common : common + 0.05 * noise(row));
    }
    const alarms = alarmsIn(values, { columns: ["a", "b"], alarmsPerWeek: 7 });
    expect(alarms.some((row) => row >= broken && row < broken + 20)).toBe(true);
  });

  test("is a sensor that is stuck, with its reason, and what stays stuck is normal within the stated time", () => {
    const next = stationary["a day's course"](31);
    const stuckAt = 3 * rowsPerWeek + 40;
    const detector = createAnomalyDetector({ columns: ["value"] });
    const value = new Float64Array(1);
    let told = 0;
    for (let row = 0; row < stuckAt + 900; row++) {
      if (row < stuckAt) value[0] = next(row);
      const begins = detector.observe(value, 0, Float64Array.of(row * rowMs), 0);
      if (begins && row >= stuckAt) {
        told++;
        expect(row - stuckAt).toBeLessThan(64);
        expect(detector.finding()).toMatchObject({ ingredient: "unchanged", unchanged: row - stuckAt + 2 });
      }
      if (row === stuckAt + 300 + detector.coolDownRows) {
        expect(detector.isOpen).toBe(false);
        expect(detector.outcome()).toMatchObject({ changed: "scatter" });
      }
    }
    expect(told).toBe(1);
  });

  test("is no valve that keeps its position for an hour or two", () => {
    const random = stationary["gauss"](8);
    let position = 0;
    const values = weeksOf(8, () => {
      if (Math.abs(random(0)) > 2.1) position = 1 - position;
      return position;
    });
    expect(alarmsIn(values).length).toBeLessThanOrEqual(4);
  });

  test("is a pump that does not stop, though each of its values is usual", () => {
    const next = stationary["gauss"](50);
    // In the middle of a run.
    const staysAt = 97 * 62 + 20;
    const values = weeksOf(4, (row) => (row % 97 < 30 || row >= staysAt ? 1500 : 2) + 0.5 * next(row));
    const detector = createAnomalyDetector({ columns: ["value"] });
    // Hours tell nothing of this pump.
    detector.setLocalOffset(null);
    const before = alarmsIn(values.subarray(0, staysAt), {}, detector).length;
    const after = alarmsIn(values.subarray(staysAt, staysAt + 100), {}, detector, staysAt);
    expect(before).toBeLessThanOrEqual(6);
    expect(after).toHaveLength(1);
  });

  test("is a working sensor that sends one and the same value for two hours, where none ever did", () => {
    const next = stationary["lognormal"](51);
    const values = weeksOf(3, (row) => (row >= 5000 && row < 5024 ? 0 : 1000 * next(row)));
    expect(alarmsIn(values).some((row) => row >= 5000 && row < 5024)).toBe(true);
  });

  test("is one cell of 1e30, which spoils nothing: what comes later is found as without it", () => {
    const next = stationary["a day's course"](21);
    const values = weeksOf(4, next);
    const at = [2.5, 3, 3.5].map((weeks) => weeks * rowsPerWeek);
    for (const row of at) values.fill(60, row, row + 3);
    const clean = alarmsIn(values);
    expect(at.every((row) => clean.some((alarm) => alarm >= row && alarm < row + 3))).toBe(true);
    values[2 * rowsPerWeek] = 1e30;
    const spoilt = alarmsIn(values);
    expect(spoilt).toContain(2 * rowsPerWeek);
    expect(at.every((row) => spoilt.some((alarm) => alarm >= row && alarm < row + 3))).toBe(true);
  });
});

test("leaves a missing value out, and scores the other columns", () => {
  const next = stationary["gauss"](6);
  const values = Float64Array.from({ length: 2 * 3000 }, () => next(0));
  for (let row = 1000; row < 2000; row++) values[2 * row] = Number.NaN;
  values[2 * 2500 + 1] = 50;
  expect(alarmsIn(values, { columns: ["a", "b"] })).toContain(2500);
});

test.each([1e39, 1e150, -1e200])("takes %d, which no sample can hold, as missing", (tooLarge) => {
  const [next, columns] = [stationary["gauss"](14), ["constant", "noisy"]];
  const values = Float64Array.from({ length: 2 * 1200 }, (_, index) => (index % 2 === 0 ? 5 : next(0)));
  const detectorOf = (value: number) => {
    const detector = createAnomalyDetector({ columns });
    const all = values.slice();
    for (const index of [0, 2 * 700, 2 * 900 + 1]) all[index] = value;
    alarmsIn(all, { columns }, detector);
    return detector;
  };
  const [detector, other] = [detectorOf(tooLarge), detectorOf(Number.NaN)];
  expect(Number.isFinite(detector.sustained)).toBe(true);
  expect(detector.state()).toEqual(other.state());
  const taken = createAnomalyDetector({ columns });
  taken.restore(structuredClone(detector.state()));
  expect(taken.state()).toEqual(detector.state());
});

test.each([false, true])(
  "what was normal says nothing of a column that was silent: restarted %s",
  (isRestarted) => {
    const [one, two] = [stationary["gauss"](23), stationary["gauss"](123)];
    const options = { columns: ["a", "b"], alarmsPerWeek: 7 };
    let detector = createAnomalyDetector(options);
    const alarms: number[] = [];
    for (let row = 0; row <= 5000; row++) {
      const values = Float64Array.of(20 + one(0), 50 + two(0));
      // A fault of a, which is silent for ten hours from then on; one of b meanwhile, and that of a again.
      if (row === 3000 || row === 5000) values[0] = 34;
      if (row > 3000 && row < 3600) values[0] = Number.NaN;
      if (row === 3500) values[1] = 70;
      if (row === 3499 && isRestarted) {
        const state = structuredClone(detector.state());
        detector = createAnomalyDetector(options);
        detector.restore(state);
      }
      if (detector.observe(values, 0, Float64Array.of(row * minuteMs), 0)) alarms.push(row);
      if (row === 3520) detector.takeAsNormal();
    }
    expect(alarms).toEqual([3000, 3500, 5000]);
  },
);

test("is the same from a young state, whatever the detector that takes it has seen", () => {
  const next = stationary["gauss"](17);
  const values = Float64Array.from({ length: 400 }, (_, row) => (row === 300 ? 60 : 20 + next(0)));
  const used = createAnomalyDetector({ columns: ["value"] });
  alarmsIn(values.subarray(0, 50), {}, used);
  const young = structuredClone(used.state());
  alarmsIn(values.subarray(50, 301), {}, used, 50);
  const fresh = createAnomalyDetector({ columns: ["value"] });
  for (const detector of [used, fresh]) {
    detector.restore(structuredClone(young));
    alarmsIn(values.subarray(50), {}, detector, 50);
  }
  expect(used.state()).toEqual(fresh.state());
});

test("names the first of columns that are equally unlike themselves", () => {
  const next = stationary["gauss"](18);
  const values = Float64Array.from({ length: 3000 }, () => next(0));
  values[2500] = 40;
  const twice = Float64Array.from({ length: 6000 }, (_, index) => values[index >> 1]);
  const detector = createAnomalyDetector({ columns: ["a", "b"] });
  alarmsIn(twice.subarray(0, 2 * 2501), { columns: ["a", "b"] }, detector);
  expect(detector.finding()).toMatchObject({ column: "a", seen: 40 });
  expect(detector.finding()?.ingredient).not.toBe("joint");
});

test("keeps the strongest moment of an episode beside the first, which stays what the alarm is about", () => {
  const next = stationary["gauss"](3);
  const [weakAt, strongAt] = [3000, 3012];
  const detector = createAnomalyDetector({ columns: ["a", "b"] });
  expect(detector.strongest()).toBeNull();
  const begins: number[] = [];
  let most = 0;
  for (let row = 0; row < strongAt + 100; row++) {
    const isStrong = row >= strongAt && row < strongAt + 3;
    const values = [next(row) + (row >= weakAt && row < strongAt ? 9 : 0), next(row) + (isStrong ? 60 : 0)];
    if (detector.observe(Float64Array.from(values), 0, Float64Array.of(row * rowMs), 0)) begins.push(row);
    if (row === weakAt) expect(detector.strongest()).toEqual({ ...detector.finding(), rank: undefined });
    if (row >= weakAt) most = Math.max(most, detector.evidence);
  }
  expect(begins.filter((row) => row >= weakAt)).toEqual([weakAt]);
  expect(detector.finding()).toMatchObject({ column: "a", since: weakAt * rowMs });
  const strongest = detector.strongest();
  expect(strongest).toMatchObject({ column: "b", since: strongAt * rowMs, evidence: most });
  expect(strongest?.seen).toBeGreaterThan(50);
  expect(detector.outcome()?.strongest).toBe(most);
});

test("forgets the strongest moment of an episode where the next one begins, however weak that is", () => {
  const next = stationary["gauss"](3);
  const detector = createAnomalyDetector({ columns: ["a"], alarmsPerWeek: 100 });
  const begins: number[] = [];
  for (let row = 0; row < 3500; row++) {
    const value = next(row) + (row === 3000 ? 1000 : row === 3400 ? 20 : 0);
    if (detector.observe(Float64Array.of(value), 0, Float64Array.of(row * rowMs), 0)) begins.push(row);
    if (row === 3400) expect(detector.strongest()).toEqual({ ...detector.finding(), rank: undefined });
  }
  expect(begins).toContain(3000);
  expect(begins).toContain(3400);
});

test("looks at nothing that comes later", () => {
  const next = stationary["lognormal"](8);
  const values = Float64Array.from({ length: 3000 }, () => next(0));
  const evidenceOf = (length: number) => {
    const detector = createAnomalyDetector({ columns: ["value"] });
    for (let row = 0; row < length; row++) detector.observe(values, row, Float64Array.of(row * rowMs), 0);
    return detector.evidence;
  };
  const before = evidenceOf(2000);
  values.fill(1e6, 2000);
  expect(evidenceOf(2000)).toBe(before);
});

test("continues from its state bit for bit, after any row", () => {
  const next = stationary["a day's course"](9);
  const values = Float64Array.from(
    { length: 2 * 1500 },
    (_, index) => next(index >> 1) + (index > 2400 ? 30 : 0),
  );
  const options = { columns: ["a", "b"], warmUpRows: 200, warmUpMs: 0 };
  const whole = createAnomalyDetector(options);
  let parts = createAnomalyDetector(options);
  for (let row = 0; row < 1500; row++) {
    const alarm = whole.observe(values, 2 * row, Float64Array.of(row * rowMs), 0);
    expect(parts.observe(values, 2 * row, Float64Array.of(row * rowMs), 0)).toBe(alarm);
    expect(parts.evidence).toBe(whole.evidence);
    expect(parts.sustained).toBe(whole.sustained);
    if (row % 37 !== 0) continue;
    const next = createAnomalyDetector(options);
    next.restore(structuredClone(parts.state()));
    parts = next;
  }
  expect(parts.finding()).toEqual(whole.finding());
  expect(parts.strongest()).toEqual(whole.strongest());
  expect(whole.alarms).toBeGreaterThan(0);
});

test("ranks a stretch of unusual rows above a moment that is as unusual, by its mean over the cool-down", () => {
  const next = stationary["gauss"](12);
  const values = Float64Array.from({ length: 4000 }, () => next(0));
  values[2500] = 30;
  for (let row = 3200; row < 3260; row += 2) values[row] = 30;
  const detector = createAnomalyDetector({ columns: ["value"], coolDownMs: 40 * rowMs });
  const evidence: number[] = [];
  const sustained = Array.from(values, (_, row) => {
    detector.observe(values, row, Float64Array.of(row * rowMs), 0);
    evidence.push(detector.evidence);
    return detector.sustained;
  });
  expect(detector.coolDownRows).toBe(40);
  const most = (numbers: number[], from: number) => Math.max(...numbers.slice(from, from + 100));
  expect(most(evidence, 2500)).toBeGreaterThan(most(evidence, 3200));
  expect(most(sustained, 3200)).toBeGreaterThan(most(sustained, 2500));
  expect(sustained[2500]).toBeCloseTo(sustained[2499] + (evidence[2500] - sustained[2499]) / 40, 12);
});

test("leaves the bounds of a window out of the mean over the cool-down, and nothing else", () => {
  const next = stationary["gauss"](3);
  const detector = createAnomalyDetector({ columns: ["pump"], coolDownMs: 40 * rowMs });
  detector.setLocalOffset(null);
  const pause = { isOn: false };
  const channel = new ChannelScores(pause);
  const [dispersion, bounds, unchanged] = ["dispersion", "bounds", "unchanged"].map((name) =>
    ingredients.indexOf(name as never),
  );
  const runs = (row: number) => row >= 6000 || row % 16 < 8;
  const leftOut: number[] = [];
  let begun = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < 6100; row++) {
    const before = detector.sustained;
    const [value, time] = [Float64Array.of((runs(row) ? 100 : 0) + next(0)), Float64Array.of(row * rowMs)];
    pause.isOn = detector.isAbove && row - begun <= 16;
    channel.observe(value, 0, time, 0, -1, -1);
    if (detector.observe(value, 0, time, 0)) begun = row;
    const span = Math.max(detector.coolDownRows, 16);
    leftOut.push(detector.evidence - before - span * (detector.sustained - before));
    channel.surprises.settle();
    const { nats } = channel.surprises;
    const weaker = nats[dispersion] < nats[unchanged] ? dispersion : unchanged;
    const others = Array.from(nats).filter((_, which) => which !== weaker && which !== bounds);
    const third = others.sort((one, two) => two - one)[2];
    // Without the bounds, the score that they replaced is among the strongest three again.
    expect(leftOut[row]).toBeCloseTo(Math.max(0, nats[bounds] - third), 8);
  }
  expect(Math.max(...leftOut.slice(6032))).toBeGreaterThan(3);
});

test.each([1, 2, 15])("takes the bytes that were planned for %d columns", (count) => {
  let allocated = 0;
  const counted = <T extends new (...given: never[]) => ArrayBufferView>(type: T): T =>
    new Proxy(type, {
      construct(target, given, own) {
        const array = Reflect.construct(target, given, own);
        allocated += array.byteLength;
        return array;
      },
    });
  for (const type of [Float64Array, Float32Array, Int32Array]) vi.stubGlobal(type.name, counted(type));
  onTestFinished(() => void vi.unstubAllGlobals());
  createAnomalyDetector({ columns: Array.from({ length: count }, (_, column) => `c${column}`) });
  expect(allocated).toBe(AnomalyDetector.bytes(count));
});

test("continues from the state of a version that kept tails of several columns for one", () => {
  const detector = createAnomalyDetector({ columns: ["a"] });
  detector.observe(Float64Array.of(3), 0, Float64Array.of(0), 0);
  const two = createAnomalyDetector({ columns: ["a", "b"] }).state() as Record<string, State>;
  const state = { ...(detector.state() as object), tails: two["tails"], joint: { rows: 1 } };
  const next = createAnomalyDetector({ columns: ["a"] });
  next.restore(structuredClone(state) as never);
  expect(next.state()).toEqual(detector.state());
});

test("refuses the state of other columns, and changes nothing", () => {
  const detector = createAnomalyDetector({ columns: ["a"] });
  detector.observe(Float64Array.of(3), 0, Float64Array.of(0), 0);
  const before = structuredClone(detector.state());
  expect(() => detector.restore(createAnomalyDetector({ columns: ["b"] }).state())).toThrow(
    "found the columns b in the stored anomaly detector, expected a; restore a state of the same columns",
  );
  expect(detector.state()).toEqual(before);
});

test.each([
  [{ columns: [] }, "found 0 columns to watch"],
  [{ columns: ["a"], alarmsPerWeek: 0 }, "found alarmsPerWeek 0, expected a number above 0"],
  [{ columns: ["a"], alarmsPerWeek: Number.NaN }, "found alarmsPerWeek NaN"],
])("refuses %o", (options, message) => {
  expect(() => createAnomalyDetector(options)).toThrow(message);
});

test("refuses a state whose pace, window or what recurs is damaged, and changes nothing", () => {
  const detector = createAnomalyDetector({ columns: ["value"] });
  const next = stationary["gauss"](13);
  alarmsIn(
    Array.from({ length: 600 }, (_, row) => next(row)),
    {},
    detector,
  );
  const before = structuredClone(detector.state());
  type Stored = {
    channels: { pace: { scalars: Float64Array }; bounds: { scalars: Float64Array } }[];
    recurrence: { strongest: Float64Array };
  };
  const damages: [string, (state: Stored) => void][] = [
    ["pace of a channel", (state) => state.channels[0].pace.scalars.fill(-1, 2, 3)],
    ["bounds of a window", (state) => state.channels[0].bounds.scalars.fill(1e99, 8, 9)],
    ["what recurs each day", (state) => state.recurrence.strongest.fill(1e99)],
  ];
  for (const [what, damage] of damages) {
    const damaged = structuredClone(before);
    damage(damaged as unknown as Stored);
    expect(() => detector.restore(damaged)).toThrow(what);
    expect(detector.state()).toEqual(before);
  }
});

test("allocates nothing per row", () => {
  const { collections } = measureAllocation(new URL("./observe-anomalies-repeated.ts", import.meta.url));
  expect(collections).toBe(0);
});

test("what was reported and was soon over is not usual after it", () => {
  const [first, second] = [10 * 288, 12 * 288];
  const isReportedAgain = (seed: number) => {
    const next = stationary["gauss"](seed);
    const detector = createAnomalyDetector({ columns: ["value"] });
    let last = 0;
    for (let row = 0; row < second + 6; row++) {
      const fault = row >= first && row < first + 6 ? 32 : row >= second ? 8 : 0;
      if (detector.observe(Float64Array.of(next(row) + fault), 0, Float64Array.of(row * rowMs), 0))
        last = row;
    }
    return last >= second;
  };
  const seeds = Array.from({ length: 12 }, (_, index) => 41 + index);
  expect(seeds.filter(isReportedAgain).length).toBeGreaterThan(7);
});

test("refuses a row that is not whole or has no time, and changes nothing", () => {
  const detector = createAnomalyDetector({ columns: ["a", "b"] });
  const before = structuredClone(detector.state());
  const time = Float64Array.of(0);
  expect(() => detector.observe(Float64Array.of(1), 0, time, 0)).toThrow(
    /expected 2 numbers, one for each column/,
  );
  for (const times of [time, Float64Array.of(Number.NaN, Number.NaN)])
    expect(() => detector.observe(Float64Array.of(1, 2), 0, times, 1)).toThrow(/as the time of a row/);
  expect(detector.state()).toEqual(before);
});
