import { expect, test } from "vitest";
import { createPacing } from "../../src/emulation/pacing.ts";

/** A clock that stands where it is put. */
function clock() {
  let time = 1000;
  return { now: () => time, advance: (milliseconds: number) => (time += milliseconds) };
}

test("gives as much emulated time as real time has passed", () => {
  const { now, advance } = clock();
  const pacing = createPacing(1, now);
  expect(pacing.due()).toBe(0);
  advance(10);
  expect(pacing.due()).toBe(10);
  expect(pacing.due()).toBe(0);
});

test("runs as many times faster as it is told", () => {
  const { now, advance } = clock();
  const pacing = createPacing(4, now);
  advance(10);
  expect(pacing.due()).toBe(40);
});

test("catches up with a stall in slices and says when it is behind", () => {
  const { now, advance } = clock();
  const pacing = createPacing(1, now);
  advance(1234);
  let caughtUp = pacing.due();
  let slices = 1;
  while (pacing.behind) {
    caughtUp += pacing.due();
    slices++;
  }
  expect(caughtUp).toBe(1234);
  expect(slices).toBe(25);
});

test("forgets what an hour of suspension would owe, but for ten seconds", () => {
  const { now, advance } = clock();
  const pacing = createPacing(2, now);
  advance(3_600_000);
  let caughtUp = pacing.due();
  while (pacing.behind) caughtUp += pacing.due();
  expect(caughtUp).toBe(20_000);
});

test("owes nothing for the time it was held", () => {
  const { now, advance } = clock();
  const pacing = createPacing(1, now);
  advance(500);
  pacing.hold();
  advance(3);
  expect(pacing.due()).toBe(3);
});
