import { expect, test } from "vitest";
import { pictureOf } from "../../../src/commands/demo/anomaly-view.ts";
import type { AnomalyStatus, FieldStatus } from "../../../src/status/document.ts";

const anomaly = {
  text: "2 anomalies so far, evidence 102.9 where an alarm needs 155.8",
  isWarm: true,
  isOpen: false,
  evidence: 102.9,
  threshold: 155.8,
} as AnomalyStatus;
const field = { name: "temperature", latest: 40.63, minimum: 18, maximum: 61 } as FieldStatus;
const told = { event: "anomaly", machineMs: 2_650_000, text: "anomaly in temperature: ".repeat(9).trim() };

test("of anomalies has no line that a terminal of its width would cut", () => {
  const state = {
    ...{ seconds: 30, elapsed: 30, port: "/dev/pts/117", samples: 11_999, anomaly },
    ...{ fields: [field], told: [told], course: Array(60).fill({ values: [40.63], evidence: 102.9 }) },
  };
  for (const width of [80, 100]) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what makes letters bold or dim takes no place
    const lines = pictureOf(state, width).map((line) => line.replace(/\x1b\[\d+m/g, ""));
    expect(lines.filter((line) => line.length >= width)).toEqual([]);
    expect(lines.join(" ")).toContain("every constant is that of the product");
    expect(lines.join(" ")).toContain("30 of 30 s, 1 h 40 min of its clock");
  }
});
