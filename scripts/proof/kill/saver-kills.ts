/**
 * Kills processes that do nothing but save, at random moments of their saves: hundreds, where a daemon is killed once. After
 * each kill every checkpoint is whole, and none that was acknowledged is missing.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { compileScripts } from "../../../test/compile.ts";
import type { KillTally } from "./daemon-kills.ts";
import { type Card, isUnfinished, startScript } from "./killing.ts";
import { stepsIn } from "./saved-steps.ts";

/** About two saves on a slow card; a quarter of the kills comes so long after the start, the others after a save. */
const longestWorkMs = 25;

/** Kills savers, one after the other on one folder. @param card on what they write */
export async function killSavers(kills: number, card: Card | "mixed"): Promise<KillTally> {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-kill-"));
  const { paths, remove } = compileScripts(fileURLToPath(new URL("./saver.ts", import.meta.url)));
  const tally: KillTally = { kills: 0, halfway: 0, saves: 0, rows: 0, faults: [] };
  const fault = (text: string) => tally.faults.push(`saver, kill ${tally.kills}: ${text}`);
  let acknowledged = 0;
  try {
    for (; tally.kills < kills; tally.kills++) {
      const on = card === "mixed" ? (tally.kills % 4 === 3 ? "plain" : "slow") : card;
      const running = startScript(paths[0], [folder], folder, on);
      const isAtWork = () => running.printed().includes(tally.kills % 4 === 0 ? "begun" : "saved");
      while (!isAtWork() && running.child.exitCode === null) await pause(1);
      await pause(Math.random() * longestWorkMs);
      running.child.kill("SIGKILL");
      await running.ended;
      // The last line may be cut off: then its save was not acknowledged.
      const saved = [...running.printed().matchAll(/saved (\d+)\n/g)];
      if (!running.printed().startsWith("begun")) fault(`it failed: ${running.printed()}`);
      tally.saves += saved.length;
      acknowledged = Math.max(acknowledged, ...saved.map(([, step]) => Number(step)));
      const steps = stepsIn(folder);
      if (steps.includes(null)) fault("half a checkpoint is visible");
      if (Math.max(0, ...steps.map((step) => step ?? 0)) < acknowledged)
        fault(`checkpoint ${acknowledged} was saved, and ${steps.at(-1)} is the newest`);
      if (readdirSync(folder).some(isUnfinished)) tally.halfway++;
    }
    return tally;
  } finally {
    remove();
    rmSync(folder, { recursive: true, force: true });
  }
}
