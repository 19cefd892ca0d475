import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { needing } from "../needs.ts";
import { startWatched } from "./bench.ts";

const canCheck = spawnSync("promtool", ["--version"]).status === 0;

test(
  "Prometheus' own checker finds no fault, of either task",
  needing(canCheck, "apt install prometheus"),
  async () => {
    for (const target of ["{ column: label, classes: 3 }", "{ column: label }"]) {
      const { samples, get } = await startWatched({ target });
      await samples(120);
      const text = await (await get("/metrics")).text();
      const { stdout, stderr, status } = spawnSync("promtool", ["check", "metrics"], {
        input: text,
        encoding: "utf8",
      });
      expect([stdout, stderr, status]).toEqual(["", "", 0]);
    }
  },
);

test("the metrics tell samples, scores beside baselines, faults and memory", async () => {
  const { samples, get } = await startWatched();
  await samples(300);
  const response = await get("/metrics");
  expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
  const text = await response.text();
  const value = (name: string) => Number(new RegExp(`^rivulet_${name} (\\S+)$`, "m").exec(text)?.[1]);
  expect(value("samples_total")).toBe(300);
  expect(value("source_connected")).toBe(1);
  expect(value('accuracy\\{window="all"\\}')).toBeGreaterThan(0.9);
  expect(value('baseline_accuracy\\{model="most frequent class"\\}')).toBeLessThan(0.5);
  expect(value('field_faults_total\\{field="b"\\}')).toBe(0);
  expect(value("resident_bytes")).toBeGreaterThan(2 ** 20);
  expect(text).toContain('rivulet_build_info{version="1.2.3",name="bench"} 1\n');
  const names = [...text.matchAll(/^rivulet_([a-z_0-9]+)/gm)].map(([, name]) => name);
  for (const name of names) expect(text).toContain(`# TYPE rivulet_${name} `);
});
