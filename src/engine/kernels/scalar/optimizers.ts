/** Twin of ../assembly/optimizers.ts. Pointers are element indices into `memory`; a state of -1 is not kept. */

const f = Math.fround;

/** w -= step (g + decay w) */
export function gradientDescent(
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
export function momentumDescent(
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
export function adagrad(
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
export function rmsProp(
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
    if (mean >= 0) {
      const centre = f(f(smoothing * memory[mean + i]) + fresh);
      memory[mean + i] = centre;
      spread = Math.max(f(spread - f(centre * centre)), 0);
    }
    let update = f(gradient / f(f(Math.sqrt(spread)) + epsilon));
    if (velocity >= 0) {
      update = f(f(momentum * memory[velocity + i]) + update);
      memory[velocity + i] = update;
    }
    memory[w + i] = f(-step * update) + weight;
  }
}

/** See the vector kernel for the rule. */
export function adam(
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

const smallestNormal = 2 ** -126;

/** x = 0 where x is smaller than any normal float32; a NaN stays. */
export function clearSubnormals(memory: Float32Array, x: number, count: number): void {
  for (let i = x; i < x + count; i++) if (Math.abs(memory[i]) < smallestNormal) memory[i] = 0;
}
