/** Files to learn from. */
import { createRandom } from "../../src/engine/model/random.ts";

/** The CSV file of a rule over two columns between -1 and 1. */
function csv(rows: number, seed: number, column: string, rule: (x: number, y: number) => number): string {
  const random = createRandom(seed);
  const lines = [`x,y,${column}`];
  for (let row = 0; row < rows; row++) {
    const x = 2 * random.uniform() - 1;
    const y = 2 * random.uniform() - 1;
    lines.push(`${x},${y},${rule(x, y)}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Three classes that no linear model tells apart: the sign of x times y, and the middle. */
export const saddle = (rows: number, seed = 1) =>
  csv(rows, seed, "label", (x, y) => (x * x + y * y < 0.25 ? 2 : Number(x * y > 0)));

/** A number that bends with one column and waves with the other. */
export const wave = (rows: number, seed = 1) =>
  csv(rows, seed, "target", (x, y) => 50 + 10 * Math.sin(3 * x) + 8 * y * y);
