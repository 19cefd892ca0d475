import { SampleValidator } from "../../src/samples/sample-validator.ts";

const sampleCount = 1000;
const width = 4;

const fields = [
  { name: "a", range: [-1, 1] as const },
  { name: "b", stuck: 300 },
  { name: "c", range: [-0.5, 0.5] as const, stuck: 2 },
  { name: "label" },
];
let changes = 0;
const validator = new SampleValidator(
  fields,
  { missing: "hold", outOfRange: "clamp", stuck: "alarm", indicator: false, holdFor: 10 },
  "label",
  () => {
    changes++;
  },
);
/** Good samples, and in between, more often than a field is good again, some of each fault. */
const source = new Float64Array(sampleCount * width);
for (let i = 0; i < source.length; i++) source[i] = Math.sin(i * i);
for (let i = 0; i < sampleCount; i++) source[i * width + 3] = i % 3;
for (let i = 0; i < sampleCount; i += 10) {
  source[i * width] = 1.5;
  source[(i + 3) * width + 1] = Number.NaN;
  source[(i + 5) * width + 3] = Number.POSITIVE_INFINITY;
}
const values = new Float64Array(source.length);

/** A million samples. */
export default function repeat(): void {
  for (let turn = 0; turn < 1000; turn++) {
    values.set(source);
    for (let i = 0; i < sampleCount; i++) validator.validate(values, i * width);
  }
  if (changes !== 4 || validator.skipped % 100 !== 0)
    throw new Error(`${changes} changes, ${validator.skipped} skipped`);
}
