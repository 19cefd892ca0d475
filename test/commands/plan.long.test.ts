import { statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { PlannedBuffer } from "../../src/engine/planning/plan.ts";
import { folderWith, rivulet } from "../rivulet.ts";
import { saddle } from "./data.ts";

const config = `source:
  fields: [x, y, label]
target: { column: label, classes: 3 }
model: { layers: [{ dense: 16 }, relu, { dense: 8 }, tanh, dense], optimizer: adam }
training: { batchSize: 4 }
`;
const budgeted = (budget: string) => `${config}memory: { budget: ${budget} }\n`;

interface Planned {
  buffers: PlannedBuffer[];
  totalBytes: number;
  unsharedBytes: number;
  instructions: number;
  budgetBytes: number | null;
  fit: { batchSize: number; totalBytes: number; shards: { count: number; rows: number } | null } | null;
  historyBytes: number;
  daily: { checkpoints: number; checkpointBytes: number; statusLines: number; bytes: number };
}

async function planned(text: string): Promise<Planned> {
  const cwd = folderWith({ "c.yaml": text });
  return JSON.parse((await rivulet(["plan", "c.yaml", "--json"], { cwd })).stdout);
}

const end = ({ offset, bytes }: PlannedBuffer) => offset + bytes;

describe.concurrent("plan", () => {
  test("says what a day of learning writes, and no checkpoint is larger than it says", async () => {
    const cwd = folderWith({ "c.yaml": config, "d.csv": saddle(200).replace(/^.*\n/, "x,y,label\n") });
    const { daily, historyBytes } = await planned(`${config}checkpoint: { every: 2min }\n`);
    expect(daily).toMatchObject({ checkpoints: 720, statusLines: 1440 });
    expect(daily.bytes).toBeGreaterThan(720 * daily.checkpointBytes);
    const words = ["replay", "c.yaml", "--data", "d.csv", "--save", "c.msgpack"];
    expect((await rivulet(words, { cwd })).code).toBe(0);
    const { size } = statSync(join(cwd, "c.msgpack"));
    expect(daily.checkpointBytes).toBeGreaterThanOrEqual(size);
    // A replay has no course over hours and days.
    expect(daily.checkpointBytes - historyBytes).toBeLessThan(3 * size);
  });

  test("prints name, role, shape, bytes, offset and lifetime of every buffer, and the total", async () => {
    const cwd = folderWith({ "c.yaml": config });
    const { code, stdout } = await rivulet(["plan", "c.yaml"], { cwd });
    expect(code).toBe(0);
    const { buffers, totalBytes } = await planned(config);
    for (const { name, role, shape, dtype, bytes, offset, lifetime } of buffers) {
      const line = stdout.split("\n").find((text) => text.startsWith(`${name} `)) as string;
      const life = lifetime === null ? "always" : `${lifetime.first} to ${lifetime.last}`;
      expect(line.split(/ {2,}/)).toEqual([
        name,
        role,
        `${shape.join(" x ")} ${dtype}`,
        ...[bytes, offset].map(String),
        life,
      ]);
    }
    expect(stdout).toContain(`total     ${totalBytes} bytes`);
  });

  test("plans the daemon's network, and says what rivulet fit takes where its threads share a batch", async () => {
    const text = config.replace("batchSize: 4", "batchSize: 32");
    const cut = text.replace("batchSize: 32", "batchSize: 32, workers: 2");
    const [{ totalBytes, fit: none }, both] = await Promise.all([planned(text), planned(cut)]);
    expect(none).toBeNull();
    expect(both).toMatchObject({ totalBytes, fit: { batchSize: 32, shards: { count: 4, rows: 8 } } });
    const fitBytes = both.fit?.totalBytes as number;
    const cwd = folderWith({ "c.yaml": `${cut}memory: { budget: ${totalBytes}B }\n` });
    const { code, stdout } = await rivulet(["plan", "c.yaml"], { cwd });
    expect(code).toBe(0);
    expect(stdout).toContain(`total     ${totalBytes} bytes`);
    expect(stdout).toContain(`fit       rivulet fit, whose threads share a batch, takes ${fitBytes} bytes (`);
    expect(stdout).toContain(
      "in 4 shards of 8 rows, each with space of its own; more than memory.budget: refused",
    );
  });

  test("holds each parameter with its gradient and its two moments under Adam", async () => {
    const { buffers } = await planned(config);
    const shapes = { "0.weight": 2 * 16, "0.bias": 16, "2.weight": 16 * 8, "2.bias": 8, "4.weight": 8 * 3 };
    for (const [name, numbers] of Object.entries(shapes)) {
      const parts = ["", ".gradient", ".firstMoment", ".secondMoment"].map((part) => name + part);
      const bytes = parts.map((part) => buffers.find((buffer) => buffer.name === part)?.bytes);
      // Rounded up, so that the next buffer begins where SIMD wants it.
      expect(bytes).toEqual(Array(4).fill(Math.ceil(numbers / 4) * 16));
    }
  });

  test("never puts two buffers in one place that live at the same time", async () => {
    const { buffers, totalBytes, unsharedBytes } = await planned(config);
    expect(Math.max(...buffers.map(end))).toBe(totalBytes);
    expect(buffers.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(unsharedBytes);
    for (const one of buffers) {
      for (const other of buffers) {
        if (one === other || end(one) <= other.offset || end(other) <= one.offset) continue;
        const [a, b] = [one.lifetime, other.lifetime];
        const apart = a !== null && b !== null && (a.last < b.first || b.last < a.first);
        expect(apart, `${one.name} and ${other.name}`).toBe(true);
      }
    }
  });

  test("takes the columns from a data file where the config names none", async () => {
    const cwd = folderWith({
      "c.yaml": config.replace(/source:\n.*\n/, ""),
      "d.csv": "x,y,label\n1,2,0\n",
      "other.csv": "x,y,lable\n1,2,0\n",
    });
    const { totalBytes } = await planned(config);
    const { stdout } = await rivulet(["plan", "c.yaml", "--data", "d.csv", "--json"], { cwd });
    expect(JSON.parse(stdout).totalBytes).toBe(totalBytes);
    const { code, stderr } = await rivulet(["plan", "c.yaml"], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain(
      "c.yaml names no source.fields: add them, or give the columns of a file with --data",
    );
    const other = await rivulet(["plan", "c.yaml", "--data", "other.csv"], { cwd });
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('target.column names "label", which is not a column');
  });

  test("says how often the state is saved, and leaves an interval that the config names as it is", async () => {
    const cwd = folderWith({
      "small.yaml": config,
      "named.yaml": `${config}checkpoint: { every: 1min }\n`,
      "large.yaml": config.replace(/model:.*\n/, "").replace(/training:.*\n/, ""),
    });
    const daily = async (name: string) => {
      const { code, stdout, stderr } = await rivulet(["plan", name, "--json"], { cwd });
      expect(code, stderr).toBe(0);
      return JSON.parse(stdout).daily as { everyMs: number; checkpoints: number; checkpointBytes: number };
    };
    expect((await daily("small.yaml")).everyMs).toBe(600_000);
    expect((await daily("named.yaml")).everyMs).toBe(60_000);
    const { everyMs, checkpoints, checkpointBytes } = await daily("large.yaml");
    expect(everyMs).toBeGreaterThan(600_000);
    expect(checkpoints * (checkpointBytes + 32 * 1024)).toBeLessThanOrEqual(
      10_000_000 + checkpointBytes + 32 * 1024,
    );
    const { stdout } = await rivulet(["plan", "large.yaml"], { cwd });
    expect(stdout).toMatch(/a day {5}\d+ checkpoints, one every \d+ min \d+ s, of /);
  });

  test("says what a budget leaves", async () => {
    const { totalBytes } = await planned(config);
    const cwd = folderWith({ "c.yaml": budgeted(`${totalBytes}B`) });
    const { code, stdout } = await rivulet(["plan", "c.yaml"], { cwd });
    expect(code).toBe(0);
    expect(stdout).toContain(`budget    ${totalBytes} bytes: 0 to spare`);
  });
});

describe.concurrent("a budget one byte too small is refused, with the three largest buffers, by", () => {
  test.each([
    ["plan"],
    ["replay", "--data", "d.csv"],
    ["fit", "--data", "d.csv", "--batch-size", "4"],
    ["run"],
  ])("%s", async (command, ...words) => {
    const { buffers, totalBytes } = await planned(config);
    const port = "source:\n  serial: { path: nowhere }\n  framing: lines";
    const cwd = folderWith({
      "c.yaml": budgeted(`${totalBytes - 1}B`).replace("source:", port),
      "d.csv": "x,y,label\n1,2,0\n",
    });
    const largest = buffers
      .sort((a, b) => b.bytes - a.bytes)
      .slice(0, 3)
      .map(({ name, bytes }) => `${name} (${bytes} bytes)`);
    const { code, stdout, stderr } = await rivulet([command, "c.yaml", ...words], { cwd });
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toBe(
      `rivulet: the network needs ${totalBytes} bytes but memory.budget is ${totalBytes - 1}; its largest buffers are ${largest.join(", ")}; raise the budget, or make the layers or the batch smaller\n`,
    );
  });

  test("prints the bytes of each part of the ensemble, and the scratch that they share once", async () => {
    const text = "source:\n  fields: [x, y, label]\ntarget: { column: label, classes: 3 }\n";
    const cwd = folderWith({ "c.yaml": text });
    const [{ stdout }, json] = await Promise.all([
      rivulet(["plan", "c.yaml"], { cwd }),
      rivulet(["plan", "c.yaml", "--json"], { cwd }),
    ]);
    const { parts, totalBytes } = JSON.parse(json.stdout) as {
      parts: { name: string; bytes: number; scratchBytes?: number }[];
      totalBytes: number;
    };
    const lines = stdout.split("\n").map((line) => line.trim().split(/ {2,}/));
    for (const { name, bytes, scratchBytes = 0 } of parts) {
      expect(lines).toContainEqual([name, String(bytes), String(scratchBytes)]);
    }
    expect(stdout).toContain(`total     ${totalBytes} bytes`);
    expect(stdout).toContain("scratch   bytes that the parts share");
    expect(parts.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(totalBytes);
    expect(parts.filter(({ name }) => name === "scratch")).toHaveLength(1);
  });

  test("measures what a sample costs the ensemble here at each effort, beside its bytes", async () => {
    const text = "source:\n  fields: [x, y, label]\ntarget: { column: label, classes: 3 }\n";
    const cwd = folderWith({ "c.yaml": text });
    const { stdout } = await rivulet(["plan", "c.yaml", "--json"], { cwd });
    const { effort, efforts, totalBytes } = JSON.parse(stdout);
    expect(effort).toBe("auto");
    expect(efforts.map((each: { effort: string }) => each.effort)).toEqual(["high", "normal", "low"]);
    expect(efforts[0].totalBytes).toBe(totalBytes);
    for (const { microsecondsPerSample, samplesPerSecond } of efforts) {
      expect(microsecondsPerSample * samplesPerSecond).toBeCloseTo(1e6, 3);
      expect(microsecondsPerSample).toBeGreaterThan(0);
    }
    expect(efforts[2].totalBytes).toBeLessThan(efforts[1].totalBytes);
  });
});
