/** Logs what a learner finds wrong: numbers that cannot be true, and networks that had to go back to what they were. */
import { Ensemble } from "../learner/ensemble.ts";
import type { ExpertReport } from "../learner/ensemble-report.ts";
import { glitchText } from "../learner/glitches.ts";
import type { Learner } from "../learner/learner.ts";
import { hasRoom } from "../learner/outside-model.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import type { Log } from "./log.ts";
import { driftText } from "./quality.ts";

export class LearnerWatch {
  readonly #learner: PrequentialLearner;
  readonly #log: Log;
  /** Fields that were logged, by this process or an earlier one; null before the first sample. */
  #logged: Set<string> | null = null;
  #fieldCount = 0;
  #recoveries = 0;
  /** Changes when another network is in use, whose recoveries are counted by itself. */
  #phase = 0;
  #alarms = 0;
  /** What the experts of an ensemble were like at the last recovery. */
  #experts: ExpertReport[] = [];

  constructor(learner: PrequentialLearner, log: Log) {
    this.#learner = learner;
    this.#log = log;
  }

  /** To be called before the first sample: fields of the checkpoint that the learner continued from were logged then. */
  begin(): void {
    const { glitches } = this.#learner;
    this.#logged = new Set(glitches.report().map(({ field }) => field));
    this.#fieldCount = glitches.fieldCount;
    this.#recoveries = this.#learner.recoveries;
    this.#phase = this.#learnerPhase;
    this.#alarms = this.#learner instanceof Ensemble ? this.#learner.driftAlarms : 0;
    this.#experts = this.#learner instanceof Ensemble ? this.#learner.report().experts : [];
  }

  /** To be called once the learner has observed a sample. Allocates nothing unless there is something to log. */
  observe(): void {
    const { glitches, recoveries } = this.#learner;
    if (this.#learner instanceof Ensemble && this.#learner.driftAlarms !== this.#alarms)
      this.#tellDrift(this.#learner);
    const phase = this.#learnerPhase;
    const isSameNetwork = phase === this.#phase;
    this.#phase = phase;
    if (recoveries !== this.#recoveries) {
      this.#recoveries = recoveries;
      if (this.#learner instanceof Ensemble) this.#tellExperts(this.#learner);
      else if (isSameNetwork) this.#tellNetwork(this.#learner as Learner);
    }
    if (glitches.fieldCount === this.#fieldCount) return;
    this.#fieldCount = glitches.fieldCount;
    for (const glitch of glitches.report()) {
      if (this.#logged?.has(glitch.field)) continue;
      this.#logged?.add(glitch.field);
      this.#log({ event: "glitch", text: glitchText(glitch), problem: true, details: { ...glitch } });
    }
  }

  get #learnerPhase(): number {
    const learner = this.#learner;
    return hasRoom(learner) ? learner.modelPhase : 0;
  }

  #tellDrift(ensemble: Ensemble): void {
    this.#alarms = ensemble.driftAlarms;
    const { drift } = ensemble.report();
    this.#log({
      event: "relearning",
      text: driftText(drift),
      details: drift,
    });
  }

  #tellNetwork({ health }: Learner): void {
    const { lastRecovery } = health;
    if (lastRecovery === null) return;
    const { loss, constantLoss, samplesBack, learningRate } = lastRecovery;
    // One that was not worse than the constant went back because of numbers that were not finite.
    const finding =
      loss > constantLoss
        ? `the network's loss was ${loss.toPrecision(3)} where a constant answer has ${constantLoss.toPrecision(3)}`
        : "numbers of the network had overflowed";
    this.#log({
      event: "network-recovered",
      text: `${finding}: it went back to its weights of ${samplesBack} samples before, and learns at ${learningRate.toPrecision(3)} from now on; lower model.optimizer.learningRate, or leave model out for the ensemble`,
      problem: true,
      details: { ...lastRecovery },
    });
  }

  #tellExperts(ensemble: Ensemble): void {
    const { experts } = ensemble.report();
    for (const [index, { name, loss, restarts, recoveries }] of experts.entries()) {
      const before = this.#experts[index];
      if (before === undefined || restarts + recoveries === before.restarts + before.recoveries) continue;
      const fate = recoveries > before.recoveries ? "went back to its last healthy state" : "was restarted";
      this.#log({
        event: "expert-healed",
        text: `the expert ${name} was worse than a constant answer, or its numbers had overflowed: it ${fate}, while the others answer`,
        problem: true,
        details: { expert: name, loss, restarts, recoveries },
      });
    }
    this.#experts = experts;
  }
}
