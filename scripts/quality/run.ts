/**
 * How well Rivulet learns from real data: `npm run quality -- DIRECTORY [PART]` with a folder for each data set below
 * DIRECTORY. PART is `held-out` (networks trained by `rivulet fit`), `streams` (the ensemble, one pass), `anomalies` (the
 * detector on NAB's series) or `choice` (a network that `rivulet fit` chose); left out, all.
 * Ends with 1 where the median of three seeds misses its goal.
 */
import { existsSync } from "node:fs";
import { judgeAnomalies } from "./anomalies/judge.ts";
import { judgeChoice } from "./choice.ts";
import { judgeStreams } from "./ensemble.ts";
import { judgeHeldOut } from "./held-out.ts";
import { judgeLateLabels } from "./late.ts";

const parts: Record<string, (directory: string) => number> = {
  streams: judgeStreams,
  "held-out": judgeHeldOut,
  anomalies: judgeAnomalies,
  choice: judgeChoice,
  late: judgeLateLabels,
};

const [directory, part] = process.argv.slice(2);
if (directory === undefined || !existsSync(directory) || (part !== undefined && !(part in parts))) {
  console.error(`Usage: npm run quality -- DIRECTORY [${Object.keys(parts).join("|")}]`);
  process.exit(2);
}
let missed = 0;
for (const [name, judge] of Object.entries(parts)) {
  if (part !== undefined && part !== name) continue;
  missed += judge(directory);
}
process.exitCode = missed > 0 ? 1 : 0;
