/**
 * Gated recurrent units, as PyTorch defines them. The product with the input is computed once for all steps; each step
 * computes only the product with the hidden weight.
 */
import { hyperbolicTangent, multiplyAdd, sigmoid } from "./arithmetic";
import { columnSums, product, productTransposed, Start } from "./matrix";

/** Loads four numbers, or one in the first lane: both use the same vector operations, with the same bits as result. */
// @ts-ignore: decorator
@inline
function loadLanes(at: usize, whole: bool): v128 {
  return whole ? v128.load(at) : v128.load32_zero(at);
}

// @ts-ignore: decorator
@inline
function storeLanes(at: usize, value: v128, whole: bool): void {
  if (whole) v128.store(at, value);
  else v128.store32_lane(at, value, 0);
}

export function gruForward(
  states: usize,
  gates: usize,
  initial: usize,
  input: usize,
  weightIh: usize,
  weightHh: usize,
  biasIh: usize,
  biasHh: usize,
  scratch: usize,
  inputs: i32,
  hidden: i32,
  steps: i32,
  rows: i32,
): void {
  const stateRow = usize(hidden) << 2;
  const gateRow = stateRow * 4;
  const weightRow = stateRow * 3;
  const inputRow = usize(inputs) << 2;
  const sampleStates = usize(steps) * stateRow;
  const sampleGates = usize(steps) * gateRow;
  const startIh = biasIh ? Start.Row : Start.Zero;
  const startHh = biasHh ? Start.Row : Start.Zero;
  const candidate = stateRow * 2;
  product(gates, gateRow, input, inputRow, 4, weightIh, weightRow, rows * steps, 2 * hidden, inputs, startIh, biasIh);
  product(gates + 3 * stateRow, gateRow, input, inputRow, 4, weightIh + candidate, weightRow, rows * steps, hidden, inputs, startIh, biasIh + candidate);
  let previous = initial;
  let previousRow = stateRow;
  for (let step = 0; step < steps; step++) {
    product(scratch, weightRow, previous, previousRow, 4, weightHh, weightRow, rows, 3 * hidden, hidden, startHh, biasHh);
    for (let row: usize = 0; row < usize(rows); row++) {
      forwardStep(states + row * sampleStates, gates + row * sampleGates, previous + row * previousRow, scratch + row * weightRow, hidden);
    }
    previous = states;
    previousRow = sampleStates;
    states += stateRow;
    gates += gateRow;
  }
}

/** One step of one sample, from the contributions of input and previous state to its gates. */
function forwardStep(state: usize, gates: usize, previous: usize, fromState: usize, hidden: i32): void {
  const gate = usize(hidden) << 2;
  let count = hidden;
  for (; count >= 4; count -= 4) {
    forwardLanes(state, gates, previous, fromState, gate, true);
    state += 16;
    gates += 16;
    previous += 16;
    fromState += 16;
  }
  for (; count > 0; count--) {
    forwardLanes(state, gates, previous, fromState, gate, false);
    state += 4;
    gates += 4;
    previous += 4;
    fromState += 4;
  }
}

// @ts-ignore: decorator
@inline
function forwardLanes(state: usize, gates: usize, previous: usize, fromState: usize, gate: usize, whole: bool): void {
  const reset = sigmoid(f32x4.add(loadLanes(gates, whole), loadLanes(fromState, whole)));
  const update = sigmoid(f32x4.add(loadLanes(gates + gate, whole), loadLanes(fromState + gate, whole)));
  const recurrent = loadLanes(fromState + 2 * gate, whole);
  const candidate = hyperbolicTangent(multiplyAdd(reset, recurrent, loadLanes(gates + 3 * gate, whole)));
  storeLanes(gates, reset, whole);
  storeLanes(gates + gate, update, whole);
  storeLanes(gates + 2 * gate, recurrent, whole);
  storeLanes(gates + 3 * gate, candidate, whole);
  const kept = f32x4.mul(update, loadLanes(previous, whole));
  storeLanes(state, multiplyAdd(f32x4.sub(f32x4.splat(1), update), candidate, kept), whole);
}

export function gruBackward(
  gateGradients: usize,
  outputGradient: usize,
  states: usize,
  gates: usize,
  initial: usize,
  weightHh: usize,
  scratch: usize,
  hidden: i32,
  steps: i32,
  sequence: bool,
  rows: i32,
): void {
  const stateRow = usize(hidden) << 2;
  const gateRow = stateRow * 4;
  const weightRow = stateRow * 3;
  const sampleStates = usize(steps) * stateRow;
  const sampleGates = usize(steps) * gateRow;
  const sampleOutput = sequence ? sampleStates : stateRow;
  memory.fill(scratch, 0, usize(rows) * stateRow);
  for (let step = steps - 1; step >= 0; step--) {
    const stepGates = usize(step) * gateRow;
    const previous = step == 0 ? initial : states + usize(step - 1) * stateRow;
    const previousRow = step == 0 ? stateRow : sampleStates;
    let arriving: usize = 0;
    if (sequence) arriving = outputGradient + usize(step) * stateRow;
    else if (step == steps - 1) arriving = outputGradient;
    for (let row: usize = 0; row < usize(rows); row++) {
      backwardStep(
        gateGradients + stepGates + row * sampleGates,
        scratch + row * stateRow,
        arriving ? arriving + row * sampleOutput : 0,
        gates + stepGates + row * sampleGates,
        previous + row * previousRow,
        hidden,
      );
    }
    if (step == 0) break;
    productTransposed(scratch, stateRow, gateGradients + stepGates, sampleGates, weightHh, weightRow, rows, hidden, 3 * hidden, Start.Result);
  }
}

/** One step of one sample. The gradient of its state is `carried` plus that of the output, if any. */
function backwardStep(gateGradients: usize, carried: usize, arriving: usize, gates: usize, previous: usize, hidden: i32): void {
  const gate = usize(hidden) << 2;
  let count = hidden;
  for (; count >= 4; count -= 4) {
    backwardLanes(gateGradients, carried, arriving, gates, previous, gate, true);
    gateGradients += 16;
    carried += 16;
    if (arriving) arriving += 16;
    gates += 16;
    previous += 16;
  }
  for (; count > 0; count--) {
    backwardLanes(gateGradients, carried, arriving, gates, previous, gate, false);
    gateGradients += 4;
    carried += 4;
    if (arriving) arriving += 4;
    gates += 4;
    previous += 4;
  }
}

// @ts-ignore: decorator
@inline
function backwardLanes(gateGradients: usize, carried: usize, arriving: usize, gates: usize, previous: usize, gate: usize, whole: bool): void {
  const one = f32x4.splat(1);
  const reset = loadLanes(gates, whole);
  const update = loadLanes(gates + gate, whole);
  const recurrent = loadLanes(gates + 2 * gate, whole);
  const candidate = loadLanes(gates + 3 * gate, whole);
  let stateGradient = loadLanes(carried, whole);
  if (arriving) stateGradient = f32x4.add(stateGradient, loadLanes(arriving, whole));
  const renewed = f32x4.sub(one, update);
  const candidateGradient = f32x4.mul(f32x4.mul(stateGradient, renewed), f32x4.sub(one, f32x4.mul(candidate, candidate)));
  const change = f32x4.sub(loadLanes(previous, whole), candidate);
  const resetSlope = f32x4.mul(reset, f32x4.sub(one, reset));
  storeLanes(gateGradients, f32x4.mul(f32x4.mul(candidateGradient, recurrent), resetSlope), whole);
  storeLanes(gateGradients + gate, f32x4.mul(f32x4.mul(stateGradient, change), f32x4.mul(update, renewed)), whole);
  storeLanes(gateGradients + 2 * gate, f32x4.mul(candidateGradient, reset), whole);
  storeLanes(gateGradients + 3 * gate, candidateGradient, whole);
  storeLanes(carried, f32x4.mul(stateGradient, update), whole);
}

/** `count`: number of steps, over all samples. */
export function gruInputGradient(inputGradient: usize, gateGradients: usize, weightIh: usize, inputs: i32, hidden: i32, count: i32): void {
  const gate = usize(hidden) << 2;
  const inputRow = usize(inputs) << 2;
  productTransposed(inputGradient, inputRow, gateGradients, 4 * gate, weightIh, 3 * gate, count, inputs, 2 * hidden, Start.Zero);
  productTransposed(inputGradient, inputRow, gateGradients + 3 * gate, 4 * gate, weightIh + 2 * gate, 3 * gate, count, inputs, hidden, Start.Result);
}

/** `count`: number of steps, over all samples. */
export function gruInputWeightGradient(
  weightGradient: usize,
  input: usize,
  gateGradients: usize,
  inputs: i32,
  hidden: i32,
  count: i32,
  start: Start,
): void {
  const gate = usize(hidden) << 2;
  const inputRow = usize(inputs) << 2;
  product(weightGradient, 3 * gate, input, 4, inputRow, gateGradients, 4 * gate, inputs, 2 * hidden, count, start, 0);
  product(weightGradient + 2 * gate, 3 * gate, input, 4, inputRow, gateGradients + 3 * gate, 4 * gate, inputs, hidden, count, start, 0);
}

export function gruHiddenWeightGradient(
  weightGradient: usize,
  states: usize,
  initial: usize,
  gateGradients: usize,
  hidden: i32,
  steps: i32,
  rows: i32,
  start: Start,
): void {
  const gate = usize(hidden) << 2;
  const sampleStates = usize(steps) * gate;
  const sampleGates = sampleStates * 4;
  product(weightGradient, 3 * gate, initial, 4, gate, gateGradients, sampleGates, hidden, 3 * hidden, rows, start, 0);
  if (steps == 1) return;
  for (; rows > 0; rows--) {
    product(weightGradient, 3 * gate, states, 4, gate, gateGradients + 4 * gate, 4 * gate, hidden, 3 * hidden, steps - 1, Start.Result, 0);
    states += sampleStates;
    gateGradients += sampleGates;
  }
}

/** `count`: number of steps, over all samples. */
export function gruBiasGradients(biasIhGradient: usize, biasHhGradient: usize, gateGradients: usize, hidden: i32, count: i32, start: Start): void {
  const gate = usize(hidden) << 2;
  if (biasIhGradient) {
    columnSums(biasIhGradient, gateGradients, 4 * gate, count, 2 * hidden, start);
    columnSums(biasIhGradient + 2 * gate, gateGradients + 3 * gate, 4 * gate, count, hidden, start);
  }
  if (biasHhGradient) columnSums(biasHhGradient, gateGradients, 4 * gate, count, 3 * hidden, start);
}

export function lastStep(output: usize, input: usize, width: i32, steps: i32, rows: i32): void {
  const size = usize(width) << 2;
  for (; rows > 0; rows--) {
    input += usize(steps) * size;
    memory.copy(output, input - size, size);
    output += size;
  }
}
