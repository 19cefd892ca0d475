import { expect, test } from "vitest";
import type { Expert } from "../../src/learner/expert.ts";
import { ExpertHealth } from "../../src/learner/expert-health.ts";

test("names an expert whose losses stay above the constant's by more than the margin, once it had time", () => {
  const health = new ExpertHealth({ experts: 2, factor: 1, margin: 1 });
  const losses = Float64Array.of(0.5, 1.9, 1);
  for (let row = 0; row < 2000; row++) expect(health.observe(losses)).toBe(-1);
  losses[1] = 2.5;
  let rows = 0;
  while (health.observe(losses) < 0) rows++;
  // The fading mean goes from 1.9 to 2.5 and is at 2 after 36 rows.
  expect(rows).toBe(36);
  const calls: string[] = [];
  const expert = { restart: () => calls.push("restart") } as unknown as Expert;
  health.heal(1, expert);
  expect(calls).toEqual(["restart"]);
  expect([...health.restarts]).toEqual([0, 1]);
  for (let row = 0; row < 399; row++) expect(health.observe(losses)).toBe(-1);
  expect(health.observe(losses)).toBe(1);
});

test("lets a healthy expert keep a copy of itself, goes back to it once, and restarts it where that did not help", () => {
  const health = new ExpertHealth({ experts: 2, factor: 1, margin: 1 });
  const calls: string[] = [];
  const expert = Object.fromEntries(
    ["keep", "recover", "restart"].map((name) => [name, () => calls.push(name)]),
  ) as unknown as Expert;
  const losses = Float64Array.of(0.5, 1.5, 1);
  const observe = (rows: number) => {
    for (let row = 0; row < rows; row++) {
      const sick = health.observe(losses);
      if (sick >= 0) health.heal(sick, expert);
      for (const k of [0, 1]) if (health.keepsNow(k)) health.keep(k, expert);
    }
  };
  observe(1100);
  // After 512, 768 and 1,024 rows; the second is worse than the constant, though not sick.
  expect(calls).toEqual(["keep", "keep", "keep"]);
  losses[0] = 30;
  observe(410);
  expect(calls.slice(3)).toEqual(["recover"]);
  observe(400);
  expect(calls.slice(4)).toEqual(["restart"]);
  expect([...health.recoveries, ...health.restarts, health.healed]).toEqual([1, 0, 1, 0, 2]);
});

test("is to look for overflow every 256 rows, and so long after an expert was healed", () => {
  const health = new ExpertHealth({ experts: 2, factor: 1, margin: 1 });
  const looks: [number, number][] = [];
  for (let row = 1; row <= 700; row++) {
    health.observe(Float64Array.of(0.5, 0.5, 1));
    for (const k of [0, 1]) if (health.looksNow(k)) looks.push([k, row]);
    if (row === 100) health.heal(1, { restart: () => {} } as unknown as Expert);
  }
  expect(looks).toEqual([
    [0, 256],
    [1, 356],
    [0, 512],
    [1, 612],
  ]);
});
