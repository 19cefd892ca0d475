import type { State } from "../../state.ts";
import type { Expert } from "../expert.ts";

/** Predicts the mean of the targets so far, which is a deviation of 0. */
export class Mean implements Expert {
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
