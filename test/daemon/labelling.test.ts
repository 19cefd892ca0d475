import { expect, test } from "vitest";
import { Labelling } from "../../src/daemon/labelling.ts";
import { until } from "../until.ts";

function labelling(columns = 3, targetAt = 2) {
  const learned: number[][] = [];
  const held = new Labelling(columns, targetAt, (values, offset) => {
    learned.push([...values.subarray(offset, offset + columns)]);
  });
  return { held, learned };
}

const sample = (...values: number[]) => Float64Array.from(values);

test("samples of the last seconds are learned with the label, oldest first, and older ones are not", async () => {
  const { held, learned } = labelling();
  for (let i = 0; i < 5; i++) held.hold(sample(i, 10 * i, 0), 0, 3, 1000 * i);
  expect(held.label(2, 3000)).toBe(2);
  await until(() => learned.length > 1);
  expect(learned).toEqual([
    [3, 30, 2],
    [4, 40, 2],
  ]);
});

test("a sample is labelled once", () => {
  const { held, learned } = labelling();
  held.hold(sample(1, 2, 0), 0, 3, 1000);
  expect(held.label(1, 0)).toBe(1);
  held.hold(sample(3, 4, 0), 0, 3, 2000);
  expect(held.label(2, 0)).toBe(1);
  held.flush();
  expect(learned).toEqual([
    [1, 2, 1],
    [3, 4, 2],
  ]);
});

test("the label stands behind the columns of a port that does not send it", () => {
  const { held, learned } = labelling();
  held.hold(sample(9, 9, 5, 6), 2, 2, 0);
  held.label(1, 0);
  held.flush();
  expect(learned).toEqual([[5, 6, 1]]);
});

test("the newest are kept when more come than it can hold", () => {
  const { held, learned } = labelling();
  for (let i = 0; i < 3000; i++) held.hold(sample(i, 0, 0), 0, 3, i);
  expect(held.label(1, 0)).toBe(1024);
  held.flush();
  expect([learned.length, learned[0][0], learned.at(-1)?.[0]]).toEqual([1024, 1976, 2999]);
});

test("what comes while labelled samples wait is held for the next label", () => {
  const { held, learned } = labelling();
  held.hold(sample(1, 1, 0), 0, 3, 1);
  held.label(1, 0);
  held.hold(sample(2, 2, 0), 0, 3, 2);
  held.flush();
  held.flush();
  expect(learned).toEqual([[1, 1, 1]]);
  held.label(0, 0);
  held.flush();
  expect(learned).toEqual([
    [1, 1, 1],
    [2, 2, 0],
  ]);
});
