/**
 * Measures everything, or what is named, in one table: `npm run bench [-- NAME...] [--rounds N] [--json]`. What a user
 * can measure on a board of his own is the command `rivulet bench`; the rest is here. Other libraries beside this one
 * have a table of their own: `npm run bench -- peers`.
 */
import { figureTable } from "../../src/commands/bench/figure.ts";
import { type Groups, groups, measureGroups } from "../../src/commands/bench/groups.ts";

/** Of memory there is more here than users are shown. */
const benchmarks: Groups = {
  ...groups,
  workers: async () => (await import("./workers.ts")).workersFigures,
  memory: async () => (await import("./memory.ts")).memoryFigures,
  start: async () => (await import("./start.ts")).startFigures,
  checkpoint: async () => (await import("./checkpoint.ts")).checkpointFigures,
  collections: async () => (await import("./collections.ts")).collectionFigures,
};

const words = process.argv.slice(2);
if (words[0] === "peers") {
  const { benchPeers } = await import("./peers/peers.ts");
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
const figures = await measureGroups(benchmarks, names.length > 0 ? names : Object.keys(benchmarks), rounds);
if (json)
  console.log(JSON.stringify({ node: process.version, processor: process.arch, rounds, figures }, null, 2));
else {
  console.log(`Node ${process.version}, ${process.arch}; medians of ${rounds} rounds in turn\n`);
  console.log(figureTable(figures));
}
