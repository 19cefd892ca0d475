import { type Arena, arenaFor, bytesOf, float64, type Space, spaceOf } from "../../engine/running/arena.ts";
import type { State } from "../../state.ts";
import { notNegative } from "../../state-check.ts";
import type { Expert } from "../expert.ts";
import { restoreArrays } from "../restore-arrays.ts";

/** Factor by which the counts after a label fade with each row that follows it. */
const forgetting = 0.99;
/** Added to the count of each class. */
const prior = 0.5;

const blocksFor = (classes: number) => ({ counts: float64(classes, classes) });

/**
 * P(label | last label) as a Markov chain of first order whose counts fade by 0.99, with 0.5 added to each. Its input
 * is the last label, one-hot [classes]; where it is all zero the label is not known, and the answer even.
 */
export class LabelTransitions implements Expert {
  readonly #classes: number;
  /** [last label, label] */
  readonly #counts: Float64Array;

  static space = ({ classes }: { classes: number }): Space => spaceOf(blocksFor(classes));

  static bytes = ({ classes }: { classes: number }) => bytesOf(blocksFor(classes));

  constructor({ classes }: { classes: number }, arena?: Arena) {
    const blocks = blocksFor(classes);
    this.#classes = classes;
    this.#counts = arenaFor(blocks, arena).place(blocks).counts;
  }

  predict(lastLabel: Float32Array, answers: Float64Array, at: number): void {
    const classes = this.#classes;
    const last = hot(lastLabel, classes);
    let total = 0;
    for (let c = 0; c < classes; c++) {
      answers[at + c] = prior + (last < 0 ? 0 : this.#counts[last * classes + c]);
      total += answers[at + c];
    }
    for (let c = 0; c < classes; c++) answers[at + c] /= total;
  }

  learn(lastLabel: Float32Array, targets: Float64Array, at: number): void {
    const classes = this.#classes;
    const last = hot(lastLabel, classes);
    if (last < 0) return;
    for (let c = 0; c < classes; c++) this.#counts[last * classes + c] *= forgetting;
    this.#counts[last * classes + targets[at]] += 1;
  }

  restart(): void {
    this.#counts.fill(0);
  }

  state(): State {
    return { counts: this.#counts };
  }

  restore(state: State): void {
    restoreArrays({ counts: this.#counts }, state, "label transitions", { counts: notNegative });
  }
}

/** The class whose number is not 0; -1 if there is none. */
function hot(oneHot: Float32Array, classes: number): number {
  for (let c = 0; c < classes; c++) if (oneHot[c] !== 0) return c;
  return -1;
}
