/**
 * How well Rivulet learns from real data: `npm run quality -- DIRECTORY [PART]` with a folder for each data set below
 * DIRECTORY. PART is `streams` (the ensemble, one pass), `held-out` (networks trained by `rivulet fit`) or `anomalies` (the
 * detector on NAB's series) or `forecasts` (nine of them, beside the last value and the season); left out, these four.
 * More run where they are named: `features` (windows, lags, whole sequences), `cost` (time and bytes of the ensemble
 * beside `learner/reference.c` in the folder above DIRECTORY), `phases` (classes that come one after another), `made` (streams
 * of our own making, of which DIRECTORY needs nothing), and, which take minutes, `machine` (the detector on made machines with vibration, of which DIRECTORY needs nothing), `choice` (the
 * network that `rivulet fit` chose), `late` (labels that come late, or rarely), `models` (a model of another device) and
 * `replacing` (the same where the config has a `model:`).
 * Ends with 1 where the median of three seeds misses its goal; `made` has one seed.
 */
import { existsSync } from "node:fs";
import { judgeAnomalies } from "./anomalies/judge.ts";
import { judgeMachines } from "./anomalies/judge-machine.ts";
import { judgeTouchstone } from "./anomalies/touchstone.ts";
import { judgeChoice } from "./choice.ts";
import { judgeCost } from "./cost.ts";
import { judgeStreams } from "./ensemble.ts";
import { judgeFeatures } from "./features.ts";
import { judgeForecasts } from "./forecasts.ts";
import { judgeHeldOut } from "./held-out.ts";
import { judgeLateLabels } from "./late.ts";
import { judgeMade } from "./made.ts";
import { judgeModels } from "./models.ts";
import { judgePhases } from "./phases.ts";
import { judgeReplacing } from "./replacing.ts";

const parts: Record<string, (directory: string) => number> = {
  streams: judgeStreams,
  "held-out": judgeHeldOut,
  anomalies: judgeAnomalies,
  forecasts: judgeForecasts,
  features: judgeFeatures,
  machine: judgeMachines,
  touchstone: judgeTouchstone,
  cost: judgeCost,
  phases: judgePhases,
  choice: judgeChoice,
  late: judgeLateLabels,
  models: judgeModels,
  replacing: judgeReplacing,
  made: judgeMade,
};

const [directory, part] = process.argv.slice(2);
if (directory === undefined || !existsSync(directory) || (part !== undefined && !(part in parts))) {
  console.error(`Usage: npm run quality -- DIRECTORY [${Object.keys(parts).join("|")}]`);
  process.exit(2);
}
const named: readonly string[] =
  part === undefined ? ["streams", "held-out", "anomalies", "forecasts"] : [part];
let missed = 0;
for (const [name, judge] of Object.entries(parts)) {
  if (!named.includes(name)) continue;
  missed += judge(directory);
}
process.exitCode = missed > 0 ? 1 : 0;
