/** Joins what several experts say of a number: by two ML-Poly of different memory, and by fading weights between these two. */
import { type Arena, bytesOf, float64 } from "../engine/running/arena.ts";
import type { Stateful } from "../state.ts";
import type { Asleep } from "./aggregation/aggregation.ts";
import { FadingWeights } from "./aggregation/fading-weights.ts";
import { MlPoly } from "./aggregation/ml-poly.ts";

/** What is left of regrets with each row, in the rule that forgets. */
const fading = 0.995;

export interface NumberMixOptions {
  experts: number;
  /** Default: all are awake. */
  asleep?: Asleep;
}

const blocks = { joined: float64(2) };

export class NumberMix {
  readonly lasting: MlPoly;
  readonly fading: MlPoly;
  readonly rules: FadingWeights;
  /** [2]: what the two rules answered. */
  readonly #joined: Float64Array;

  static bytes = ({ experts }: NumberMixOptions): number =>
    bytesOf(blocks) + 2 * MlPoly.bytes({ experts }) + FadingWeights.bytes({ experts: 2 });

  constructor(options: NumberMixOptions, arena: Arena) {
    this.#joined = arena.place(blocks).joined;
    this.lasting = new MlPoly(options, arena);
    this.fading = new MlPoly({ ...options, fading }, arena);
    this.rules = new FadingWeights({ experts: 2 }, arena);
  }

  /** Joins `answers` [experts] into `out` [1]. Allocates nothing. */
  mix(answers: Float64Array, out: Float64Array): void {
    this.lasting.mix(answers, this.#joined, 0);
    this.fading.mix(answers, this.#joined, 1);
    this.rules.mix(this.#joined, out, 0);
  }

  /**
   * Learns that the number was `target[0]`, where `answers` were joined last; `scale[0]` is the usual size of an error.
   * Allocates nothing.
   */
  learn(answers: Float64Array, target: Float64Array, scale: Float64Array): void {
    this.lasting.learn(answers, this.#joined, 0, target, scale);
    this.fading.learn(answers, this.#joined, 1, target, scale);
    this.rules.learn(this.#joined, target, scale);
  }

  restart(): void {
    for (const rule of this.#rules) rule.restart();
  }

  get #rules() {
    return [this.lasting, this.fading, this.rules];
  }

  /** All that has a state, in order. */
  get parts(): Stateful[] {
    return this.#rules;
  }
}
