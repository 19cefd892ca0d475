/**
 * What every subject written in JavaScript is: started with the id of a workload and "check" or "time", it says once
 * whether it can train it, then makes as many steps as each line on standard input says and answers with the time.
 */
import { createInterface } from "node:readline";
import { type Workload, workloads } from "../../../src/commands/bench/workloads.ts";
import { standingStill } from "./workloads.ts";

/** A subject that is ready to train. */
export interface Trainer {
  /** Makes `times` steps on the workload's batch. */
  train(times: number): void | Promise<void>;
  /** Loss of the last step; left out where the subject starts from weights of its own or trains differently. */
  loss?(): number;
  /** What is not quite the workload, in a few words. */
  note?: string;
}

/** Why a subject cannot do a workload, in a few words. */
export class Unable extends Error {}

/** Serves the trainer that `build` makes of the workload. `options` are what else stands on the command line. */
export async function serve(
  build: (workload: Workload, ...options: string[]) => Trainer | Promise<Trainer>,
): Promise<void> {
  const [id, purpose, ...options] = process.argv.slice(2);
  const named = workloads.find((workload) => workload.id === id);
  if (!named) throw new Error(`no workload "${id}"; there are ${workloads.map(({ id }) => id)}`);
  let trainer: Trainer;
  try {
    trainer = await build(purpose === "check" ? named : standingStill(named), ...options);
  } catch (error) {
    if (!(error instanceof Unable)) throw error;
    answer({ ready: false, reason: error.message });
    return;
  }
  answer({ ready: true, note: trainer.note });
  for await (const line of createInterface(process.stdin)) {
    const start = process.hrtime.bigint();
    await trainer.train(Number(line));
    const nanoseconds = Number(process.hrtime.bigint() - start);
    answer({ nanoseconds, loss: trainer.loss?.() });
  }
}

function answer(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
