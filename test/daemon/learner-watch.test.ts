import { join } from "node:path";
import { expect, test } from "vitest";
import { parseConfig } from "../../src/config/config.ts";
import { Daemon } from "../../src/daemon/daemon.ts";
import { LearnerWatch } from "../../src/daemon/learner-watch.ts";
import type { LogEntry } from "../../src/daemon/log.ts";
import type { Learner } from "../../src/learner/learner.ts";
import type { PrequentialLearner } from "../../src/learner/prequential-learner.ts";
import { loadLearner } from "../../src/library/learner-file.ts";
import { folderWith } from "../rivulet.ts";

test("recoveries of a network that is back are not told again, and new ones are", () => {
  const lastRecovery = { loss: 3, constantLoss: 1, samplesBack: 40, learningRate: 0.001 };
  const learner = {
    ...{
      recoveries: 2,
      health: { lastRecovery: lastRecovery as typeof lastRecovery | null },
      hasRoom: true,
      modelPhase: 0,
    },
    glitches: { fieldCount: 0, report: () => [] },
  };
  const told: LogEntry[] = [];
  const watch = new LearnerWatch(learner as unknown as PrequentialLearner, (entry) => void told.push(entry));
  watch.begin();
  const observe = (change: Partial<typeof learner>) => {
    Object.assign(learner, change);
    watch.observe();
    return told.splice(0).map(({ event }) => event);
  };
  expect(observe({ modelPhase: 1, recoveries: 0, health: { lastRecovery: null } })).toEqual([]);
  expect(observe({})).toEqual([]);
  expect(observe({ modelPhase: 3, recoveries: 2, health: { lastRecovery } })).toEqual([]);
  expect(observe({ recoveries: 3 })).toEqual(["network-recovered"]);
  expect(observe({})).toEqual([]);
});

test("what has overflowed when the daemon ends goes back first, which is logged, and is saved", async () => {
  const config = parseConfig(
    `source: { tcp: { host: 127.0.0.1, port: 9 }, framing: lines, fields: [a, label] }
target: { column: label, classes: 2 }
model: { layers: [{ dense: 4 }, tanh] }
`,
    join(folderWith(), "c.yaml"),
  );
  const entries: LogEntry[] = [];
  const daemon = new Daemon(config, { log: (entry) => entries.push(entry) });
  await daemon.start();
  const learner = daemon.learner as Learner;
  for (let i = 0; i < 60; i++) learner.observe(Float64Array.of(i % 2, i % 2), 0);
  const [first, ...others] = learner.network.parameters();
  first.data[0] = Number.POSITIVE_INFINITY;
  learner.network.setParameters([first, ...others]);
  const path = (await daemon.stop()) as string;
  expect(loadLearner(path)).toMatchObject({ samplesSeen: 60, recoveries: 1 });
  const events = entries.map(({ event }) => event);
  expect(events.filter((event) => /recovered|end/.test(event))).toEqual(["network-recovered", "end"]);
  expect(entries.find(({ event }) => event === "network-recovered")?.text).toMatch(
    /^numbers of the network had overflowed: it went back to its weights of \d+ samples before/,
  );
});
