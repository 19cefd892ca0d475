import { describe, expect, test } from "vitest";
import { LateLabels, type LateLabelsOptions } from "../../../src/daemon/labels/late-labels.ts";
import { createLearner } from "../../../src/learner/create-learner.ts";
import type { PrequentialLearner } from "../../../src/learner/prequential-learner.ts";

const fields = ["x", "label"];
const target = { column: "label", classes: 3 };

/** A time that only the test moves: milliseconds since the epoch, and how far the system's clock was set. */
function createTime(start = 1_000_000) {
  const time = { now: start, ahead: 0 };
  const clock = { now: () => time.now, systemAhead: () => time.ahead };
  return { time, clock };
}

/** Samples that come, one a second, and wait for their labels. */
function bench(
  options: Partial<LateLabelsOptions> = {},
  learner: PrequentialLearner = createLearner({ fields, target, model: {} }),
) {
  const { time, clock } = createTime();
  const state = { taken: 0, paused: false };
  const learned: [number, number][] = [];
  const labels = new LateLabels({
    ...{
      learner,
      clock,
      samples: 8,
      keepMs: 60_000,
      target: { classes: 3, names: ["idle", "run", "fault"] },
    },
    newest: () => state.taken,
    isPaused: () => state.paused,
    onLearned: (number, targets, at) => learned.push([number, targets[at]]),
    ...options,
  });
  const sample = (label = Number.NaN) => {
    labels.makeRoom();
    state.taken++;
    time.now += 1000;
    learner.observe(Float64Array.of(state.taken % 5, label), 0);
    labels.hold(state.taken, time.now, Float64Array.of(label), 0);
  };
  const samples = (count: number) => {
    for (let i = 0; i < count; i++) sample();
  };
  const post = (document: object) => labels.post(JSON.stringify(document));
  return { labels, learner, learned, sample, samples, post, state, time };
}

const only = (outcome: object) => ({
  joined: 0,
  corrected: 0,
  expired: 0,
  unknown: 0,
  repeated: 0,
  ...outcome,
});

describe("a label joins", () => {
  test("the sample with its number, by class or by name, and that sample is learned from", () => {
    const { labels, learner, learned, samples, post } = bench();
    samples(5);
    expect(post({ sequence: 3, label: 1 })).toEqual(only({ joined: 1 }));
    expect(post({ sequence: 5, label: "fault" })).toEqual(only({ joined: 1 }));
    labels.flush();
    expect(learned).toEqual([
      [3, 1],
      [5, 2],
    ]);
    expect([learner.samplesSeen, learner.unlabelled]).toEqual([2, 3]);
  });

  test("the sample nearest to its time, all of a range of times, or those of the last seconds", () => {
    const { labels, learned, samples, post } = bench();
    samples(8); // at 1001 to 1008 s
    expect(post({ at: 1_003_400, label: 0 })).toEqual(only({ joined: 1 }));
    expect(post({ at: 1_003_600, label: 0 })).toEqual(only({ joined: 1 }));
    expect(post({ from: 1_005_000, to: 1_006_000, label: 1 })).toEqual(only({ joined: 2 }));
    expect(post({ last: "1s", label: 2 })).toEqual(only({ joined: 2 }));
    labels.flush();
    expect(learned).toEqual([
      [3, 0],
      [4, 0],
      [5, 1],
      [6, 1],
      [7, 2],
      [8, 2],
    ]);
  });

  test("by a clock that was set since the samples came", () => {
    const { labels, learned, samples, post, time } = bench();
    samples(4);
    time.ahead = 50 * 365 * 86_400_000; // a board without a battery, once NTP has answered
    expect(post({ at: 1_002_000 + time.ahead, label: 1 })).toEqual(only({ joined: 1 }));
    expect(post({ at: 1_002_000, label: 1 })).toEqual(only({ expired: 1 }));
    labels.flush();
    expect(learned).toEqual([[2, 1]]);
  });
});

describe("a label is counted", () => {
  test("as expired where its sample is no longer kept, be it for its age or for those that came since", () => {
    const { samples, post, time } = bench();
    samples(10);
    expect(post({ sequence: 2, label: 1 })).toEqual(only({ expired: 1 }));
    expect(post({ sequence: 3, label: 1 })).toEqual(only({ joined: 1 }));
    expect(post({ at: 990_000, label: 1 })).toEqual(only({ expired: 1 }));
    expect(post({ from: 0, to: 1000, label: 1 })).toEqual(only({ expired: 1 }));
    time.now += 61_000;
    expect(post({ sequence: 10, label: 1 })).toEqual(only({ expired: 1 }));
    expect(post({ sequence: 3, label: 2 })).toEqual(only({ expired: 1 }));
  });

  test("as unknown where there never was such a sample, or it was not kept", () => {
    const { samples, post, state, sample } = bench();
    samples(2);
    state.taken++; // one that was refused
    sample();
    for (const sequence of [0, -1, 3, 5, 1e12]) {
      expect(post({ sequence, label: 1 }), `${sequence}`).toEqual(only({ unknown: 1 }));
    }
    expect(post({ at: 2_000_000, label: 1 })).toEqual(only({ unknown: 1 }));
    expect(post({ from: 1_500_000, to: 2_000_000, label: 1 })).toEqual(only({ unknown: 1 }));
  });

  test("as repeated where the sample has it, or where its id came before, whatever it says then", () => {
    const { labels, learned, samples, post } = bench();
    samples(3);
    expect(post({ sequence: 1, label: 1, id: "a" })).toEqual(only({ joined: 1 }));
    expect(post({ sequence: 1, label: 1 })).toEqual(only({ repeated: 1 }));
    labels.flush();
    expect(post({ sequence: 1, label: 1 })).toEqual(only({ repeated: 1 }));
    expect(post({ sequence: 2, label: 2, id: "a" })).toEqual(only({ repeated: 1 }));
    labels.flush();
    expect(learned).toEqual([[1, 1]]);
    expect(labels.counts).toEqual(only({ joined: 1, repeated: 3 }));
  });

  test("as corrected where the sample had another, which it came with or got late: the later counts", () => {
    const { labels, learned, sample, samples, post, learner } = bench();
    sample(0);
    samples(2);
    expect(post({ sequence: 1, label: 2 })).toEqual(only({ corrected: 1 }));
    post({ sequence: 2, label: 1 });
    expect(post({ sequence: 2, label: 0 })).toEqual(only({ corrected: 1 }));
    labels.flush();
    expect(post({ sequence: 2, label: 2 })).toEqual(only({ corrected: 1 }));
    labels.flush();
    // The first label of 2 was never learned from: the second one was there before.
    expect(learned).toEqual([
      [1, 2],
      [2, 0],
      [2, 2],
    ]);
    expect(learner.samplesSeen).toBe(2);
  });
});

test("only the latest 1,024 ids are remembered", () => {
  const { samples, post } = bench();
  samples(1);
  for (let id = 0; id < 1025; id++) post({ sequence: 1, label: id % 3, id: `${id}` });
  expect(post({ sequence: 1, label: 1, id: "1" })).toEqual(only({ repeated: 1 }));
  expect(post({ sequence: 1, label: 2, id: "0" })).toEqual(only({ corrected: 1 }));
});

test("of several labels in a text that has a wrong one, none is applied", () => {
  const { labels, samples, learned } = bench();
  samples(2);
  expect(() => labels.post('{"sequence":1,"label":1}\n{"sequence":2,"label":9}')).toThrow(
    "found the label 9",
  );
  labels.flush();
  expect([learned, labels.counts]).toEqual([[], only({})]);
});

test("no label is taken in a pause", () => {
  const { labels, samples, post, state } = bench();
  samples(1);
  state.paused = true;
  expect(() => post({ sequence: 1, label: 1 })).toThrow("learning is paused");
  state.paused = false;
  expect(post({ sequence: 1, label: 1 })).toEqual(only({ joined: 1 }));
  labels.flush();
});

test("a label is learned from before its sample gives way to a newer one, those before it first", () => {
  const { samples, post, learned } = bench();
  samples(8);
  post({ sequence: 5, label: 1 });
  post({ sequence: 1, label: 2 });
  post({ sequence: 6, label: 0 });
  samples(1);
  expect(learned).toEqual([
    [5, 1],
    [1, 2],
  ]);
});

test("labels are learned from in turns of the event loop, in the order in which they came", async () => {
  const { samples, post, learned } = bench();
  samples(8);
  for (const sequence of [7, 2, 5]) post({ sequence, label: 1 });
  expect(learned).toEqual([]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(learned.map(([number]) => number)).toEqual([7, 2, 5]);
});

test("a restart keeps samples that wait, labels that were accepted, and ids", () => {
  const first = bench();
  first.samples(6);
  first.post({ sequence: 4, label: 1, id: "a" });
  first.time.ahead = 3000;
  const stored = structuredClone(first.labels.state());
  expect(first.learned).toEqual([[4, 1]]);
  const next = bench({}, first.learner);
  next.state.taken = 6;
  next.labels.restore(stored);
  expect(next.post({ sequence: 5, label: 2, id: "a" })).toEqual(only({ repeated: 1 }));
  expect(next.post({ sequence: 4, label: 1 })).toEqual(only({ repeated: 1 }));
  // The times go on by the clock of the new process, which began with the system's.
  expect(next.post({ at: 1_005_000 + 3000, label: 2 })).toEqual(only({ joined: 1 }));
  next.labels.flush();
  expect(next.learned).toEqual([[5, 2]]);
  for (const wrong of [null, { held: null, ids: [], ahead: 0 }, { held: null, ids: [1], ahead: 0 }]) {
    expect(() => next.labels.restore(wrong)).toThrow("state");
  }
});
