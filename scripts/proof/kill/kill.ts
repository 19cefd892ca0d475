/**
 * SIGKILL at random moments of real processes: daemons on each kind of source with labels, recordings and a queue of
 * checkpoints to send, and the commands that write files. Half of them write to a card that is slow, as simulated by a
 * module that is loaded before them. Then the same with a module that writes files in their place, which must be found out.
 */
import type { Outcome } from "../account.ts";
import { killCommands } from "./command-kills.ts";
import { killCareless, killDaemons, sumOf } from "./daemon-kills.ts";

/** Kills of careless processes, of each sort, at most; and at least. */
const carelessKills = { most: 8, least: 3 };
/** Of at least this many kills, some must have interrupted the writing of a file. */
const manyKills = 40;

/** @param kills of daemons; commands are killed half as often */
export async function proveKills(kills: number): Promise<Outcome> {
  const daemons = await killDaemons(kills, "mixed");
  const commands = await killCommands(Math.ceil(kills / 2), "mixed");
  const faults = [...daemons.faults, ...commands.faults];
  const halfway = daemons.halfway + commands.halfway;
  if (kills >= manyKills && halfway === 0) faults.push("no kill came in the middle of a file");
  const few = Math.min(carelessKills.most, Math.max(carelessKills.least, kills));
  const careless = sumOf([await killCareless(few), await killCommands(few, "careless")]);
  if (careless.faults.length === 0)
    faults.push("processes that rename nothing were not found out: this proof cannot fail");
  return {
    figures:
      `${daemons.kills} kills of rivulet run on stdin, tcp and a port, ${commands.kills} of fit --save, migrate and record, ` +
      `${halfway} of them in the middle of a file: the next start went on from the newest of ${daemons.saves} saves, ` +
      `${daemons.rows} rows answered and learned as without kills; ${careless.faults.length} faults where nothing is renamed`,
    faults,
  };
}
