import { compileAssembly } from "../compile-assembly.ts";

/** A way to keep the vector units of this core busy, and how much work one turn of it is. */
export interface Peak {
  name: string;
  /** Floating-point operations of one turn. */
  operationsPerTurn: number;
  run(turns: number): void;
}

const turnsPerCall = 1000;

/** The 128-bit multiply-add peak, and the fused one where the engine has relaxed SIMD. */
export function peaks(): Peak[] {
  const variants: [string, string[]][] = [
    ["simd", ["simd"]],
    ["relaxed-simd", ["simd", "relaxed-simd"]],
  ];
  return variants.flatMap(([name, features]) => {
    const bytes = compileAssembly("scripts/bench/assembly/peak.ts", features);
    if (!WebAssembly.validate(bytes)) return [];
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {});
    const turn = exports["peak"] as (turns: number) => void;
    // In short calls: V8 goes over to optimized code from one call to the next, never within one.
    const run = (turns: number) => {
      for (let left = turns; left > 0; left -= turnsPerCall) turn(Math.min(left, turnsPerCall));
    };
    // Twelve chains of four lanes, a multiply and an add each.
    return [{ name, operationsPerTurn: 12 * 4 * 2, run }];
  });
}
