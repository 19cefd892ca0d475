import { describe, expect, test } from "vitest";
import { createRandom } from "../../src/engine/model/random.ts";
import { createEnsemble } from "../../src/learner/ensemble.ts";
import { HeldSamples } from "../../src/learner/held-samples.ts";
import { LastLabel } from "../../src/learner/last-label.ts";
import { gaussian } from "./made-streams.ts";

const doubles = new Float64Array(LastLabel.heldDoubles);

/** Predicts row after row, and learns each label `delay` rows later. */
function ageing(delay: number, rows: number, worth: (label: number) => number) {
  const last = new LastLabel({ classes: 2 });
  const held: number[][] = [];
  let isOpen = false;
  for (let row = 0; row < rows; row++) {
    last.ask(row, Math.max(0, row - delay));
    isOpen = last.isOpen;
    last.hold(doubles, 0);
    held.push([...doubles]);
    const due = row - delay;
    if (due < 0) continue;
    last.recall(Float64Array.from(held[due]), 0);
    const label = due & 1;
    const even = Float64Array.of(0.5, 0.5);
    const own = worth(label);
    const transitions = label === 0 ? Float64Array.of(own, 1 - own) : Float64Array.of(1 - own, own);
    if (last.isToBeJudged) last.judge(label, even, transitions, Float64Array.of(50, 50));
    last.learn(label);
  }
  return isOpen;
}

describe("the last label", () => {
  test("counts from the first row on where labels come with their rows", () => {
    for (const rows of [1, 2, 3, 500])
      expect(
        ageing(0, rows, () => 0.5),
        `${rows}`,
      ).toBe(true);
  });

  test("counts where it is old and was worth something, and only once that is known", () => {
    expect(ageing(10, 60, () => 0.8)).toBe(false);
    expect(ageing(10, 300, () => 0.8)).toBe(true);
    expect(ageing(10, 300, () => 0.5)).toBe(false);
    expect(ageing(10, 300, () => 0.3)).toBe(false);
  });

  test("does not count behind the rare row that has one", () => {
    const last = new LastLabel({ classes: 2 });
    for (let learned = 0; learned < 20; learned++) {
      last.ask(100 * learned, learned);
      last.learn(0);
      last.ask(100 * learned + 1, learned + 1);
    }
    expect(last.isOpen).toBe(false);
  });

  test("is that of the newest row whose label is known, not of the label that came last", () => {
    const last = new LastLabel({ classes: 2 });
    last.ask(0, 0);
    last.hold(doubles, 0);
    last.ask(1, 0);
    last.learn(1);
    last.recall(doubles, 0);
    last.learn(0);
    last.ask(2, 2);
    expect([...last.oneHot]).toEqual([0, 1]);
  });
});

/** Rows of two features; the label stays for a while, and the features tell it with much noise. */
function persistent(rows: number, stay: number): Float64Array {
  const { uniform } = createRandom(3);
  const values = new Float64Array(3 * rows);
  let label = 0;
  for (let row = 0; row < rows; row++) {
    if (uniform() > stay) label = 1 - label;
    values.set([label + gaussian(uniform), gaussian(uniform), label], 3 * row);
  }
  return values;
}

function lateLoss(values: Float64Array, delay: number, without: string[]): number {
  const target = { column: "label", classes: 2 };
  const ensemble = createEnsemble({ fields: ["a", "b", "label"], target, effort: "low", without });
  const held = new HeldSamples(ensemble.heldSizes, delay + 1);
  const row = new Float64Array(3);
  const rows = values.length / 3;
  let loss = 0;
  for (let at = 0; at < rows; at++) {
    row.set(values.subarray(3 * at, 3 * at + 2));
    row[2] = Number.NaN;
    ensemble.observe(row, 0);
    loss -= Math.log(ensemble.prediction[values[3 * at + 2]]);
    ensemble.hold(held, held.add(at, 0));
    const slot = held.find(at - delay);
    if (slot >= 0) ensemble.learnHeld(held, slot, values, 3 * (at - delay) + 2);
  }
  return loss / rows;
}

test("a label that comes late helps where labels stay, and does no harm where they do not", () => {
  const lasting = persistent(3000, 0.995);
  expect(lateLoss(lasting, 5, [])).toBeLessThan(0.97 * lateLoss(lasting, 5, ["label-transitions"]));
  const restless = persistent(3000, 0.5);
  for (const delay of [1, 100]) {
    const ratio = lateLoss(restless, delay, []) / lateLoss(restless, delay, ["label-transitions"]);
    expect(ratio, `${delay}`).toBeLessThan(1.01);
  }
});
