import { RivuletError } from "../../errors/errors.ts";

/** A reproducible stream of random numbers: the same seed gives the same stream on every machine. */
export interface Random {
  /** The next 32 random bits, as an integer from 0 to 2^32 - 1. */
  bits(): number;
  /** Uniform in [0, 1), with 32 random bits. */
  uniform(): number;
  /** Uniform whole number in [0, bound). */
  below(bound: number): number;
  /** The four words from which the stream continues. */
  state(): number[];
  /** @throws RivuletError, with nothing changed, where these are no four words of a stream */
  restore(state: number[]): void;
}

/** xoshiro128** 1.1 (Blackman and Vigna, 2018), seeded from any number through splitmix32. */
export function createRandom(seed: number): Random {
  const s = new Uint32Array(4);
  let mix = seed >>> 0;
  for (let i = 0; i < 4; i++) {
    mix = (mix + 0x9e3779b9) >>> 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    s[i] = z ^ (z >>> 16);
  }

  function bits(): number {
    const x = Math.imul(s[1], 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result;
  }

  return {
    bits,
    uniform: () => bits() / 4294967296,
    below: (bound) => Math.floor((bits() / 4294967296) * bound),
    state: () => [...s],
    restore(state) {
      const areWords =
        Array.isArray(state) && state.length === 4 && state.every((word) => word >>> 0 === word);
      // From four zeros the stream would never leave zero.
      if (!areWords || state.every((word) => word === 0)) {
        throw new RivuletError(
          "state.invalid",
          "found no state of random numbers, expected four whole numbers below 2^32 that are not all 0; restore another state",
        );
      }
      s.set(state);
    },
  };
}

/** Shuffles in place (Fisher and Yates, from the end). */
export function shuffle(order: Uint32Array, random: Random): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
}
