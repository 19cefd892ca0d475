/**
 * What each runtime dependency and each part of Rivulet costs in resident memory: a fresh process for each imports it,
 * idles, and reads its own resident set; medians over bare Node, measured in turn in one run.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Figure } from "../../src/commands/bench/figure.ts";
import { spreadOf } from "../../src/commands/bench/timing.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const built = (path: string) => new URL(`../../dist/${path}`, import.meta.url).href;

/** What is imported, by the name it gets in the table. */
const subjects: Record<string, string | null> = {
  "bare node": null,
  valibot: "valibot",
  yaml: "yaml",
  "msgpackr/pack": "msgpackr/pack",
  "@serialport/bindings-cpp": "@serialport/bindings-cpp",
  "serialport, which tests use": "serialport",
  avr8js: "avr8js",
  "rivulet engine": built("engine/network.js"),
  "rivulet learner": built("learner/learner.js"),
  "rivulet checkpoint store": built("checkpoint/store.js"),
  "rivulet config": built("daemon/config.js"),
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
export function importFigures(rounds: number): Figure[] {
  const values = new Map(Object.keys(subjects).map((subject) => [subject, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [subject, specifier] of Object.entries(subjects)) {
      values.get(subject)?.push(residentMegabytes(specifier));
    }
  }
  const spreads = [...values].map(([subject, all]) => ({ subject, resident: spreadOf(all) }));
  const bare = spreads[0].resident.median;
  return spreads.map(({ subject, resident }) => ({
    group: "resident memory of imports",
    name: subject,
    value: resident,
    unit: "MiB",
    note: `${(resident.median - bare).toFixed(1)} over bare node`,
  }));
}
