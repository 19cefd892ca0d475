/** Measures one training step: forward pass, backward pass and update. */
import { availableVariants } from "../../engine/kernels/kernels.ts";
import type { Figure } from "./figure.ts";
import { emptyCall, operationsPerTurn, peaks } from "./references.ts";
import { measureInTurn, rateOf, type Spread, scaled } from "./timing.ts";
import { operationsPerStep, trainable, workloads } from "./workloads.ts";

/** Operations below which the cost of a call, not arithmetic, limits the speed. */
const tinyOperations = 5000;

/**
 * Measures the workloads on every variant of the kernels on this machine, and in the same rounds the references: the
 * multiply-add peak for the matrix products of large networks, an empty call for small ones.
 */
export function trainingFigures(rounds: number): Figure[] {
  const available = availableVariants();
  const vector = available.filter((kernels) => kernels !== "scalar");
  // The TypeScript twin is ten to twenty times slower, so it is measured only if there is no other variant.
  const variants = vector.length > 0 ? vector : available;
  const bounds = peaks();
  const subjects = workloads.flatMap((workload) =>
    variants.map((kernels) => ({ workload, kernels, ...trainable(workload, { kernels }) })),
  );
  const repeats = [
    ...subjects.map(({ train }) => train),
    ...vector.map(emptyCall),
    ...vector.map((kernels) => bounds[kernels]!),
  ];
  const spreads = measureInTurn(repeats, { rounds });
  const calls = Object.fromEntries(vector.map((each, index) => [each, spreads[subjects.length + index]]));
  const turns: Record<string, Spread> = Object.fromEntries(
    vector.map((each, index) => [each, spreads[subjects.length + vector.length + index]]),
  );

  const measured = subjects.map(({ workload, kernels }, index) => ({
    kernels,
    operations: operationsPerStep(workload),
    time: spreads[index],
  }));
  for (const kernels of vector) {
    const steps = measured.filter((step) => step.kernels === kernels);
    if (isBeaten(rateOf(operationsPerTurn, turns[kernels]), steps)) delete turns[kernels];
  }

  const references: Figure[] = vector.flatMap((kernels) => [
    ...(turns[kernels] ? [peakFigure(kernels, turns[kernels])] : []),
    { group: "references", name: `empty call, ${kernels}`, value: calls[kernels], unit: "ns" },
  ]);
  const steps = subjects.map(({ workload, kernels, network, train }, index): Figure => {
    const { time: value, operations } = measured[index];
    const allocated = allocatedPerStep(train, Math.max(500, Math.ceil(2e7 / value.median)));
    return {
      group: "training step",
      name: `${workload.id} ${workload.name}, ${kernels}`,
      value: scaled(value, 1e-3),
      unit: "us",
      ...referenceOf(operations, value, turns[kernels], calls[kernels]),
      note: `${allocated} bytes a step on the heap, arena ${network.plan.totalBytes}`,
    };
  });
  return [...references, ...steps];
}

function peakFigure(kernels: string, turn: Spread): Figure {
  return {
    group: "references",
    name: `multiply-add peak, ${kernels}`,
    value: rateOf(operationsPerTurn, turn),
    unit: "GFLOP/s",
  };
}

/**
 * Whether a step multiplies and adds faster than the peak, which then is not a limit: V8 13.6 (Node 24) compiles the
 * loop of the peak badly.
 *
 * @param peak floating-point operations a nanosecond
 */
export function isBeaten(peak: Spread, steps: readonly { operations: number; time: Spread }[]): boolean {
  return steps.some(({ operations, time }) => operations / time.median > peak.median);
}

/** `call` and `turn`: nanoseconds of an empty call, and of a turn of the peak if that is a limit. */
function referenceOf(
  operations: number,
  time: Spread,
  turn: Spread | undefined,
  call: Spread | undefined,
): Pick<Figure, "reference"> {
  if (!call) return {};
  if (operations < tinyOperations) {
    const share = time.median / call.median;
    return { reference: { name: "an empty call", value: call.median, unit: "ns", share } };
  }
  if (!turn) return {};
  const peak = operationsPerTurn / turn.median;
  return {
    reference: { name: "the peak", value: peak, unit: "GFLOP/s", share: operations / time.median / peak },
  };
}

/** Bytes on V8's heap for each step, over many of them without a forced collection. */
function allocatedPerStep(train: (times: number) => void, steps: number): number {
  const before = process.memoryUsage().heapUsed;
  train(steps);
  return Math.max(0, Math.round((process.memoryUsage().heapUsed - before) / steps));
}
