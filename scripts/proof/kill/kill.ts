/**
 * SIGKILL at random moments of real processes: daemons on each kind of source with labels, recordings and a queue of
 * checkpoints to send, the commands that write files, and processes that only save. Half of them write to a card that is slow, as simulated by a
 * module that is loaded before them. Then the same with a module that writes files in their place, which must be found out.
 */
import type { Outcome } from "../account.ts";
import { killCommands } from "./command-kills.ts";
import { killCareless, killDaemons, sumOf } from "./daemon-kills.ts";
import { killSavers } from "./saver-kills.ts";

/** Kills of careless processes, of each sort. */
const carelessKills = 8;
/** Kills of processes that only save, for each of a daemon: they take a fraction of the time. */
const saversForDaemon = 6;
/** Of at least this many kills, some must have interrupted the writing of a file. */
const manyKills = 40;

/** @param kills of daemons; commands are killed half as often, and processes that only save more often */
export async function proveKills(kills: number): Promise<Outcome> {
  const daemons = await killDaemons(kills, "mixed");
  const commands = await killCommands(Math.ceil(kills / 2), "mixed");
  const savers = await killSavers(saversForDaemon * kills, "mixed");
  const faults = [daemons, commands, savers].flatMap((tally) => tally.faults);
  if (savers.halfway === 0) faults.push("no kill came in the middle of a save");
  if (kills >= manyKills && daemons.halfway + commands.halfway === 0)
    faults.push("no kill of a daemon or a command came in the middle of a file");
  const careless = await faultsOfCareless(kills);
  if (careless === 0) faults.push("processes that rename nothing were not found out: this proof cannot fail");
  return {
    figures:
      `${daemons.kills} kills of rivulet run on stdin, tcp and a port, ${commands.kills} of fit --save, migrate and record, ` +
      `${daemons.halfway + commands.halfway} of them in the middle of a file: the next start went on from the newest of ${daemons.saves} saves, ` +
      `${daemons.rows} rows answered and learned as without kills; ${savers.kills} kills of processes that save without end, ${savers.halfway} of them ` +
      `in the middle of a save: all ${savers.saves} acknowledged ones are there; ${careless} faults where nothing is renamed`,
    faults,
  };
}

/** Faults that are found where processes rename nothing: a few starts show it, so daemons and commands only at length. */
async function faultsOfCareless(kills: number): Promise<number> {
  const savers = await killSavers(carelessKills, "careless");
  if (kills < manyKills) return savers.faults.length;
  const others = [await killCareless(carelessKills), await killCommands(carelessKills, "careless")];
  return sumOf([savers, ...others]).faults.length;
}
