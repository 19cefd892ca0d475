import { SampleValidator } from "../../src/samples/sample-validator.ts";

const SAMPLES = 1000;
const WIDTH = 4;

const fields = [
  { name: "a", range: [-1, 1] as const },
  { name: "b", stuck: 300 },
  { name: "c", range: [-0.5, 0.5] as const, stuck: 2 },
  { name: "label" },
];
let changes = 0;
const validator = new SampleValidator(
  fields,
  { notFinite: "hold", outOfRange: "clamp", stuck: "alarm", holdFor: 10 },
  "label",
  () => {
    changes++;
  },
);
/** Good samples, and in between, more often than a field is good again, some of each fault. */
const source = new Float64Array(SAMPLES * WIDTH);
for (let i = 0; i < source.length; i++) source[i] = Math.sin(i * i);
for (let i = 0; i < SAMPLES; i++) source[i * WIDTH + 3] = i % 3;
for (let i = 0; i < SAMPLES; i += 10) {
  source[i * WIDTH] = 1.5;
  source[(i + 3) * WIDTH + 1] = Number.NaN;
  source[(i + 5) * WIDTH + 3] = Number.POSITIVE_INFINITY;
}
const values = new Float64Array(source.length);

/** A million samples. */
export default function repeat(): void {
  for (let turn = 0; turn < 1000; turn++) {
    values.set(source);
    for (let i = 0; i < SAMPLES; i++) validator.validate(values, i * WIDTH);
  }
  if (changes !== 4 || validator.skipped % 100 !== 0)
    throw new Error(`${changes} changes, ${validator.skipped} skipped`);
}
