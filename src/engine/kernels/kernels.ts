import { RivuletError } from "../../errors/errors.ts";
import { relaxedSimdKernels, simdKernels } from "./binary.js";
import type { LearningKernels } from "./learning.ts";
import { createScalarLearning } from "./scalar/learning.ts";
import { createScalarRun } from "./scalar/run.ts";
import { createScalarDispatch } from "./scalar/task-queue.ts";
import type { Outcome } from "./task-queue.ts";

/**
 * The three builds of the same kernels: WebAssembly with relaxed SIMD (fused multiply-add, fastest, last bits
 * differ between processors), WebAssembly with SIMD128, and plain TypeScript (the same bits as SIMD128).
 */
export type KernelVariant = "relaxed-simd" | "simd" | "scalar";

/** Kernels bound to one block of memory of fixed size. */
export interface Kernels {
  variant: KernelVariant;
  /** The memory they work on: at least the bytes asked for, zero at first. */
  buffer: ArrayBufferLike;
  /** The module and its memory where other threads may work on it too; else null. */
  shared: SharedKernels | null;
  /**
   * Runs `count` instructions from byte offset `program` on the first `rows` rows; with `accumulating` 1, weight
   * gradients are added to what is there. Gives 0, or 1 when stopped at numbers that are not finite.
   */
  run(program: number, count: number, rows: number, accumulating: number): number;
  /** What the learner calls by itself. */
  learning: LearningKernels;
  /** Has `count` tasks of the queue at byte offset `queue` done, from task `first` on. */
  dispatch(queue: number, first: number, count: number): Outcome;
}

/** What another thread needs to work on the same memory: `serve(queue, self)` of an instance of its own. */
export interface SharedKernels {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
}

const pageBytes = 65536;

/** Compiled once for all networks of the process; null where the engine refuses the module. */
const compiled = new Map<string, WebAssembly.Module | null>();

/**
 * The import of the memory in the modules: "env", "memory", a memory whose size has a bound. That it is shared is one
 * bit more, the only one by which a build for threads would differ.
 */
const memoryImport = "\x03env\x06memory\x02\x01";
const sharedMemoryImport = "\x03env\x06memory\x02\x03";

function compile(variant: "relaxed-simd" | "simd", shared = false): WebAssembly.Module | null {
  const key = shared ? `shared ${variant}` : variant;
  let module = compiled.get(key);
  if (module === undefined) {
    let text = atob(variant === "simd" ? simdKernels : relaxedSimdKernels);
    if (shared) text = text.replace(memoryImport, sharedMemoryImport);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    module = WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : null;
    compiled.set(key, module);
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
 * Allocates at least `bytes` of zeroed memory and binds the kernels to it. It never grows. `shared`: other threads are
 * to work on it too.
 * @throws RivuletError where there is not so much memory, or where the kernels cannot be shared
 */
export function createKernels(variant: KernelVariant, bytes: number, shared = false): Kernels {
  try {
    return allocate(variant, bytes, shared);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RivuletError(
      "memory.unavailable",
      `cannot allocate ${bytes} contiguous bytes for the network (${error.message}); make the layers or the batch smaller`,
      { cause: error },
    );
  }
}

function allocate(variant: KernelVariant, bytes: number, shared: boolean): Kernels {
  if (variant === "scalar") {
    if (shared) {
      throw new RivuletError(
        "argument.bad-value",
        "the scalar kernels work on one thread only; leave the threads out: the results are the same",
      );
    }
    const buffer = new ArrayBuffer(Math.ceil(bytes / 16) * 16);
    const run = createScalarRun(buffer);
    return {
      variant,
      buffer,
      shared: null,
      learning: createScalarLearning(buffer),
      run,
      dispatch: createScalarDispatch(buffer, run),
    };
  }
  const module = compile(variant, shared);
  if (!module) throw new Error(`the ${variant} kernels do not run on this processor or Node version`);
  const pages = Math.ceil(bytes / pageBytes);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return {
    variant,
    buffer: memory.buffer,
    shared: shared ? { module, memory } : null,
    learning: exports as unknown as LearningKernels,
    run: exports["run"] as Kernels["run"],
    dispatch: exports["dispatch"] as Kernels["dispatch"],
  };
}
