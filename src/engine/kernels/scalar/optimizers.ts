/** Twin of ../assembly/optimizers.ts. Pointers are element indices into `memory`; a state of 0 is not kept. */
import { Operation, Scalar } from "../operation.ts";
import { clamp } from "./gradients.ts";
import type { Heap } from "./heap.ts";

const f = Math.fround;

/** The operand in `slot`: the address of a state, moved unless it is absent. */
function moved(ints: Int32Array, slot: number, displacement: number): number {
  const place = ints[slot] >>> 2;
  return place ? place + displacement : 0;
}

/**
 * Runs the instruction at `at`, ClipByValue or an optimizer, with its parameters and their state (not the
 * gradients) moved by `displacement` numbers, and on `override` numbers if that is not 0.
 */
export function update(heap: Heap, at: number, displacement: number, override: number): void {
  const { ints, floats, doubles } = heap;
  const o = at + 1;
  const weights = (ints[o] >>> 2) + displacement;
  const gradients = ints[o + 1] >>> 2;
  const third = moved(ints, o + 2, displacement);
  switch (ints[at]) {
    case Operation.ClipByValue:
      clamp(floats, ints[o] >>> 2, override || ints[o + 1], floats[o + 2]);
      break;
    case Operation.GradientDescent: {
      const step = f(doubles[(ints[o + 3] >>> 3) + Scalar.StepSize]);
      gradientDescent(floats, weights, gradients, override || ints[o + 2], step, floats[o + 4]);
      break;
    }
    case Operation.Momentum: {
      const scalars = ints[o + 4] >>> 3;
      momentumDescent(
        floats,
        weights,
        gradients,
        third,
        override || ints[o + 3],
        f(doubles[scalars + Scalar.StepSize]),
        f(doubles[scalars + Scalar.Correction]),
        floats[o + 5],
        floats[o + 6],
        ints[o + 7] !== 0,
      );
      break;
    }
    case Operation.Adagrad: {
      const step = f(doubles[(ints[o + 4] >>> 3) + Scalar.StepSize]);
      const count = override || ints[o + 3];
      adagrad(floats, weights, gradients, third, count, step, floats[o + 5], floats[o + 6]);
      break;
    }
    case Operation.RmsProp:
      rmsProp(
        floats,
        weights,
        gradients,
        third,
        moved(ints, o + 3, displacement),
        moved(ints, o + 4, displacement),
        override || ints[o + 5],
        f(doubles[(ints[o + 6] >>> 3) + Scalar.StepSize]),
        floats[o + 7],
        floats[o + 8],
        floats[o + 9],
        floats[o + 10],
        floats[o + 11],
      );
      break;
    case Operation.RAdam: {
      const scalars = ints[o + 5] >>> 3;
      radam(
        floats,
        weights,
        gradients,
        third,
        moved(ints, o + 3, displacement),
        override || ints[o + 4],
        f(doubles[scalars + Scalar.StepSize]),
        doubles[scalars + Scalar.Correction] !== 0,
        floats[o + 6],
        floats[o + 7],
        floats[o + 8],
        floats[o + 9],
        floats[o + 10],
        floats[o + 11],
      );
      break;
    }
    case Operation.Adam: {
      const scalars = ints[o + 5] >>> 3;
      adam(
        floats,
        weights,
        gradients,
        third,
        moved(ints, o + 3, displacement),
        override || ints[o + 4],
        f(doubles[scalars + Scalar.StepSize]),
        f(doubles[scalars + Scalar.Correction]),
        f(doubles[scalars + Scalar.Decay]),
        floats[o + 6],
        floats[o + 7],
        floats[o + 8],
        floats[o + 9],
        floats[o + 10],
        floats[o + 11],
      );
      break;
    }
  }
}

/** w -= step (g + decay w) */
function gradientDescent(
  memory: Float32Array,
  w: number,
  g: number,
  count: number,
  step: number,
  weightDecay: number,
): void {
  for (let i = 0; i < count; i++) {
    const weight = memory[w + i];
    const gradient = f(f(weightDecay * weight) + memory[g + i]);
    memory[w + i] = f(-step * gradient) + weight;
  }
}

/** b = momentum b + fresh g;  w -= step b, or with Nesterov's look-ahead w -= step (g + momentum b) */
function momentumDescent(
  memory: Float32Array,
  w: number,
  g: number,
  b: number,
  count: number,
  step: number,
  fresh: number,
  weightDecay: number,
  momentum: number,
  nesterov: boolean,
): void {
  for (let i = 0; i < count; i++) {
    const weight = memory[w + i];
    const gradient = f(f(weightDecay * weight) + memory[g + i]);
    const velocity = f(f(momentum * memory[b + i]) + f(fresh * gradient));
    memory[b + i] = velocity;
    const update = nesterov ? f(f(momentum * velocity) + gradient) : velocity;
    memory[w + i] = f(-step * update) + weight;
  }
}

/** s += g^2;  w -= step g / (sqrt(s) + epsilon) */
function adagrad(
  memory: Float32Array,
  w: number,
  g: number,
  s: number,
  count: number,
  step: number,
  weightDecay: number,
  epsilon: number,
): void {
  for (let i = 0; i < count; i++) {
    const weight = memory[w + i];
    const gradient = f(f(weightDecay * weight) + memory[g + i]);
    const squares = f(f(gradient * gradient) + memory[s + i]);
    memory[s + i] = squares;
    memory[w + i] = weight - f(f(step * gradient) / f(f(Math.sqrt(squares)) + epsilon));
  }
}

/** See the vector kernel for the rule. */
function rmsProp(
  memory: Float32Array,
  w: number,
  g: number,
  s: number,
  mean: number,
  velocity: number,
  count: number,
  step: number,
  weightDecay: number,
  smoothing: number,
  rest: number,
  epsilon: number,
  momentum: number,
): void {
  for (let i = 0; i < count; i++) {
    const weight = memory[w + i];
    const gradient = f(f(weightDecay * weight) + memory[g + i]);
    const fresh = f(rest * gradient);
    let spread = f(f(smoothing * memory[s + i]) + f(fresh * gradient));
    memory[s + i] = spread;
    if (mean) {
      const centre = f(f(smoothing * memory[mean + i]) + fresh);
      memory[mean + i] = centre;
      spread = Math.max(f(spread - f(centre * centre)), 0);
    }
    let update = f(gradient / f(f(Math.sqrt(spread)) + epsilon));
    if (velocity) {
      update = f(f(momentum * memory[velocity + i]) + update);
      memory[velocity + i] = update;
    }
    memory[w + i] = f(-step * update) + weight;
  }
}

/** See the vector kernel for the rule. */
function adam(
  memory: Float32Array,
  w: number,
  g: number,
  m: number,
  v: number,
  count: number,
  step: number,
  correction: number,
  keep: number,
  weightDecay: number,
  beta1: number,
  rest1: number,
  beta2: number,
  rest2: number,
  epsilon: number,
): void {
  for (let i = 0; i < count; i++) {
    const weight = memory[w + i];
    const gradient = f(f(weightDecay * weight) + memory[g + i]);
    const first = f(f(beta1 * memory[m + i]) + f(rest1 * gradient));
    const second = f(f(beta2 * memory[v + i]) + f(rest2 * f(gradient * gradient)));
    memory[m + i] = first;
    memory[v + i] = second;
    const root = f(f(f(Math.sqrt(second)) * correction) + epsilon);
    memory[w + i] = f(keep * weight) - f(f(step * first) / root);
  }
}

/** See the vector kernel for the rule. */
function radam(
  memory: Float32Array,
  w: number,
  g: number,
  m: number,
  v: number,
  count: number,
  step: number,
  adapts: boolean,
  weightDecay: number,
  beta1: number,
  rest1: number,
  beta2: number,
  rest2: number,
  epsilon: number,
): void {
  for (let i = 0; i < count; i++) {
    const weight = memory[w + i];
    const gradient = f(f(weightDecay * weight) + memory[g + i]);
    const first = f(f(beta1 * memory[m + i]) + f(rest1 * gradient));
    const second = f(f(beta2 * memory[v + i]) + f(rest2 * f(gradient * gradient)));
    memory[m + i] = first;
    memory[v + i] = second;
    const length = f(step * first);
    memory[w + i] = weight - (adapts ? f(length / f(f(Math.sqrt(second)) + epsilon)) : length);
  }
}

const smallestNormal = 2 ** -126;

/** x = 0 where x is smaller than any normal float32; a NaN stays. */
export function clearSubnormals(memory: Float32Array, x: number, count: number): void {
  for (let i = x; i < x + count; i++) if (Math.abs(memory[i]) < smallestNormal) memory[i] = 0;
}
