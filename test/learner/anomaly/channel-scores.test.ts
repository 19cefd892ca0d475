import { expect, test } from "vitest";
import { ChannelScores, ingredients } from "../../../src/learner/anomaly/channel-scores.ts";
import { stationary } from "./streams.ts";

/**
 * Nats of the first six ingredients at some rows of a waving stream with a bump from row 1200 to 1209 and one value of 1e30 at row
 * 1400: computed by an implementation that shares no code with this one, with `Math.log`.
 */
const trace: [number, ...number[]][] = [
  [99, 0, 0, 0, 0, 0, 0],
  [100, 2.41759956861, 0.693147315201, 0.5634300344887, 1.415822542383, 2.535343686818, 2.744518141162],
  [150, 0.7333212469022, 1.614157742129, 0.5119115766232, 1.315600682232, 2.41244250826, 0.1889624938071],
  [400, 1.088299385475, 0.395450101818, 0.6143422214599, 0.6154688970801, 0.8837260316247, 0.4838444894835],
  [1000, 0.4690033839652, 0.272267458567, 0.6611588040479, 0.5585035971761, 1.603572777779, 0.9401591529878],
  [1199, 0.3127743733129, 0.25964850693, 0.6664846905123, 0.4163777718024, 2.632551494337, 1.865638200698],
  [1200, 27.1536511338, 2.998108429511, 6.601359190394, 24.48410311764, 1.095043038747, 4.054457575772],
  [1203, 0.9275763586768, 8.63139844985, 0.6673999733872, 23.64277440009, 0.2999375242308, 2.412660130137],
  [1215, 0.6864575223079, 6.973918437213, 0.668474776958, 23.87003016001, 0.1149449609793, 0.7011383776918],
  [1400, 315.2396470698, 3.530389354162, 80.43192990501, 9.101353932505, 0.5097480781335, 180.6770913113],
  [1401, 22.4523927078, 5.127972497373, 0.6703717383616, 9.463582380681, 0.2920861047547, 3.56456486704],
  [1499, 1.551227077384, 0.2574670917591, 0.6692142902326, 2.487930826672, 0.9116448193057, 0.6516169593378],
];

function natsOf({ surprises }: ChannelScores, which: number): number {
  surprises.settleOne(which);
  return surprises.nats[which];
}

/** All rows at one time, so that nothing is a gap. */
const noTime = new Float64Array(1);

/** A wave with noise of a linear congruential generator, in 31 bits. */
function* stream(): Generator<number> {
  let noise = 1;
  for (let row = 0; row < 1500; row++) {
    noise = (Math.imul(noise, 1103515245) + 12345) & 0x7fffffff;
    const bump = row >= 1200 && row < 1210 ? 8 : 0;
    yield row === 1400 ? 1e30 : 20 + 3 * Math.sin((row / 229) * 7) + noise / 2 ** 31 + bump;
  }
}

test("gives the nats of an independent implementation", () => {
  const channel = new ChannelScores();
  const expected = new Map(trace.map(([row, ...nats]) => [row, nats]));
  const cell = new Float64Array(1);
  let row = 0;
  for (const value of stream()) {
    cell[0] = value;
    const seconds = 300 * row;
    channel.observe(
      cell,
      0,
      noTime,
      0,
      Math.floor(seconds / 1800) % 48,
      (Math.floor(seconds / 3600) + 72) % 168,
    );
    for (const [index, nats] of expected.get(row)?.entries() ?? []) {
      expect(natsOf(channel, index), `ingredient ${index} of row ${row}`).toBeCloseTo(
        nats,
        9 - Math.ceil(Math.log10(1 + nats)),
      );
    }
    row++;
  }
});

test("has no profile where the time is not known, and all else as before", () => {
  const [timed, untimed] = [new ChannelScores(), new ChannelScores()];
  const cell = new Float64Array(1);
  let row = 0;
  for (const value of stream()) {
    cell[0] = value;
    timed.observe(cell, 0, noTime, 0, Math.floor(row / 6) % 48, Math.floor(row / 12) % 168);
    untimed.observe(cell, 0, noTime, 0, -1, -1);
    if (row++ === 1203) break;
  }
  expect(natsOf(untimed, 5)).toBeLessThan(1);
  expect(natsOf(timed, 5)).toBeGreaterThan(2);
  expect(natsOf(untimed, 3)).toBe(natsOf(timed, 3));
  expect(untimed.usualNow).toBeNaN();
});

test("tells what is little by day and much at night, by the scatter of that half hour", () => {
  const channel = new ChannelScores();
  const cell = new Float64Array(1);
  const isDay = (row: number) => row % 48 >= 15 && row % 48 < 38;
  const next = stationary["gauss"](3);
  for (let row = 0; row < 40 * 48; row++) {
    cell[0] = isDay(row) ? 5 + next(row) : 0.02 * next(row);
    channel.observe(cell, 0, noTime, 0, row % 48, Math.floor(row / 2) % 168);
  }
  cell[0] = 1.5;
  channel.observe(cell, 0, noTime, 0, 0, 0);
  expect(natsOf(channel, ingredients.indexOf("profile"))).toBeGreaterThan(5);
});

test("counts runs of equal values when they end, and one of more than 256 as normal", () => {
  const channel = new ChannelScores();
  const cell = new Float64Array(1);
  const unchanged = ingredients.indexOf("unchanged");
  const natsAfter = (value: number) => {
    cell[0] = value;
    channel.observe(cell, 0, noTime, 0, -1, -1);
    return natsOf(channel, unchanged);
  };
  for (let row = 0; row < 4000; row++) expect(natsAfter(row % 3 === 2 ? 1 : 0)).toBe(0);
  const course = Array.from({ length: 300 }, () => natsAfter(5));
  // Runs of two are usual; twice as long is e^(ln 2 / 0.25) as improbable from there on.
  expect(course[14]).toBe(0);
  expect(course[15]).toBeGreaterThan(5);
  expect(course[63] - course[31]).toBeCloseTo(Math.LN2 / 0.25, 6);
  expect(course.slice(255)).toEqual(Array(45).fill(0));
  expect(channel.unchangedRows).toBe(0);
  expect(natsAfter(6)).toBe(0);
  expect(channel.unchangedRows).toBe(1);
});

test("compares the first value after a gap with what is usual, but not with those before it", () => {
  const [residual, profile] = [ingredients.indexOf("residual"), ingredients.indexOf("profile")];
  const next = stationary["gauss"](5);
  const course = (row: number) => 10 * Math.sin((2 * Math.PI * row) / 48) + 0.1 * next(row);
  /** The channel after ten days of a value in half an hour and, where the time goes on, 25 half hours without one. */
  const afterDays = (stepMs: number, gapRows: number) => {
    const channel = new ChannelScores();
    const time = new Float64Array(1);
    const observe = (row: number, value: number) => {
      time[0] += row === 480 + gapRows ? stepMs * (1 + gapRows) : stepMs;
      channel.observe(Float64Array.of(value), 0, time, 0, row % 48, Math.floor(row / 2) % 168);
    };
    for (let row = 0; row < 480; row++) observe(row, course(row));
    return { channel, observe };
  };
  const usual = afterDays(1000, 25);
  const before = [usual.channel.level, usual.channel.scatterNow];
  usual.observe(505, course(505));
  expect(natsOf(usual.channel, residual)).toBe(0);
  expect(usual.channel.deviation[0]).toBe(0);
  expect(natsOf(usual.channel, profile)).toBeLessThan(5);
  expect([usual.channel.level, usual.channel.scatterNow]).toEqual(before);

  const unusual = afterDays(1000, 25);
  unusual.observe(505, course(505) - 8);
  expect(natsOf(unusual.channel, profile)).toBeGreaterThan(10);

  // The same step without a gap in time.
  const still = afterDays(0, 25);
  still.observe(505, course(505) - 8);
  expect(natsOf(still.channel, residual)).toBeGreaterThan(8);
});

test("ends a run of equal values at a gap, but one that is normal goes on", () => {
  const channel = new ChannelScores();
  const time = new Float64Array(1);
  const observe = (value: number, stepMs: number) => {
    time[0] += stepMs;
    channel.observe(Float64Array.of(value), 0, time, 0, -1, -1);
    return channel.unchangedRows;
  };
  for (let row = 0; row < 100; row++) observe(row % 7, 1000);
  for (let row = 0; row < 12; row++) expect(observe(9, 1000)).toBe(row + 1);
  expect(observe(9, 30_000)).toBe(1);
  expect(observe(9, 1000)).toBe(2);
  for (let row = 0; row < 300; row++) observe(9, 1000);
  expect(observe(9, 1e6)).toBe(0);
});

test("refuses stored bounds of a window that leave the column's range, and changes nothing", () => {
  const channel = new ChannelScores();
  const next = stationary["gauss"](4);
  for (let row = 0; row < 300; row++) channel.observe(Float64Array.of(next(row)), 0, noTime, 0, -1, -1);
  const before = structuredClone(channel.state());
  const damaged = structuredClone(before) as { bounds: { scalars: Float64Array } };
  damaged.bounds.scalars[8] = 1e6;
  expect(() => channel.restore(damaged)).toThrow("greatest values are above the column's");
  expect(channel.state()).toEqual(before);
  channel.restore(before);
});

/**
 * A pump that is on for 8 rows at 200 and off for 8. The function runs it up to row `end`, at `least` where it is off, and
 * returns the strongest nats of the bounds meanwhile; `isKept`: its rows are of an episode.
 */
function pumpOf(channel: ChannelScores) {
  const next = stationary["gauss"](9);
  let row = 0;
  return (end: number, least: number, isKept = true): number => {
    let strongest = 0;
    while (row < end) {
      const value = (row++ % 16 < 8 ? 200 : least) + 0.5 * next(0);
      channel.observe(Float64Array.of(value), 0, noTime, 0, -1, -1);
      if (isKept) channel.keepStrongest();
      strongest = Math.max(strongest, natsOf(channel, ingredients.indexOf("bounds")));
    }
    return strongest;
  };
}

/** The strongest nats of the bounds while a pump does not stop, after it stayed above 5 and, if `isSaid`, that was normal. */
function boundsAbove(level: number, isSaid: boolean): number {
  const channel = new ChannelScores();
  const pump = pumpOf(channel);
  pump(4000, 0);
  channel.beginEpisode();
  pump(4064, 5);
  if (isSaid) channel.takeAsNormal(0.03);
  pump(6000, 0);
  return pump(6064, level);
}

test("takes the bounds of an episode as normal, and none that are further off", () => {
  expect(boundsAbove(5, true)).toBeLessThan(5);
  expect(boundsAbove(5, false)).toBeGreaterThan(boundsAbove(5, true) + 1);
  expect(boundsAbove(100, true)).toBeGreaterThan(boundsAbove(5, true) + 2);
});

test("takes no run of fewer than 16 equal values as normal with the episode that it was in", () => {
  const natsAfter = (isSaid: boolean) => {
    const channel = new ChannelScores();
    const next = stationary["gauss"](10);
    const observe = (value: number) => channel.observe(Float64Array.of(value), 0, noTime, 0, -1, -1);
    for (let row = 0; row < 2000; row++) observe(next(row));
    channel.beginEpisode();
    for (let row = 0; row < 9; row++) {
      observe(0);
      channel.keepStrongest();
    }
    if (isSaid) channel.takeAsNormal(0.03);
    for (let row = 0; row < 300; row++) observe(next(row));
    for (let row = 0; row < 20; row++) observe(0);
    return natsOf(channel, ingredients.indexOf("unchanged"));
  };
  expect(natsAfter(false)).toBeGreaterThan(5);
  expect(natsAfter(true)).toBe(natsAfter(false));
});

test("takes no bounds as normal where a window was never looked at in the episode", () => {
  const natsAfter = (isKept: boolean) => {
    const channel = new ChannelScores();
    const pump = pumpOf(channel);
    channel.beginEpisode();
    pump(10, 0, isKept);
    pump(4000, 0, false);
    channel.takeAsNormal(0.03);
    return pump(4064, 100, false);
  };
  expect(natsAfter(false)).toBeGreaterThan(5);
  expect(natsAfter(true)).toBe(natsAfter(false));
});
