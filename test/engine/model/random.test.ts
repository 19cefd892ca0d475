import { expect, test } from "vitest";
import { createRandom, shuffle } from "../../../src/engine/model/random.ts";

test("continues from its state", () => {
  const random = createRandom(3);
  for (let i = 0; i < 10; i++) random.bits();
  const copy = createRandom(0);
  copy.restore(random.state());
  expect([copy.bits(), copy.uniform()]).toEqual([random.bits(), random.uniform()]);
});

test("is uniform over its range", () => {
  const random = createRandom(1);
  const bins = new Uint32Array(16);
  for (let i = 0; i < 160_000; i++) bins[random.below(16)]++;
  // Chi-squared with 15 degrees of freedom exceeds 37.7 once in a thousand seeds.
  const chiSquared = bins.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
  expect(chiSquared).toBeLessThan(37.7);
});

test("different seeds, even neighbours, give unrelated streams", () => {
  const firsts = new Set(Array.from({ length: 1000 }, (_, seed) => createRandom(seed).bits()));
  expect(firsts.size).toBe(1000);
});

test("a shuffle keeps every row once and moves each place about equally often", () => {
  const random = createRandom(2);
  const atFront = new Uint32Array(5);
  for (let i = 0; i < 5000; i++) {
    const order = Uint32Array.of(0, 1, 2, 3, 4);
    shuffle(order, random);
    expect([...order].sort()).toEqual([0, 1, 2, 3, 4]);
    atFront[order[0]]++;
  }
  for (const count of atFront) expect(Math.abs(count - 1000)).toBeLessThan(130);
});
