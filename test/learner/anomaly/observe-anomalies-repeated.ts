import { createAnomalyDetector } from "../../../src/learner/anomaly/anomaly-detector.ts";

const columns = ["a", "b", "c"];
const detector = createAnomalyDetector({ columns });
const values = new Float64Array(columns.length * 1024);
for (let index = 0; index < values.length; index++) values[index] = Math.sin(index * index);
const time = new Float64Array(1);
let row = 0;

/** Observes 200,000 rows. */
export default function observeRepeatedly(): void {
  for (let end = row + 200_000; row < end; row++) {
    time[0] = 60_000 * row;
    detector.observe(values, columns.length * (row % 1024), time, 0);
  }
}
