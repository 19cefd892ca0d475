/** Runs a benchmark by name: `npm run bench -- step [--json]` or `npm run bench -- imports [--json]`. */
import { benchImports, printImports } from "./imports.ts";
import { benchPeers } from "./peers/peers.ts";
import { benchStep, printStep } from "./step.ts";

const benchmarks: Record<string, (json: boolean) => void> = {
  step: (json) => show(json, benchStep(), printStep),
  imports: (json) => show(json, benchImports(), printImports),
};

function show<Figures>(json: boolean, figures: Figures, print: (figures: Figures) => void): void {
  if (json) console.log(JSON.stringify(figures, null, 2));
  else print(figures);
}

const [name, ...flags] = process.argv.slice(2);
if (name === "peers") await benchPeers(flags).then(() => process.exit());
const benchmark = name === undefined ? undefined : benchmarks[name];
if (!benchmark || flags.some((flag) => flag !== "--json")) {
  console.error(`Usage: npm run bench -- peers|${Object.keys(benchmarks).join("|")} [--json]`);
  process.exit(2);
}
benchmark(flags.includes("--json"));
