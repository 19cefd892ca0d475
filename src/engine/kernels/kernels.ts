import { RivuletError } from "../../errors.ts";
import { relaxedSimdKernels, simdKernels } from "./binary.ts";
import { createScalarRun } from "./scalar/run.ts";

/**
 * The three builds of the same kernels: WebAssembly with relaxed SIMD (fused multiply-add, fastest, last bits
 * differ between processors), WebAssembly with SIMD128, and plain TypeScript (the same bits as SIMD128).
 */
export type KernelVariant = "relaxed-simd" | "simd" | "scalar";

/** Kernels bound to one block of memory of fixed size. */
export interface Kernels {
  variant: KernelVariant;
  /** The memory they work on: at least the bytes asked for, zero at first. */
  buffer: ArrayBuffer;
  /**
   * Runs `count` instructions from byte offset `program` on the first `rows` rows; with `gathering` 1, weight
   * gradients are added to what is there. Gives 0, or 1 when stopped at numbers that are not finite.
   */
  run(program: number, count: number, rows: number, gathering: number): number;
}

const pageBytes = 65536;

/** Compiled once for all networks of the process; null where the engine refuses the module. */
const compiled = new Map<KernelVariant, WebAssembly.Module | null>();

function compile(variant: "relaxed-simd" | "simd"): WebAssembly.Module | null {
  let module = compiled.get(variant);
  if (module === undefined) {
    const text = atob(variant === "simd" ? simdKernels : relaxedSimdKernels);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    module = WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : null;
    compiled.set(variant, module);
  }
  return module;
}

/** The variants that run here, fastest first. `scalar` always does. */
export function availableVariants(): KernelVariant[] {
  const all: KernelVariant[] = ["relaxed-simd", "simd", "scalar"];
  return all.filter((variant) => variant === "scalar" || compile(variant) !== null);
}

/** The fastest variant that runs here; `deterministic` leaves out relaxed SIMD, whose last bits differ. */
export function chooseVariant(deterministic: boolean): KernelVariant {
  if (!deterministic && compile("relaxed-simd")) return "relaxed-simd";
  return compile("simd") ? "simd" : "scalar";
}

/**
 * Allocates at least `bytes` of zeroed memory and binds the kernels to it. It never grows.
 * @throws RivuletError where there is not so much memory
 */
export function createKernels(variant: KernelVariant, bytes: number): Kernels {
  try {
    return allocate(variant, bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RivuletError(
      `the network needs ${bytes} bytes in one piece, which cannot be had (${error.message}); make the layers or the batch smaller`,
      { cause: error },
    );
  }
}

function allocate(variant: KernelVariant, bytes: number): Kernels {
  if (variant === "scalar") {
    const buffer = new ArrayBuffer(Math.ceil(bytes / 16) * 16);
    return { variant, buffer, run: createScalarRun(buffer) };
  }
  const module = compile(variant);
  if (!module) throw new Error(`the ${variant} kernels do not run on this processor or Node version`);
  const pages = Math.ceil(bytes / pageBytes);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  return { variant, buffer: memory.buffer, run: instance.exports["run"] as Kernels["run"] };
}
