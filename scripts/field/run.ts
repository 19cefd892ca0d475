/**
 * Reads every input of a folder as a user would, and prints what came out beside what must: `npm run field -- FOLDER`. Of
 * two allowed outcomes the first is better. Ends with 1 where an input has neither, or fewer than 45 have the first.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Case, cases, type Outcome } from "./cases.ts";

const fewestFirst = 45;
const folder = resolve(process.argv[2] ?? "../shared/field");
if (!existsSync(folder)) {
  console.log(`${folder} is not there, so nothing is read`);
  process.exit();
}
const program = fileURLToPath(new URL("../../dist/bin/rivulet.cjs", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "rivulet-field-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));

function outcomeOf({ file, config, words = [] }: Case): Outcome {
  const path = join(folder, file);
  const configPath = join(scratch, "config.yaml");
  if (config !== null) writeFileSync(configPath, JSON.stringify(config));
  const given = [...(config === null ? [] : [configPath]), "--data", path, ...words];
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, "replay", ...given, "--json"], {
    encoding: "utf8",
  });
  if (status !== 0) return { code: status ?? 1, stderr, data: {} };
  // What is only said in words is looked for there.
  const text = execFileSync(process.execPath, [program, "replay", ...given], { encoding: "utf8" });
  return { code: 0, stderr, data: { ...JSON.parse(stdout), text } };
}

let first = 0;
let neither = 0;
console.log("way  file                                            outcome");
for (const one of cases) {
  const outcome = outcomeOf(one);
  const wrong = one.wrong(outcome);
  const isSecond = wrong !== null && one.isSecond?.(outcome) === true;
  if (wrong === null) first++;
  else if (!isSecond) neither++;
  const way = wrong === null ? "1st" : isSecond ? "2nd" : " - ";
  const { rows, rejected, damaged } = outcome.data;
  const counts = `${rows} rows, ${rejected} left out, ${damaged} lines damaged`;
  const said = outcome.code === 0 ? counts : outcome.stderr.trim().replace(`${folder}/`, "").slice(9, 110);
  console.log(`${way}  ${one.file.padEnd(46)}  ${said}${wrong === null || isSecond ? "" : ` (${wrong})`}`);
}
console.log(`\n${first} of ${cases.length} in the first way, ${neither} in neither`);
process.exitCode = neither > 0 || first < fewestFirst ? 1 : 0;
