/** Twin of ../assembly/naive-bayes.ts. Pointers are element indices into `floats`, `distances` and `answers` into `doubles`. */
import { exponentialDouble, logarithm } from "./arithmetic.ts";

const f = Math.fround;
const vectorsPerLogarithm = 8;
const smallest = f(1e-30);
/** The four lanes of a vector: sums, and products of variances. */
const sums = new Float32Array(4);
const products = new Float32Array(4);

/** Writes for each class the negative log likelihood of a row under its normal distributions. */
function gaussianDistances(
  floats: Float32Array,
  doubles: Float64Array,
  distances: number,
  row: number,
  counts: number,
  means: number,
  squares: number,
  inputs: number,
  stride: number,
  classes: number,
  extra: number,
): void {
  for (let c = 0; c < classes; c++) {
    const count = floats[counts + c];
    const share = f(1 / f(count + extra));
    sums.fill(0);
    products.fill(1);
    let logarithms = 0;
    for (let i = 0; i < stride; i++) {
      const at = c * stride + i;
      const variance = count > 1 && i < inputs ? f(f(floats[squares + at] + extra) * share) : 1;
      const error = f(floats[row + i] - floats[means + at]);
      sums[i & 3] += f(f(error * error) / variance);
      products[i & 3] *= variance;
      if ((i + 1) % (4 * vectorsPerLogarithm) === 0) {
        logarithms += logarithm(products[0] * products[1] * products[2] * products[3]);
        products.fill(1);
      }
    }
    logarithms += logarithm(products[0] * products[1] * products[2] * products[3]);
    doubles[distances + c] = f(f(sums[0] + sums[2]) + f(sums[1] + sums[3])) + logarithms;
  }
}

/** Writes the probability of each class for a row. */
export function gaussianPosterior(
  floats: Float32Array,
  doubles: Float64Array,
  answers: number,
  row: number,
  counts: number,
  means: number,
  squares: number,
  inputs: number,
  stride: number,
  classes: number,
  extra: number,
  prior: number,
  tempering: number,
): void {
  gaussianDistances(floats, doubles, answers, row, counts, means, squares, inputs, stride, classes, extra);
  let total = 0;
  for (let c = 0; c < classes; c++) total += floats[counts + c];
  total += prior * classes;
  let highest = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < classes; c++) {
    const logarithmOfPrior = logarithm((floats[counts + c] + prior) / total);
    doubles[answers + c] = tempering * (logarithmOfPrior - 0.5 * doubles[answers + c]);
    highest = Math.max(highest, doubles[answers + c]);
  }
  let sum = 0;
  for (let c = 0; c < classes; c++) {
    doubles[answers + c] = exponentialDouble(doubles[answers + c] - highest);
    sum += doubles[answers + c];
  }
  for (let c = 0; c < classes; c++) doubles[answers + c] /= sum;
}

/** Takes a row into the running means and squares of its class. */
export function gaussianLearn(
  floats: Float32Array,
  row: number,
  counts: number,
  means: number,
  squares: number,
  stride: number,
  classes: number,
  label: number,
  forgetting: number,
): void {
  for (let c = 0; c < classes; c++) fade(floats, counts + c, forgetting);
  for (let i = 0; i < stride * classes; i++) fade(floats, squares + i, forgetting);
  floats[counts + label] += 1;
  const share = f(1 / floats[counts + label]);
  const mean = means + label * stride;
  const square = squares + label * stride;
  for (let i = 0; i < stride; i++) {
    const x = floats[row + i];
    const error = f(x - floats[mean + i]);
    floats[mean + i] = floats[mean + i] + f(error * share);
    floats[square + i] = floats[square + i] + f(error * f(x - floats[mean + i]));
  }
}

function fade(floats: Float32Array, at: number, forgetting: number): void {
  const faded = f(floats[at] * forgetting);
  floats[at] = faded < smallest ? 0 : faded;
}
