import { expect, test } from "vitest";
import type { Figure } from "../../src/commands/bench/figure.ts";
import { workloads } from "../../src/commands/bench/workloads.ts";
import { rivulet } from "../rivulet.ts";

test("rivulet bench measures every group and says in sentences what it means", async () => {
  const { code, stdout } = await rivulet(["bench", "--rounds", "1", "--json"]);
  expect(code).toBe(0);
  const { figures, sentences } = JSON.parse(stdout) as { figures: Figure[]; sentences: string[] };
  const groups = new Set(figures.map(({ group }) => group));
  expect([...groups]).toEqual(
    expect.arrayContaining(["references", "training step", "optimizer pass", "decoding", "growth"]),
  );
  for (const { name, value } of figures) {
    expect(value.median, name).toBeGreaterThan(0);
    expect(value.minimum, name).toBeLessThanOrEqual(value.median);
    expect(value.maximum, name).toBeGreaterThanOrEqual(value.median);
  }
  for (const { id } of workloads) expect(figures.some(({ name }) => name.startsWith(id))).toBe(true);
  expect(sentences[0]).toMatch(/^A typical sensor network .* learns from .* samples a second on one core/);
  expect(sentences.at(-1)).toMatch(/limit/);
});
