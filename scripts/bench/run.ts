/**
 * Measures everything, or what is named, in one table: `npm run bench [-- NAME...] [--rounds N] [--json]`. What a user
 * can measure on a board of his own is the command `rivulet bench`; the rest is here. Other libraries beside this one
 * have a table of their own: `npm run bench -- peers`.
 */
import { parseArgs } from "node:util";
import { figureTable } from "../../src/commands/bench/figure.ts";
import { type Groups, groups, measureGroups } from "../../src/commands/bench/groups.ts";

/** Of memory there is more here than users are shown. */
const benchmarks: Groups = {
  ...groups,
  workers: async () => (await import("./workers.ts")).workersFigures,
  memory: async () => (await import("./memory.ts")).memoryFigures,
  signals: async () => (await import("./signals.ts")).signalFigures,
  start: async () => (await import("./start.ts")).startFigures,
  checkpoint: async () => (await import("./checkpoint.ts")).checkpointFigures,
  "sd-card": async () => (await import("./sd-card.ts")).cardFigures,
  collections: async () => (await import("./collections.ts")).collectionFigures,
};

const words = process.argv.slice(2);
if (words[0] === "peers") {
  const { benchPeers } = await import("./peers/peers.ts");
  await benchPeers(words.slice(1));
  process.exit();
}
const { json, rounds, names } = read(words);
const figures = await measureGroups(benchmarks, names.length > 0 ? names : Object.keys(benchmarks), rounds);
if (json)
  console.log(JSON.stringify({ node: process.version, processor: process.arch, rounds, figures }, null, 2));
else {
  console.log(`Node ${process.version}, ${process.arch}; medians of ${rounds} rounds in turn\n`);
  console.log(figureTable(figures));
}

function read(words: string[]): { json: boolean; rounds: number; names: string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: words,
      allowPositionals: true,
      options: { json: { type: "boolean", default: false }, rounds: { type: "string", default: "9" } },
    });
    const rounds = Number(values.rounds);
    if (rounds >= 1 && positionals.every((name) => name in benchmarks)) {
      return { json: values.json, rounds, names: positionals };
    }
  } catch {} // an option that there is not
  console.error(
    `Usage: npm run bench -- [peers|${Object.keys(benchmarks).join("|")}]... [--rounds N] [--json]`,
  );
  process.exit(2);
}
