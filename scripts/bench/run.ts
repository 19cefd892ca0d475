/**
 * Measures everything, or what is named, in one table: `npm run bench [-- NAME...] [--rounds N] [--json]`. What a user
 * can measure on a board of his own is the command `rivulet bench`; the rest is here. Other libraries beside this one
 * have a table of their own: `npm run bench -- peers`.
 */
import { decodingFigures } from "../../src/commands/bench/decoding.ts";
import { type Figure, figureTable } from "../../src/commands/bench/figure.ts";
import { functionFigures } from "../../src/commands/bench/functions.ts";
import { growthFigures } from "../../src/commands/bench/growth.ts";
import { optimizerFigures } from "../../src/commands/bench/optimizers.ts";
import { sensorNetworkFigures } from "../../src/commands/bench/sensor-network.ts";
import { trainingFigures } from "../../src/commands/bench/training.ts";
import { checkpointFigures } from "./checkpoint.ts";
import { collectionFigures } from "./collections.ts";
import { memoryFigures } from "./memory.ts";
import { benchPeers } from "./peers/peers.ts";
import { startFigures } from "./start.ts";
import { workersFigures } from "./workers.ts";

const benchmarks: Record<string, (rounds: number) => Figure[] | Promise<Figure[]>> = {
  training: trainingFigures,
  optimizers: optimizerFigures,
  functions: functionFigures,
  decoding: decodingFigures,
  growth: growthFigures,
  sensor: sensorNetworkFigures,
  workers: workersFigures,
  memory: memoryFigures,
  start: startFigures,
  checkpoint: checkpointFigures,
  collections: collectionFigures,
};

const words = process.argv.slice(2);
if (words[0] === "peers") {
  await benchPeers(words.slice(1));
  process.exit();
}
const json = words.includes("--json");
const roundsAt = words.indexOf("--rounds");
const rounds = roundsAt < 0 ? 9 : Number(words[roundsAt + 1]);
const names = words.filter(
  (word, index) => word !== "--json" && index !== roundsAt && index !== roundsAt + 1,
);
if (!(rounds >= 1) || names.some((name) => !(name in benchmarks))) {
  console.error(
    `Usage: npm run bench -- [peers|${Object.keys(benchmarks).join("|")}]... [--rounds N] [--json]`,
  );
  process.exit(2);
}
const figures: Figure[] = [];
for (const name of names.length > 0 ? names : Object.keys(benchmarks)) {
  figures.push(...(await benchmarks[name](rounds)));
}
if (json)
  console.log(JSON.stringify({ node: process.version, processor: process.arch, rounds, figures }, null, 2));
else {
  console.log(`Node ${process.version}, ${process.arch}; medians of ${rounds} rounds in turn\n`);
  console.log(figureTable(figures));
}
