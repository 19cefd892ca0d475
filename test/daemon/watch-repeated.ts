import { AnomalyWatch } from "../../src/daemon/anomaly-watch.ts";

const watch = new AnomalyWatch({
  config: { alarmsPerWeek: 2, coolDownMs: null, memoryMs: 28 * 86_400_000, watch: null, intervalMs: null },
  fields: [{ name: "a" }, { name: "b", range: [-2, 2] }],
  target: null,
  zone: "UTC",
  log: () => {},
});
const rows = 1024;
const values = new Float64Array(2 * rows);
for (let index = 0; index < values.length; index++) values[index] = Math.sin(index * index);
// Out of its range, so that its column is left out.
for (let row = 0; row < rows; row += 64) values[2 * row + 1] = 3;
const times = Float64Array.of(Date.UTC(2026, 0, 5));

/** A hundred thousand samples ten milliseconds apart. */
export default function repeat(): void {
  for (let row = 0; row < 100_000; row++) {
    times[0] += 10;
    watch.observe(values, 2 * (row % rows), times, 0);
  }
}

// What happens rarely, as when weights are scaled down, is compiled by then too.
for (let times = 0; times < 5; times++) repeat();
