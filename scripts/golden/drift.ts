import { Adwin } from "../../src/learner/adwin.ts";
import type { Outcome, Trace } from "./outcome.ts";

/** One golden-drift/1: where ADWIN, as its paper has it, finds changes. Detectors that Rivulet has not are passed over. */
export function runDrift(trace: Trace): Outcome {
  const ours = trace.detectors.filter(
    ({ type, params }: Trace) => type === "adwin" && params.variant === "textbook",
  );
  for (const { params, drifts } of ours) {
    const { delta, clock } = params;
    const adwin = new Adwin({ delta, clock });
    const stream: number[] = trace.stream;
    const found = [...stream.keys()].filter((row) => adwin.observe(Float64Array.of(stream[row])));
    if (String(found) !== String(drifts)) {
      return `ADWIN with delta ${delta} finds changes at ${found}, expected ${drifts}`;
    }
  }
  return ours.length > 0 ? null : "the trace has no ADWIN";
}
