/** The experts of an ensemble side by side: what each sees, who is asked, and who has to be healed. */
import type { Network } from "../engine/running/network.ts";
import type { Stateful } from "../state.ts";
import { type Effort, isAskedAt, replayAt } from "./effort.ts";
import type { Expert } from "./expert.ts";
import { ExpertHealth } from "./expert-health.ts";
import { Neighbours } from "./experts/neighbours.ts";
import { NetworkExpert, ReplayedNetwork } from "./experts/network.ts";

/** An expert among others. */
export interface Member {
  readonly name: string;
  readonly expert: Expert;
  /** What it sees of a row. */
  readonly inputs: Float32Array;
}

export interface PanelOptions<M extends Member> {
  /** In order. */
  members: readonly M[];
  /** Networks that learn from replayed rows, in the order in which they do; also those that are no members. */
  replayed: readonly (ReplayedNetwork | null)[];
  /** The level of effort at which they begin, and the highest at which they will ever work. */
  effort: Effort;
  /** An expert is healthy while its fading loss is at most this many times the constant's, plus the margin. */
  factor: number;
  margin: number;
}

/**
 * The experts of an ensemble in order. The replayed networks among them learn in their own turn, after the others: they
 * draw random numbers and store the row.
 */
export class Panel<M extends Member = Member> {
  readonly members: readonly M[];
  readonly names: readonly string[];
  /** Which experts are healthy, and how often those that were not were healed. */
  readonly health: ExpertHealth;
  /** [experts]: 1 where the expert is asked, 0 where the effort is too low for it. */
  readonly asked: Uint8Array;
  /** [experts]: 1 where the expert has nothing to say of the row; that of one which is not asked is always 1. */
  readonly asleep: Uint8Array;
  /** [experts]: 1 where the expert learns in its own turn. */
  readonly inTurn: Uint8Array;
  /** The networks among the experts. */
  readonly networks: readonly Network[];
  #effort: Effort;
  readonly #replayed: readonly ReplayedNetwork[];
  /** [experts]: what may overflow of each: itself, or of neighbours the network that makes their metric, where that is no member. */
  readonly #overflowing: readonly Expert[];

  constructor({ members, replayed, effort, ...margins }: PanelOptions<M>) {
    const experts = members.length;
    const learners = replayed.filter((network) => network !== null);
    const isReplayed = ({ expert }: M) => (learners as Expert[]).includes(expert);
    this.members = members;
    this.#effort = effort;
    this.names = members.map(({ name }) => name);
    this.health = new ExpertHealth({ experts, ...margins });
    this.asked = new Uint8Array(experts).fill(1);
    this.asleep = new Uint8Array(experts);
    this.inTurn = Uint8Array.from(members, (member) => (isReplayed(member) ? 1 : 0));
    this.#replayed = learners;
    const others = learners.filter((network) => !members.some(({ expert }) => expert === network));
    this.#overflowing = members.map(({ expert }) => {
      const behind = others.find(({ ring }) => expert instanceof Neighbours && expert.ring === ring);
      return behind ?? expert;
    });
    const plain = members.filter((member) => !isReplayed(member)).map(({ expert }) => expert);
    this.networks = [...plain, ...learners].flatMap((expert) =>
      expert instanceof NetworkExpert || expert instanceof ReplayedNetwork ? [expert.network] : [],
    );
  }

  /** The level of effort at which they work: that of their options, or lower. */
  get effort(): Effort {
    return this.#effort;
  }

  /**
   * Asks from now on only those experts that take part at `effort`; the rings keep as many rows, and the networks draw as
   * many, as belong to it. Not for every row: it copies rows.
   */
  setEffort(effort: Effort): void {
    this.#effort = effort;
    const { rows, draws } = replayAt[effort];
    for (const network of this.#replayed) {
      network.draws = draws;
      network.ring.limit(rows);
    }
    for (const [k, { name }] of this.members.entries()) {
      const isAsked = isAskedAt(name, effort) ? 1 : 0;
      if (isAsked === this.asked[k]) continue;
      this.asked[k] = isAsked;
      this.asleep[k] = 1 - isAsked;
    }
  }

  /**
   * Judges the experts by their losses on a row, `losses` [experts + 1], the constant's last: heals one that is not healthy,
   * and lets those that are keep a copy of themselves from time to time. One that is asleep counts as the constant.
   */
  judge(losses: Float64Array): void {
    const { members, health, asleep } = this;
    for (let k = 0; k < members.length; k++) if (asleep[k] === 1) losses[k] = losses[members.length];
    const sick = health.observe(losses);
    if (sick >= 0) this.heal(sick);
    for (let k = 0; k < members.length; k++) {
      if (health.looksNow(k)) this.#healOverflow(k);
      if (asleep[k] === 0 && health.keepsNow(k)) health.keep(k, members[k].expert);
    }
  }

  /** Whether a number of an expert has overflowed, so that the state cannot be restored. Not for every row. */
  hasOverflowed(): boolean {
    return this.#overflowing.some((expert) => expert.hasOverflowed?.() ?? false);
  }

  /** Heals the experts in which a number has overflowed, as `judge` does within 256 rows. */
  healOverflow(): void {
    for (let k = 0; k < this.members.length; k++) this.#healOverflow(k);
  }

  #healOverflow(k: number): void {
    const expert = this.#overflowing[k];
    if (expert.hasOverflowed?.()) this.health.heal(k, expert);
  }

  /** Adds what rule number `rule` counts, of `rules`, to `weights` [experts]: the awake experts share it as `shares`. Allocates nothing. */
  addShares(weights: Float64Array, shares: Float64Array, rules: Float64Array, rule: number): void {
    const { asleep } = this;
    let total = 0;
    for (let k = 0; k < shares.length; k++) if (asleep[k] === 0) total += Math.abs(shares[k]);
    if (total === 0) return;
    for (let k = 0; k < shares.length; k++) {
      if (asleep[k] === 0) weights[k] += (rules[rule] * Math.abs(shares[k])) / total;
    }
  }

  /**
   * Adds the constant after the experts to `weights` [experts + 1], which then share what `joined` [2] leaves them: what they
   * count together, and what the constant does. Allocates nothing.
   */
  addConstant(weights: Float64Array, joined: Float64Array): void {
    const experts = this.members.length;
    for (let k = 0; k < experts; k++) weights[k] *= joined[0];
    weights[experts] = joined[1];
  }

  heal(expert: number): void {
    this.health.heal(expert, this.members[expert].expert);
  }

  /** All that has a state, in order. */
  parts(): Stateful[] {
    const plain = this.members.filter((_, k) => this.inTurn[k] === 0);
    return [...plain.map(({ expert }) => expert), ...this.#replayed];
  }

  /** The rings keep only the newest rows, because what the others say no longer holds. */
  keepNewest(rows: number): void {
    for (const { ring } of this.#replayed) ring.keepNewest(rows);
  }

  /** Everything is forgotten but the rows. */
  restart(): void {
    for (const { expert } of this.members) expert.restart();
  }
}
