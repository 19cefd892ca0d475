import { expect, test } from "vitest";
import { createRandom } from "../../src/engine/model/random.ts";
import { ReplayRing } from "../../src/learner/replay-ring.ts";

const filled = (rows: number) => {
  const ring = new ReplayRing({ rows: 7, inputs: 2 });
  for (let row = 0; row < rows; row++)
    ring.store(Float32Array.of(row, row + 50), Float64Array.of(100 + row), 0);
  return ring;
};

test.each([1, 6, 7, 8, 23])("a ring of seven holds the newest of %i rows", (rows) => {
  const ring = filled(rows);
  expect(ring.live).toBe(Math.min(rows, 7));
  const row = new Float32Array(3);
  for (let age = 0; age < ring.live; age++) {
    const place = ring.placeOf(age);
    ring.read(place, row, 1);
    expect([...row]).toEqual([0, rows - 1 - age, rows + 49 - age]);
    expect(ring.targets[place]).toBe(100 + rows - 1 - age);
  }
});

test("after it is cut to the newest, only those are drawn, each as often", () => {
  const ring = filled(23);
  ring.keepNewest(3);
  const random = createRandom(1);
  const counts = new Map<number, number>();
  for (let i = 0; i < 3000; i++) {
    const target = ring.targets[ring.draw(random)];
    counts.set(target, (counts.get(target) ?? 0) + 1);
  }
  expect([...counts.keys()].sort()).toEqual([120, 121, 122]);
  expect(Math.min(...counts.values())).toBeGreaterThan(900);
});

test.each([
  [5, 2],
  [7, 3],
  [9, 4],
  [11, 1],
  [12, 6],
  [13, 0],
])("of %i rows the newest %i lie where the ring says, in the order of their places", (rows, count) => {
  const ring = filled(rows);
  ring.keepNewest(count);
  for (let more = 0; more < 9; more++) {
    ring.writeStretches();
    const [start, end, again, last] = ring.stretches;
    const places = Array.from({ length: 7 }, (_, place) => place).filter(
      (place) => (place >= start && place < end) || (place >= again && place < last),
    );
    const expected = Array.from({ length: ring.live }, (_, age) => ring.placeOf(age));
    expect(places).toEqual(expected.sort((a, b) => a - b));
    expect(end <= again || last === 0).toBe(true);
    ring.store(Float32Array.of(0, 0), Float64Array.of(0), 0);
  }
});

test.each([3, 7, 9, 23])(
  "limited to four it keeps the newest of %i rows, and the rows that follow",
  (rows) => {
    const ring = filled(rows);
    ring.limit(4);
    const targets = () =>
      Array.from({ length: ring.live }, (_, age) => ring.targets[ring.placeOf(age)] - 100);
    expect(targets()).toEqual(Array.from({ length: Math.min(4, rows) }, (_, age) => rows - 1 - age));
    for (let row = rows; row < rows + 6; row++)
      ring.store(Float32Array.of(row, 0), Float64Array.of(100 + row), 0);
    expect(targets()).toEqual([rows + 5, rows + 4, rows + 3, rows + 2]);
    expect(ring.live).toBe(4);
    ring.limit(7);
    ring.store(Float32Array.of(0, 0), Float64Array.of(100), 0);
    expect(targets()).toEqual([0, rows + 5, rows + 4, rows + 3, rows + 2]);
  },
);
