/**
 * Changes every leaf of real checkpoints, one at a time and under a valid digest: each changed file is refused in one
 * sentence, or works and can be saved and continued again. Then the same against a copy of the source without the checks
 * of state, which must be found out: a proof that cannot fail proves nothing.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Outcome } from "../account.ts";
import { tryBytes } from "./bytes.ts";
import { changesOf } from "./changes.ts";
import { tryDocuments } from "./documents.ts";
import { outcomeOf, type Tally } from "./outcome.ts";
import { makeSubjects, type Subject } from "./subjects.ts";

/** Tries every `step`th change of a checkpoint, from the `first` on. */
export function tryChanges(subject: Subject, step: number, first = 0): Tally {
  const tally: Tally = { tried: 0, refused: 0, faults: [] };
  // What is refused unchanged would show nothing.
  subject.use(subject.checkpoint, "unchanged.msgpack");
  const changes = changesOf(subject.checkpoint);
  for (let i = first; i < changes.length; i += step) {
    const { isRefused, fault } = outcomeOf(subject, changes[i]);
    tally.tried++;
    if (isRefused) tally.refused++;
    if (fault !== null) tally.faults.push(`${subject.name}, ${changes[i].name}: ${fault}`);
  }
  return tally;
}

/** Part of the changes that is tried without the checks: enough to find some that are not refused. */
const shareWithout = 0.02;

export async function proveHostile(share: number): Promise<Outcome> {
  const total: Tally = { tried: 0, refused: 0, faults: [] };
  const subjects = makeSubjects();
  const step = Math.max(1, Math.round(1 / share));
  for (const subject of subjects) {
    const { tried, refused, faults } = tryChanges(subject, step);
    total.tried += tried;
    total.refused += refused;
    total.faults.push(...faults);
  }
  const bytes = tryBytes(subjects, step);
  total.faults.push(...bytes.faults);
  const documents = tryDocuments();
  total.faults.push(...documents.faults);
  const found = faultsWithoutChecks();
  if (found === 0) total.faults.push("without the checks of state nothing was found: this proof cannot fail");
  const used = total.tried - total.refused;
  return {
    figures: `${total.tried} changed checkpoints: ${total.refused} refused in one sentence, ${used} of use and saved again; ${bytes.tried} with one byte changed or cut off, and of ${documents.tried} changed statuses and pointers to models, nothing taken over unchecked; without the checks, ${found} of every ${Math.round(1 / shareWithout)}th are neither`,
    faults: total.faults,
  };
}

/** How many changes are neither refused nor of use where the source has no checks of state. */
function faultsWithoutChecks(): number {
  const root = resolve(import.meta.dirname, "../../..");
  const folder = mkdtempSync(join(tmpdir(), "rivulet-hostile-"));
  try {
    for (const name of ["src", "scripts", "package.json", "tsconfig.json"])
      cpSync(join(root, name), join(folder, name), { recursive: true });
    for (const name of ["node_modules", "dist"]) symlinkSync(join(root, name), join(folder, name));
    const checks = join(folder, "src/state-check.ts");
    const whole = readFileSync(checks, "utf8");
    const without = whole.replace("const fault = check(numbers);\n  if (fault === null) return;", "return;");
    if (without === whole) throw new Error("the check is not where this proof removes it");
    writeFileSync(checks, without);
    const script = join(folder, "scripts/proof/hostile/count.ts");
    const tsx = join(root, "node_modules/.bin/tsx");
    return Number(
      execFileSync(tsx, [script, String(Math.round(1 / shareWithout))], { cwd: folder, encoding: "utf8" }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
