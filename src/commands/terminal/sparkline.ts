const bars = "▁▂▃▄▅▆▇█";

/**
 * A row of bars, one a value, from `low` (empty) to `high` (full); values outside are drawn at the edge. Longer
 * histories than `width` are reduced to the mean of each part.
 */
export function sparkline(values: readonly number[], width: number, low: number, high: number): string {
  let line = "";
  const columns = Math.min(width, values.length);
  for (let column = 0; column < columns; column++) {
    const start = Math.floor((column * values.length) / columns);
    const end = Math.floor(((column + 1) * values.length) / columns);
    let sum = 0;
    for (let i = start; i < end; i++) sum += values[i];
    const share = (sum / (end - start) - low) / (high - low);
    line += bars[Math.max(0, Math.min(bars.length - 1, Math.floor(share * bars.length)))];
  }
  return line;
}
