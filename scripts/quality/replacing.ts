/**
 * What becomes of a model from another device where the config has a `model:`: one that the same rule has trained from
 * another seed, and one trained with shuffled labels.
 */
import { createNetworkLearner } from "../../src/learner/learner.ts";
import type { LearnerOptions } from "../../src/learner/learner-options.ts";
import type { PrequentialLearner } from "../../src/learner/prequential-learner.ts";
import { createReplaceableNetwork } from "../../src/learner/replaceable-network.ts";
import { answered, fewestRows, publishedRows, shuffled } from "./models.ts";
import { readStreams, type Stream, taskOf } from "./streams.ts";

const sideBySide = 500;
/** Rows after the comparison, which tell whether it was right. */
const rowsAfter = 1500;
const pairs = 12;
/** Two standard errors on one side are 2.3 %; some more of the equal ones may go back although they are as good afterwards. */
const allowedShare = 0.05;

interface Pair {
  wentBack: boolean;
  samples: number;
  /** How much more the model costs in the rows after the comparison, as a part of the loss. */
  costAfter: number;
}

const optionsFor = (stream: Stream, seed: number): LearnerOptions & { model: object } => ({
  ...taskOf(stream),
  model: { layers: [{ dense: 16 }, "relu"] },
  training: { seed },
});

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

/** Hands a model to a device that has learned the first rows, and runs both for themselves as well. */
function judgePair(stream: Stream, learned: Float64Array, seed: number): Pair {
  const { values } = stream;
  const published = publishedRows(stream);
  const end = Math.min(stream.rows, published + sideBySide + rowsAfter);
  const trained = <L extends PrequentialLearner>(learner: L, rows: Float64Array): L => {
    answered(learner, stream, rows, 0, published);
    return learner;
  };
  const model = trained(createNetworkLearner(optionsFor(stream, seed)), learned);
  const own = optionsFor(stream, 1000 + seed);
  const replaceable = createReplaceableNetwork({ ...own, sideBySide });
  trained(replaceable, values);
  replaceable.takeIn(structuredClone(model.outgoing()));
  const alone = trained(createNetworkLearner(own), values);
  const from = published + sideBySide;
  for (const learner of [replaceable, model, alone]) answered(learner, stream, values, published, from);
  const [after, before] = [model, alone].map((learner) => sum(answered(learner, stream, values, from, end)));
  const { state, samples } = replaceable.takenIn as { state: string; samples: number };
  return { wentBack: state === "went back", samples, costAfter: after / before - 1 };
}

/** Prints the table. @returns 1 where too many equal models go back, or poisoned ones stay; else 0 */
export function judgeReplacing(directory: string): number {
  console.log(
    "stream                   equal: back (as good afterwards)   poisoned: back (median samples), cost of others",
  );
  const all: Pair[] = [];
  let missed = 0;
  for (const stream of readStreams(directory)) {
    const published = publishedRows(stream);
    if (stream.rows - published < sideBySide + fewestRows) continue;
    const judged = (learned: (seed: number) => Float64Array) =>
      Array.from({ length: pairs }, (_, pair) => judgePair(stream, learned(pair), 2 + pair));
    const equal = judged(() => stream.values);
    const poisoned = judged((seed) => shuffled(stream, published, seed));
    all.push(...equal);
    const back = equal.filter(({ wentBack }) => wentBack);
    const found = poisoned.filter(({ wentBack }) => wentBack);
    const others = poisoned.filter(({ wentBack }) => !wentBack).map(({ costAfter }) => costAfter);
    // One that has learned better meanwhile may stay.
    const isMissed = others.some((cost) => cost > 0.2);
    if (isMissed) missed++;
    const after = found.map(({ samples }) => samples).sort((one, other) => one - other)[found.length >> 1];
    console.log(
      `${stream.name.padEnd(24)} ${String(back.length).padStart(2)} of ${pairs} (${back.filter(({ costAfter }) => costAfter <= 0).length})` +
        `${" ".repeat(23)}${String(found.length).padStart(2)} of ${pairs} (${after ?? "-"})` +
        `${others.length === 0 ? "" : `, ${others.map((cost) => `${(100 * cost).toFixed(0)} %`).join(" ")}`}${isMissed ? "  MISSED" : ""}`,
    );
  }
  const back = all.filter(({ wentBack }) => wentBack);
  const wrong = back.filter(({ costAfter }) => costAfter <= 0).length;
  const isMissed = wrong > allowedShare * all.length;
  console.log(
    `of ${all.length} equal ones ${back.length} went back, ${wrong} of them as good or better in the ${rowsAfter} rows after${isMissed ? "  MISSED" : ""}`,
  );
  return missed + Number(isMissed);
}
