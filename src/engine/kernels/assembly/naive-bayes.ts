/** Gaussian naive Bayes with fading counts: vectors run over the inputs. */
import { exponentialDouble, laneSum, logarithm } from "./arithmetic";
import { logarithms } from "./logarithms";
import { readDouble, writeDouble } from "./memory";

/** Vectors whose variances are multiplied before one logarithm is taken: their product stays far from float32's ends. */
const vectorsPerLogarithm = 8;

/**
 * What fades below this is 0: a class that is not seen any more would hold subnormal numbers for ever, which are slow on
 * x64, and which the vectors of 32-bit ARM take for 0.
 */
const smallest: f32 = 1e-30;

/**
 * answers [classes] (float64) = softmax over the classes of tempering (log p - distance / 2), with p = (count + prior) / (all counts +
 * prior classes), and the distances of `subtractDistances`.
 */
export function gaussianPosterior(
  answers: usize,
  row: usize,
  counts: usize,
  means: usize,
  squares: usize,
  inputs: i32,
  stride: i32,
  classes: i32,
  extra: f32,
  prior: f64,
  tempering: f64,
): void {
  let total: f64 = 0;
  for (let c = 0; c < classes; c++) total += f64(load<f32>(counts + (usize(c) << 2)));
  total += prior * f64(classes);
  for (let c = 0; c < classes; c++) {
    writeDouble(answers, c, (f64(load<f32>(counts + (usize(c) << 2))) + prior) / total);
  }
  logarithms(answers, answers, classes);
  subtractDistances(answers, row, counts, means, squares, inputs, stride, classes, extra, tempering);
  let highest = readDouble(answers, 0);
  for (let c = 1; c < classes; c++) highest = max(highest, readDouble(answers, c));
  let sum: f64 = 0;
  for (let c = 0; c < classes; c++) {
    const exponential = exponentialDouble(readDouble(answers, c) - highest);
    writeDouble(answers, c, exponential);
    sum += exponential;
  }
  for (let c = 0; c < classes; c++) writeDouble(answers, c, readDouble(answers, c) / sum);
}

/**
 * posteriors [classes] (float64) = tempering (posteriors - distances / 2), with distances = sum over the inputs of
 * (row - mean)^2 / v + log v, v = (squares + extra) / (count + extra), or 1 where the class has a count of at most 1. `means` and
 * `squares` are [classes, stride] with a stride of whole vectors, `row` and they hold 0 past the last of the `inputs`, and
 * there v counts as 1.
 */
function subtractDistances(
  posteriors: usize,
  row: usize,
  counts: usize,
  means: usize,
  squares: usize,
  inputs: i32,
  stride: i32,
  classes: i32,
  extra: f32,
  tempering: f64,
): void {
  const one = f32x4.splat(1);
  for (let c = 0; c < classes; c++) {
    const count = load<f32>(counts + (usize(c) << 2));
    const known = count > 1;
    const share = f32x4.splat(f32(1) / (count + extra));
    let sum = f32x4.splat(0);
    let product = one;
    let ofVariances: f64 = 0;
    let multiplied = 0;
    for (let i = 0; i < stride; i += 4) {
      const at = usize(c * stride + i) << 2;
      let variance = one;
      if (known) {
        variance = f32x4.mul(f32x4.add(v128.load(squares + at), f32x4.splat(extra)), share);
        if (i + 4 > inputs) variance = v128.bitselect(variance, one, lanesBelow(inputs - i));
      }
      const error = f32x4.sub(v128.load(row + (usize(i) << 2)), v128.load(means + at));
      sum = f32x4.add(sum, f32x4.div(f32x4.mul(error, error), variance));
      product = f32x4.mul(product, variance);
      multiplied++;
      if (multiplied == vectorsPerLogarithm) {
        ofVariances += logarithm(laneProduct(product));
        product = one;
        multiplied = 0;
      }
    }
    ofVariances += logarithm(laneProduct(product));
    const distance = f64(laneSum(sum)) + ofVariances;
    writeDouble(posteriors, c, tempering * (readDouble(posteriors, c) - 0.5 * distance));
  }
}

/** All bits in the first `count` lanes, 0 to 4. */
// @ts-ignore: decorator
@inline
function lanesBelow(count: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count));
}

// @ts-ignore: decorator
@inline
function laneProduct(a: v128): f64 {
  return (
    f64(f32x4.extract_lane(a, 0)) *
    f64(f32x4.extract_lane(a, 1)) *
    f64(f32x4.extract_lane(a, 2)) *
    f64(f32x4.extract_lane(a, 3))
  );
}

/**
 * Multiplies all counts and squares by `forgetting`, below 1e-30 to 0, then learns that `row` is of class `label`: its count grows by 1,
 * mean += e / count, squares += e (row - mean).
 */
export function gaussianLearn(
  row: usize,
  counts: usize,
  means: usize,
  squares: usize,
  stride: i32,
  classes: i32,
  label: i32,
  forgetting: f32,
): void {
  for (let c = 0; c < classes; c++) {
    const at = counts + (usize(c) << 2);
    const faded = load<f32>(at) * forgetting;
    store<f32>(at, faded < smallest ? 0 : faded);
  }
  const factor = f32x4.splat(forgetting);
  const least = f32x4.splat(smallest);
  const all = stride * classes;
  for (let i = 0; i < all; i += 4) {
    const at = squares + (usize(i) << 2);
    const faded = f32x4.mul(v128.load(at), factor);
    v128.store(at, v128.andnot(faded, f32x4.lt(faded, least)));
  }
  const countAt = counts + (usize(label) << 2);
  const count = load<f32>(countAt) + 1;
  store<f32>(countAt, count);
  const share = f32x4.splat(f32(1) / count);
  let mean = means + (usize(label * stride) << 2);
  let square = squares + (usize(label * stride) << 2);
  for (let i = 0; i < stride; i += 4) {
    const x = v128.load(row);
    const before = v128.load(mean);
    const error = f32x4.sub(x, before);
    const after = f32x4.add(before, f32x4.mul(error, share));
    v128.store(mean, after);
    v128.store(square, f32x4.add(v128.load(square), f32x4.mul(error, f32x4.sub(x, after))));
    row += 16;
    mean += 16;
    square += 16;
  }
}
