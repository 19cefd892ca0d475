import { expect, test } from "vitest";
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
  health.restarted(1);
  expect([...health.restarts]).toEqual([0, 1]);
  for (let row = 0; row < 399; row++) expect(health.observe(losses)).toBe(-1);
  expect(health.observe(losses)).toBe(1);
});
