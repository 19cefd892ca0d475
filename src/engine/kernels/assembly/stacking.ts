/** Logistic stacking of experts in float64. Places are of float64; matrices are row-major. */
import { exponentialDouble } from "./arithmetic";
import { logarithms } from "./logarithms";
import { readDouble, writeDouble } from "./memory";

/**
 * mixed [classes] = softmax(sum over the experts of weights times logits), where logits [experts, classes] become the logarithms of
 * answers [experts, classes], less their mean over the classes.
 */
export function stackLogits(
  mixed: usize,
  logits: usize,
  answers: usize,
  weights: usize,
  experts: i32,
  classes: i32,
): void {
  logarithms(logits, answers, experts * classes);
  for (let c = 0; c < classes; c++) writeDouble(mixed, c, 0);
  for (let k = 0; k < experts; k++) {
    const line = k * classes;
    let total: f64 = 0;
    for (let c = 0; c < classes; c++) total += readDouble(logits, line + c);
    const mean = total / f64(classes);
    const weight = readDouble(weights, k);
    for (let c = 0; c < classes; c++) {
      const logit = readDouble(logits, line + c) - mean;
      writeDouble(logits, line + c, logit);
      writeDouble(mixed, c, readDouble(mixed, c) + weight * logit);
    }
  }
  let highest = readDouble(mixed, 0);
  for (let c = 1; c < classes; c++) highest = max(highest, readDouble(mixed, c));
  let sum: f64 = 0;
  for (let c = 0; c < classes; c++) {
    const exponential = exponentialDouble(readDouble(mixed, c) - highest);
    writeDouble(mixed, c, exponential);
    sum += exponential;
  }
  for (let c = 0; c < classes; c++) writeDouble(mixed, c, readDouble(mixed, c) / sum);
}

/**
 * An online Newton step on the log loss of the mix: gradient [experts] = sum over the classes of (mixed - [c = label]) logits, direction = M gradient,
 * s = 1 + gradient.direction / 2, weights -= direction / s, M = (M - direction direction' / (2 s)) / forgetting, scaled to a trace of
 * `largestTrace` where it would pass that. M is computed as one triangle and mirrored.
 */
export function stackLearn(
  weights: usize,
  m: usize,
  gradient: usize,
  direction: usize,
  mixed: usize,
  logits: usize,
  experts: i32,
  classes: i32,
  label: i32,
  forgetting: f64,
  largestTrace: f64,
): void {
  for (let k = 0; k < experts; k++) {
    let sum = -readDouble(logits, k * classes + label);
    for (let c = 0; c < classes; c++) sum += readDouble(mixed, c) * readDouble(logits, k * classes + c);
    writeDouble(gradient, k, sum);
  }
  let spread: f64 = 1;
  for (let k = 0; k < experts; k++) {
    let sum: f64 = 0;
    for (let j = 0; j < experts; j++) sum += readDouble(m, k * experts + j) * readDouble(gradient, j);
    writeDouble(direction, k, sum);
    spread += 0.5 * sum * readDouble(gradient, k);
  }
  let trace: f64 = 0;
  for (let k = 0; k < experts; k++) {
    const along = readDouble(direction, k);
    const scaled = (0.5 * along) / spread;
    for (let j = 0; j <= k; j++) {
      const entry = (readDouble(m, k * experts + j) - scaled * readDouble(direction, j)) / forgetting;
      writeDouble(m, k * experts + j, entry);
      writeDouble(m, j * experts + k, entry);
    }
    trace += readDouble(m, k * experts + k);
    writeDouble(weights, k, readDouble(weights, k) - along / spread);
  }
  if (trace <= largestTrace) return;
  const factor = largestTrace / trace;
  for (let i = 0; i < experts * experts; i++) writeDouble(m, i, readDouble(m, i) * factor);
}
