/**
 * What each runtime dependency and each part of Rivulet costs in resident memory: a fresh process for each imports it,
 * idles, and reads its own resident set; medians over bare Node, measured in turn in one run.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Figure } from "../../src/commands/bench/figure.ts";
import { spreadOf, takeInTurn } from "../../src/commands/bench/timing.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const built = (path: string) => new URL(`../../dist/${path}`, import.meta.url).href;

/** What is imported, by the name it gets in the table. */
const subjects: Record<string, string | null> = {
  "bare node": null,
  valibot: "valibot",
  yaml: "yaml",
  "msgpackr/pack": "msgpackr/pack",
  serialport: "serialport",
  "serialport's bindings alone": "@serialport/bindings-cpp",
  avr8js: "avr8js",
  "rivulet engine": built("engine/running/network.js"),
  "rivulet learner": built("learner/learner.js"),
  "rivulet checkpoint store": built("checkpoint/store.js"),
  "rivulet config": built("config/config.js"),
  "rivulet daemon, without its port": built("daemon/daemon.js"),
  "rivulet library": built("index.js"),
};

function residentMegabytes(specifier: string | null): number {
  const load = specifier === null ? "" : `await import(${JSON.stringify(specifier)});`;
  const program = `${load} setTimeout(() => console.log(process.memoryUsage.rss()), 300);`;
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", program], {
    cwd: root,
    encoding: "utf8",
  });
  return Number(output) / 2 ** 20;
}

/** Measures all subjects in turn, `rounds` times. */
export async function importFigures(rounds: number): Promise<Figure[]> {
  const reads = Object.values(subjects).map((specifier) => () => residentMegabytes(specifier));
  const residents = (await takeInTurn(reads, rounds)).map(spreadOf);
  const bare = residents[0].median;
  return Object.keys(subjects).map((name, index) => ({
    group: "resident memory of imports",
    name,
    value: residents[index],
    unit: "MiB",
    note: `${(residents[index].median - bare).toFixed(1)} over bare node`,
  }));
}
