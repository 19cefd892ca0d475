/** A plane through weight space: `origin + a * first + b * second`, with axes of length 1 that are square to each other. */
export interface Plane {
  origin: Float32Array;
  first: Float64Array;
  second: Float64Array;
}

/** The plane through `origin` in which weights moved most: their first two principal components, seen from there. */
export function principalPlane(origin: Float32Array, weights: readonly Float32Array[]): Plane {
  const moves = weights.map((row) => Float64Array.from(row, (value, index) => value - origin[index]));
  // Products of all pairs of moves: far fewer numbers than a matrix over all weights would have.
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
    // Where weights moved along one line only, there is no second direction.
    return value > 1e-20 && length > 0 ? axis.map((part) => part / length) : axis.fill(0);
  });
  return { origin, first: axes[0], second: axes[1] };
}

/** Where weights lie, seen straight onto the plane. */
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
  // Neither even nor alternating, so that it is square to no eigenvector that counts.
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
