import type { PlannedParameter } from "../planning/units.ts";

/** Copies a parameter between the layout of the arena and PyTorch's. */
export function copyLayout(
  from: Float32Array,
  to: Float32Array,
  { shape, stored }: PlannedParameter,
  direction: "in" | "out",
): void {
  if (stored === "as shaped") {
    to.set(from);
    return;
  }
  const [outputs, inputs] = shape;
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) {
      if (direction === "out") to[o * inputs + i] = from[i * outputs + o];
      else to[i * outputs + o] = from[o * inputs + i];
    }
  }
}
