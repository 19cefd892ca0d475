import { takeLogarithm } from "../../logarithm.ts";

/**
 * How improbable several scores are, in nats: the larger one of `nats` and -ln of `parts`. A logarithm costs as much as all
 * else of a score, so it is put off: the strongest of several columns is the one with the smallest part, and only its logarithm
 * is needed. `settle` takes those of all places in one loop, in which a processor works on several at a time.
 */
export class Surprises {
  /** Nats as far as they are known, 0 where only the part is; [count]. */
  readonly nats: Float64Array;
  /** Part of the rows that scored as high, 1 where it says nothing more than the nats; [count]. */
  readonly parts: Float64Array;

  static bytes(count: number): number {
    return 2 * 8 * count;
  }

  constructor(count: number) {
    this.nats = new Float64Array(count);
    this.parts = new Float64Array(count).fill(1);
  }

  /** The score at a place is as usual as can be. */
  clear(which: number): void {
    this.nats[which] = 0;
    this.parts[which] = 1;
  }

  /** Takes over what is stronger in others, of which there are as many or fewer. */
  takeStronger(others: Surprises): void {
    for (let which = 0; which < others.nats.length; which++) {
      if (others.nats[which] > this.nats[which]) this.nats[which] = others.nats[which];
      if (others.parts[which] < this.parts[which]) this.parts[which] = others.parts[which];
    }
  }

  /** Takes the logarithms that were put off: the nats are then all that is known. */
  settle(): void {
    for (let which = 0; which < this.nats.length; which++) this.settleOne(which);
  }

  /** Takes the logarithm at one place. */
  settleOne(which: number): void {
    if (!(this.parts[which] < 1)) return;
    takeLogarithm(this.parts, which);
    this.nats[which] = Math.max(this.nats[which], -this.parts[which]);
    this.parts[which] = 1;
  }
}
