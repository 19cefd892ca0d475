import { expect, test } from "vitest";
import { LearnerWatch } from "../../src/daemon/learner-watch.ts";
import type { LogEntry } from "../../src/daemon/log.ts";
import type { PrequentialLearner } from "../../src/learner/prequential-learner.ts";

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
