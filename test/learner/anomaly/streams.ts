/** Streams on which nothing happens, one value a row. */
import { createRandom, type Random } from "../../../src/engine/model/random.ts";

const gauss = (random: Random) =>
  Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());

/** Each takes the row and a state of its own. */
export const stationary: Record<string, (seed: number) => (row: number) => number> = {
  gauss: (seed) => {
    const random = createRandom(seed);
    return () => gauss(random);
  },
  "autoregressive at 0.95": (seed) => {
    const random = createRandom(seed);
    let value = 0;
    return () => {
      value = 0.95 * value + gauss(random);
      return value;
    };
  },
  "a day's course": (seed) => {
    const random = createRandom(seed);
    let value = 0;
    return (row) => {
      value = 0.9 * value + gauss(random);
      return 10 * Math.sin((2 * Math.PI * row) / 288) + value;
    };
  },
  "heavy tails": (seed) => {
    const random = createRandom(seed);
    // Student's t with 3 degrees of freedom.
    return () =>
      gauss(random) / Math.sqrt((gauss(random) ** 2 + gauss(random) ** 2 + gauss(random) ** 2) / 3);
  },
  lognormal: (seed) => {
    const random = createRandom(seed);
    return () => Math.exp(gauss(random));
  },
  "random walk": (seed) => {
    const random = createRandom(seed);
    let value = 0;
    return () => {
      value += gauss(random);
      return value;
    };
  },
  counts: (seed) => {
    const random = createRandom(seed);
    // Poisson with mean 4, by the product of uniform numbers.
    return () => {
      let count = -1;
      for (let product = 1; product > Math.exp(-4); product *= random.uniform()) count++;
      return count;
    };
  },
};
