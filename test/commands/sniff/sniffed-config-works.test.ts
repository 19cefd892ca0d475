/** What sniff prints is what replay and run take as it is, and they agree. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Invocation } from "../../../src/commands/command-line/command.ts";
import { run as replay } from "../../../src/commands/replay.ts";
import { run as sniff } from "../../../src/commands/sniff.ts";
import { loadConfig } from "../../../src/config/config.ts";
import { Daemon } from "../../../src/daemon/daemon.ts";
import { folderWith } from "../../rivulet.ts";

const invoke = (positionals: string[]) =>
  ({ positionals, options: {}, switches: new Set(), json: false }) as unknown as Invocation;

/** Sniffs a file, and learns from it by the printed config: in replay, then in a daemon. */
async function learnFrom(text: string) {
  const folder = folderWith({ "data.csv": text });
  const path = join(folder, "sniffed.yaml");
  const printed = (await sniff(invoke([join(folder, "data.csv")]))).text as string;
  writeFileSync(path, `${printed}checkpoint: { directory: saved }\n`);
  const { data } = await replay(invoke([path]));
  const daemon = new Daemon(loadConfig(path), { log: () => {} });
  await daemon.start();
  await daemon.ended;
  // What came last is learned before it ends.
  await daemon.stop();
  const { learner } = daemon;
  const after = { status: daemon.status(), report: learner.metrics.report(), seen: learner.samplesSeen };
  return { printed, replayed: data as Record<string, unknown>, ...after };
}

const wave = (i: number, k: number) => (Math.sin(0.37 * i + k) + 0.1 * Math.sin(i * i)).toFixed(4);

test("three axes with their time are watched in windows", async () => {
  const start = Date.UTC(2026, 0, 5);
  const rows = Array.from(
    { length: 12_000 },
    (_, i) => `${start + 10 * i},${wave(i, 0)},${wave(i, 1)},${wave(i, 2)}`,
  );
  const { printed, replayed, status } = await learnFrom(`time,ax,ay,az\n${rows.join("\n")}\n`);
  expect(printed).toContain("  rate: 100 #");
  expect(printed).toMatch(/^anomaly: /m);
  const watched = ["ax", "ay", "az"].flatMap((axis) =>
    ["logSd", "kurtosis", "centroid", "envelope"].map((name) => `${axis}_${name}`),
  );
  expect(replayed).toMatchObject({ rows: 12_000, columns: watched, alarms: 0 });
  expect(status.anomaly).toMatchObject({ columns: watched, alarms: 0 });
});

test("an hourly number gets its past, and both come to the same score", async () => {
  const start = Date.UTC(2026, 0, 5);
  const rows = Array.from({ length: 400 }, (_, i) => {
    const outside = 10 + 5 * Math.sin((2 * Math.PI * i) / 24) + Number(wave(i, 1));
    return `${new Date(start + 3_600_000 * i).toISOString()},${(outside / 2).toFixed(2)},${outside.toFixed(3)}`;
  });
  const { printed, replayed, report, seen } = await learnFrom(`time,indoor,outdoor\n${rows.join("\n")}\n`);
  expect(printed).toContain("at: [1, 2, 3, 24, 168]");
  expect(printed).toContain("  rate: every 1h #");
  // The first row has no past.
  expect(seen).toBe(399);
  expect((replayed["metrics"] as { mae: number }).mae).toBe((report as { mae: number }).mae);
});
