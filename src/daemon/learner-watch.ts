/** Logs what a learner finds wrong: the first number of each field that cannot be true. */
import { glitchText } from "../learner/glitches.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import type { Log } from "./log.ts";

export class LearnerWatch {
  readonly #learner: PrequentialLearner;
  readonly #log: Log;
  /** Fields that were logged, by this process or an earlier one; null before the first sample. */
  #logged: Set<string> | null = null;
  #fieldCount = 0;

  constructor(learner: PrequentialLearner, log: Log) {
    this.#learner = learner;
    this.#log = log;
  }

  /** To be called before the first sample: fields of the checkpoint that the learner continued from were logged then. */
  begin(): void {
    const { glitches } = this.#learner;
    this.#logged = new Set(glitches.report().map(({ field }) => field));
    this.#fieldCount = glitches.fieldCount;
  }

  /** To be called once the learner has observed a sample. Allocates nothing unless there is something to log. */
  observe(): void {
    const { glitches } = this.#learner;
    if (glitches.fieldCount === this.#fieldCount) return;
    this.#fieldCount = glitches.fieldCount;
    for (const glitch of glitches.report()) {
      if (this.#logged?.has(glitch.field)) continue;
      this.#logged?.add(glitch.field);
      this.#log({ event: "glitch", text: glitchText(glitch), problem: true, details: { ...glitch } });
    }
  }
}
