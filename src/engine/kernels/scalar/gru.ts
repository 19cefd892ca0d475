/** Twin of ../assembly/gru.ts. Pointers are element indices into `memory`. */
import { hyperbolicTangent, sigmoid } from "./arithmetic.ts";
import { columnSums, product, productTransposed, Start } from "./matrix.ts";

const f = Math.fround;

/** All time steps of a GRU, in PyTorch's form: states and gates of each step. */
export function gruForward(
  memory: Float32Array,
  states: number,
  gates: number,
  initial: number,
  input: number,
  weightIh: number,
  weightHh: number,
  biasIh: number,
  biasHh: number,
  scratch: number,
  inputs: number,
  hidden: number,
  steps: number,
  rows: number,
): void {
  const h3 = 3 * hidden;
  const h4 = 4 * hidden;
  const count = rows * steps;
  const fromIh = biasIh ? Start.Row : Start.Zero;
  const fromHh = biasHh ? Start.Row : Start.Zero;
  const candidates = gates + h3;
  const weightOfCandidates = weightIh + 2 * hidden;
  const biasOfCandidates = biasIh + 2 * hidden;
  product(memory, gates, h4, input, inputs, 1, weightIh, h3, count, 2 * hidden, inputs, fromIh, biasIh);
  product(
    memory,
    candidates,
    h4,
    input,
    inputs,
    1,
    weightOfCandidates,
    h3,
    count,
    hidden,
    inputs,
    fromIh,
    biasOfCandidates,
  );
  for (let step = 0; step < steps; step++) {
    const previous = step === 0 ? initial : states + (step - 1) * hidden;
    const previousRow = step === 0 ? hidden : steps * hidden;
    product(memory, scratch, h3, previous, previousRow, 1, weightHh, h3, rows, h3, hidden, fromHh, biasHh);
    for (let row = 0; row < rows; row++) {
      const at = row * steps + step;
      forwardStep(
        memory,
        states + at * hidden,
        gates + at * h4,
        previous + row * previousRow,
        scratch + row * h3,
        hidden,
      );
    }
  }
}

/** One step of one sample, from the contributions of input and previous state to its gates. */
function forwardStep(
  memory: Float32Array,
  state: number,
  gates: number,
  previous: number,
  fromState: number,
  hidden: number,
): void {
  for (let i = 0; i < hidden; i++, gates++, fromState++) {
    const reset = sigmoid(f(memory[gates] + memory[fromState]));
    const update = sigmoid(f(memory[gates + hidden] + memory[fromState + hidden]));
    const recurrent = memory[fromState + 2 * hidden];
    const candidate = hyperbolicTangent(f(f(reset * recurrent) + memory[gates + 3 * hidden]));
    memory[gates] = reset;
    memory[gates + hidden] = update;
    memory[gates + 2 * hidden] = recurrent;
    memory[gates + 3 * hidden] = candidate;
    memory[state + i] = f(f(1 - update) * candidate) + f(update * memory[previous + i]);
  }
}

/** Backpropagation through all time steps of a GRU, to its gates and inputs. */
export function gruBackward(
  memory: Float32Array,
  gateGradients: number,
  outputGradient: number,
  states: number,
  gates: number,
  initial: number,
  weightHh: number,
  scratch: number,
  hidden: number,
  steps: number,
  sequence: boolean,
  rows: number,
): void {
  const h3 = 3 * hidden;
  const h4 = 4 * hidden;
  memory.fill(0, scratch, scratch + rows * hidden);
  for (let step = steps - 1; step >= 0; step--) {
    const previous = step === 0 ? initial : states + (step - 1) * hidden;
    const previousRow = step === 0 ? hidden : steps * hidden;
    for (let row = 0; row < rows; row++) {
      const at = row * steps + step;
      let arriving = 0;
      if (sequence) arriving = outputGradient + at * hidden;
      else if (step === steps - 1) arriving = outputGradient + row * hidden;
      backwardStep(
        memory,
        gateGradients + at * h4,
        scratch + row * hidden,
        arriving,
        gates + at * h4,
        previous + row * previousRow,
        hidden,
      );
    }
    if (step === 0) break;
    const from = gateGradients + step * h4;
    productTransposed(
      memory,
      scratch,
      hidden,
      from,
      steps * h4,
      weightHh,
      h3,
      rows,
      hidden,
      h3,
      Start.Result,
    );
  }
}

/** One step of one sample. The gradient of its state is `carried` plus that of the output, if any. */
function backwardStep(
  memory: Float32Array,
  gateGradients: number,
  carried: number,
  arriving: number,
  gates: number,
  previous: number,
  hidden: number,
): void {
  for (let i = 0; i < hidden; i++, gates++, gateGradients++) {
    const reset = memory[gates];
    const update = memory[gates + hidden];
    const recurrent = memory[gates + 2 * hidden];
    const candidate = memory[gates + 3 * hidden];
    let stateGradient = memory[carried + i];
    if (arriving) stateGradient = f(stateGradient + memory[arriving + i]);
    const renewed = f(1 - update);
    const candidateGradient = f(f(stateGradient * renewed) * f(1 - f(candidate * candidate)));
    const change = f(memory[previous + i] - candidate);
    const resetSlope = f(reset * f(1 - reset));
    memory[gateGradients] = f(candidateGradient * recurrent) * resetSlope;
    memory[gateGradients + hidden] = f(stateGradient * change) * f(update * renewed);
    memory[gateGradients + 2 * hidden] = candidateGradient * reset;
    memory[gateGradients + 3 * hidden] = candidateGradient;
    memory[carried + i] = stateGradient * update;
  }
}

/** `count`: number of steps, over all samples. */
export function gruInputGradient(
  memory: Float32Array,
  inputGradient: number,
  gateGradients: number,
  weightIh: number,
  inputs: number,
  hidden: number,
  count: number,
): void {
  const h2 = 2 * hidden;
  const h3 = 3 * hidden;
  const h4 = 4 * hidden;
  const d = gateGradients;
  const w = weightIh;
  productTransposed(memory, inputGradient, inputs, d, h4, w, h3, count, inputs, h2, Start.Zero);
  productTransposed(
    memory,
    inputGradient,
    inputs,
    d + h3,
    h4,
    w + h2,
    h3,
    count,
    inputs,
    hidden,
    Start.Result,
  );
}

/** `count`: number of steps, over all samples. */
export function gruInputWeightGradient(
  memory: Float32Array,
  weightGradient: number,
  input: number,
  gateGradients: number,
  inputs: number,
  hidden: number,
  count: number,
  start: number,
): void {
  const h2 = 2 * hidden;
  const h3 = 3 * hidden;
  const h4 = 4 * hidden;
  const c = weightGradient;
  const d = gateGradients;
  product(memory, c, h3, input, 1, inputs, d, h4, inputs, h2, count, start, 0);
  product(memory, c + h2, h3, input, 1, inputs, d + h3, h4, inputs, hidden, count, start, 0);
}

/** The gradients of the hidden weights and biases of a GRU. */
export function gruHiddenWeightGradient(
  memory: Float32Array,
  weightGradient: number,
  states: number,
  initial: number,
  gateGradients: number,
  hidden: number,
  steps: number,
  rows: number,
  start: number,
): void {
  const h3 = 3 * hidden;
  const h4 = 4 * hidden;
  const c = weightGradient;
  product(memory, c, h3, initial, 1, hidden, gateGradients, steps * h4, hidden, h3, rows, start, 0);
  for (let row = 0; row < rows; row++) {
    const a = states + row * steps * hidden;
    const b = gateGradients + (row * steps + 1) * h4;
    product(memory, c, h3, a, 1, hidden, b, h4, hidden, h3, steps - 1, Start.Result, 0);
  }
}

/** `count`: number of steps, over all samples. */
export function gruBiasGradients(
  memory: Float32Array,
  biasIhGradient: number,
  biasHhGradient: number,
  gateGradients: number,
  hidden: number,
  count: number,
  start: number,
): void {
  const h2 = 2 * hidden;
  const h3 = 3 * hidden;
  const h4 = 4 * hidden;
  if (biasIhGradient) {
    columnSums(memory, biasIhGradient, gateGradients, h4, count, h2, start);
    columnSums(memory, biasIhGradient + h2, gateGradients + h3, h4, count, hidden, start);
  }
  if (biasHhGradient) columnSums(memory, biasHhGradient, gateGradients, h4, count, h3, start);
}

/** Copies the last time step of each row. */
export function lastStep(
  memory: Float32Array,
  output: number,
  input: number,
  width: number,
  steps: number,
  rows: number,
): void {
  for (let row = 0; row < rows; row++) {
    const end = input + (row + 1) * steps * width;
    memory.copyWithin(output + row * width, end - width, end);
  }
}
