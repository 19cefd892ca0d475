/** Slope, by index, of the straight line of least squares through the values from index `from` to index `to`. */
export function slope(values: readonly number[], from = 0, to = values.length - 1): number {
  const middle = (from + to) / 2;
  let products = 0;
  let squares = 0;
  for (let i = from; i <= to; i++) {
    products += (i - middle) * values[i];
    squares += (i - middle) * (i - middle);
  }
  return products / squares;
}
