import type { State } from "../../state.ts";
import type { Expert } from "../expert.ts";

/** Persistence: predicts the last target, which is a change of 0. */
export class LastValue implements Expert {
  predict(_inputs: Float32Array, answers: Float64Array, at: number): void {
    answers[at] = 0;
  }

  learn(): void {}

  restart(): void {}

  state(): State {
    return null;
  }

  restore(): void {}
}
