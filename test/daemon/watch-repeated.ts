import { AnomalyWatch } from "../../src/daemon/anomaly-watch.ts";

const watch = new AnomalyWatch({
  config: { alarmsPerWeek: 2, coolDownMs: null, memoryMs: 28 * 86_400_000, watch: null, intervalMs: null },
  fields: [{ name: "a" }, { name: "b", range: [-2, 2] }],
  target: null,
  clock: { ahead: () => 0, isKnown: () => true, zone: "UTC" },
  log: () => {},
});
const values = new Float64Array(2);
const times = Float64Array.of(Date.UTC(2026, 0, 5));

/** Fifty thousand samples ten milliseconds apart, some of them without one of their values. */
export default function repeat(): void {
  for (let i = 0; i < 50_000; i++) {
    values[0] = Math.sin(i * i);
    values[1] = i % 50 === 0 ? 3 : Math.cos(3 * i * i);
    times[0] += 10;
    watch.observe(values, 0, times, 0);
  }
}
