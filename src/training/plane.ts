/** A plane through weight space, to draw on: `origin + a * first + b * second`, with orthogonal axes of length 1. */
export interface Plane {
  /** [weights] */
  origin: Float32Array;
  /** [weights] */
  first: Float64Array;
  /** [weights]; all 0 where the weights moved along one line only */
  second: Float64Array;
}

/**
 * The plane through `origin` in which weights moved most: their first two principal components, relative to it.
 * @param weights arrays of [weights], as a training passed through them
 */
export function principalPlane(origin: Float32Array, weights: readonly Float32Array[]): Plane {
  const moves = weights.map((row) => Float64Array.from(row, (value, index) => value - origin[index]));
  // The products of all pairs of moves: far fewer numbers than the covariance of all weights.
  const gram = moves.map((a) => Float64Array.from(moves, (b) => dot(a, b)));
  const axes = [0, 1].map(() => {
    const { value, vector } = leadingEigenvector(gram);
    for (let i = 0; i < gram.length; i++) {
      for (let j = 0; j < gram.length; j++) gram[i][j] -= value * vector[i] * vector[j];
    }
    const axis = new Float64Array(origin.length);
    moves.forEach((move, index) => {
      for (let i = 0; i < axis.length; i++) axis[i] += vector[index] * move[i];
    });
    const length = Math.sqrt(dot(axis, axis));
    return value > 1e-20 && length > 0 ? axis.map((part) => part / length) : axis.fill(0);
  });
  return { origin, first: axes[0], second: axes[1] };
}

/** Projects weights orthogonally onto the plane: their coordinates along its two axes. */
export function project({ origin, first, second }: Plane, weights: Float32Array): [number, number] {
  let a = 0;
  let b = 0;
  for (let i = 0; i < weights.length; i++) {
    a += (weights[i] - origin[i]) * first[i];
    b += (weights[i] - origin[i]) * second[i];
  }
  return [a, b];
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** By power iteration. */
function leadingEigenvector(matrix: Float64Array[]): { value: number; vector: Float64Array } {
  // Neither constant nor alternating, so that it is orthogonal to no eigenvector that matters.
  let vector = Float64Array.from(matrix, (_, index) => 1 + Math.sin(index + 1) / 2);
  let value = 0;
  for (let round = 0; round < 300; round++) {
    const next = Float64Array.from(matrix, (row) => dot(row, vector));
    const length = Math.sqrt(dot(next, next));
    if (length === 0) return { value: 0, vector };
    value = length / Math.sqrt(dot(vector, vector));
    vector = next.map((part) => part / length);
  }
  return { value, vector };
}
