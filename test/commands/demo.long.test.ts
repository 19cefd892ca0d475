import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { decodeCheckpoint } from "../../src/checkpoint/format.ts";
import { folderWith, rivulet, startRivulet } from "../rivulet.ts";
import { until } from "../until.ts";

const samplesIn = (path: string) => decodeCheckpoint(readFileSync(path), path).samplesSeen;

describe.concurrent("demo", () => {
  test("learns from the emulated board and reports it as one JSON document", async () => {
    const cwd = folderWith();
    const { code, stdout, stderr } = await rivulet(["demo", "--seconds", "4", "--json"], { cwd });
    expect(code).toBe(0);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ missing: 0, damaged: 0, rejected: 0, dropped: 0, skippedSteps: 0 });
    expect(result.samples).toBeGreaterThan(500);
    expect(result.accuracy).toBeGreaterThan(result.baselineAccuracy);
    expect(result.slidingAccuracy).toBeGreaterThan(result.linearSlidingAccuracy);
    // One entry a second; a busy machine may miss some.
    const seconds = result.course.map(({ second }: { second: number }) => second);
    expect(seconds.length).toBeGreaterThan(0);
    expect(seconds).toEqual([1, 2, 3, 4].filter((second) => seconds.includes(second)));
    expect(result.next).toHaveLength(3);
    expect(result.checkpoint).toBe(join(cwd, "checkpoints/demo/1/checkpoint-00000001.msgpack"));
    // The last samples came between the report and the end.
    expect(samplesIn(result.checkpoint)).toBeGreaterThanOrEqual(result.samples);
    // The lines for people go elsewhere, without the codes of a terminal.
    expect(stderr).toContain("accuracy");
    expect(stderr).not.toContain("\u001b");
    for (const command of result.next) {
      const { code, stderr } = await rivulet(command.replace("npx rivulet ", "").split(" "), { cwd });
      expect([command, code, stderr]).toEqual([command, 0, ""]);
    }
  });

  test("ends early on Ctrl-C in the same orderly way", async () => {
    const cwd = folderWith();
    const demo = startRivulet(["demo", "--seconds", "600", "--checkpoints", "kept"], { cwd });
    await until(() => /^ *\d+ s +\d{2,} samples/m.test(demo.stdout));
    demo.process.kill("SIGINT");
    const { code, stdout, stderr } = await demo.ended;
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("Try next:\n  npx rivulet inspect kept/1/checkpoint-00000001.msgpack\n");
    expect(readdirSync(join(cwd, "kept/1"))).toEqual(["checkpoint-00000001.msgpack"]);
    expect(samplesIn(join(cwd, "kept/1/checkpoint-00000001.msgpack"))).toBeGreaterThan(10);
  });

  test("learns what is normal for a machine, and tells its two faults and how they ended", async () => {
    const cwd = folderWith();
    const { code, stdout, stderr } = await rivulet(["demo", "--anomaly", "--seconds", "8", "--json"], {
      cwd,
    });
    expect(code).toBe(0);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ speed: 200, damaged: 0, rejected: 0 });
    // The first few may be lost while the port is opened.
    expect(result.samples).toBeGreaterThan(3150);
    expect(result.samples).toBeLessThanOrEqual(3200);
    // What happened, and when by the machine's clock: its cooling failed from 640 to 760 s, its bearing wore from 1120 s on.
    const told = result.told as { event: string; machineMs: number; text: string }[];
    expect(told.map(({ event }) => event)).toEqual([
      "anomaly-begin",
      "anomaly-warm",
      "anomaly",
      "anomaly-end",
      "anomaly",
      "anomaly-end",
    ]);
    expect(told[1].machineMs).toBeGreaterThanOrEqual(250_000);
    expect(told[1].machineMs).toBeLessThan(275_000);
    const [worn, hot] = result.anomaly.episodes;
    expect(hot).toMatchObject({ column: "temperature", number: 1 });
    expect(told[2].machineMs).toBeGreaterThan(610_000);
    expect(told[2].machineMs).toBeLessThan(780_000);
    expect(worn).toMatchObject({ column: "vibration", number: 2 });
    expect(told[4].machineMs).toBeGreaterThan(1_090_000);
    expect(told[4].machineMs).toBeLessThan(1_130_000);
    expect(worn.outcome).toContain("taken as the new normal");
    expect(stderr).toContain("of the machine's clock, which runs 200 times faster");
    expect(readdirSync(join(cwd, "checkpoints/demo/1"))).toHaveLength(1);
  });
});
