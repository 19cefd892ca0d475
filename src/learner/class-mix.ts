/** Joins what several experts say of classes: by fixed share and by stacking, and by fixed share between these two. */
import { type Arena, aloneBytes, bytesOf, float64, type Space } from "../engine/running/arena.ts";
import type { Stateful } from "../state.ts";
import type { Asleep } from "./aggregation/aggregation.ts";
import { FixedShare } from "./aggregation/fixed-share.ts";
import { NewtonStacking } from "./aggregation/newton-stacking.ts";

/** What is shared out again between the two rules. */
const ruleShare = 0.005;

export interface ClassMixOptions {
  experts: number;
  classes: number;
  /** Default: all are awake. */
  asleep?: Asleep;
}

const blocksFor = (classes: number) => ({ joined: float64(2, classes) });

export class ClassMix {
  readonly share: FixedShare;
  readonly stacking: NewtonStacking;
  readonly rules: FixedShare;
  /** [2, classes]: what the two rules answered. */
  readonly #joined: Float64Array;
  readonly #classes: number;

  static space({ experts, classes }: ClassMixOptions): Space {
    const { bytes, scratch } = NewtonStacking.space({ experts, classes });
    const shares = FixedShare.bytes({ experts, classes }) + FixedShare.bytes({ experts: 2, classes });
    return { bytes: bytesOf(blocksFor(classes)) + shares + bytes, scratch };
  }

  static bytes = (options: ClassMixOptions): number => aloneBytes(ClassMix.space(options));

  constructor(options: ClassMixOptions, arena: Arena) {
    const { classes } = options;
    this.#classes = classes;
    this.#joined = arena.place(blocksFor(classes)).joined;
    this.share = new FixedShare(options, arena);
    this.stacking = new NewtonStacking(options, arena);
    this.rules = new FixedShare({ experts: 2, classes, share: ruleShare }, arena);
  }

  /** Joins `answers` [experts, classes] into `out` [classes]. Allocates nothing. */
  mix(answers: Float64Array, out: Float64Array): void {
    this.share.mix(answers, this.#joined, 0);
    this.stacking.mix(answers, this.#joined, this.#classes);
    this.rules.mix(this.#joined, out, 0);
  }

  /** Learns that the class was `label`, where `answers` were joined last. Allocates nothing. */
  learn(answers: Float64Array, label: number): void {
    this.share.learn(answers, label);
    this.stacking.learn(label);
    this.rules.learn(this.#joined, label);
  }

  /** All that has a state, in order. */
  get parts(): Stateful[] {
    return [this.share, this.stacking, this.rules];
  }
}
