import type { Figure } from "./figure.ts";

/** Functions that measure a group of figures in the given number of rounds; each is loaded on demand. */
export type Groups = Readonly<
  Record<string, () => Promise<(rounds: number) => Figure[] | Promise<Figure[]>>>
>;

/** The groups that a user can measure, in the order of measuring. */
export const groups: Groups = {
  training: async () => (await import("./training.ts")).trainingFigures,
  optimizers: async () => (await import("./optimizers.ts")).optimizerFigures,
  functions: async () => (await import("./functions.ts")).functionFigures,
  decoding: async () => (await import("./decoding.ts")).decodingFigures,
  growth: async () => (await import("./growth.ts")).growthFigures,
  sensor: async () => (await import("./sensor-network.ts")).sensorNetworkFigures,
  memory: async () => (await import("./memory.ts")).memoryFigures,
};

/** Measures the named groups one after the other. */
export async function measureGroups(
  from: Groups,
  names: readonly string[],
  rounds: number,
): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const name of names) {
    const figuresOf = await from[name]();
    figures.push(...(await figuresOf(rounds)));
  }
  return figures;
}
