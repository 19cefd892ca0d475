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
  /** Their memory: at least the requested bytes, initially zero. */
  buffer: ArrayBufferLike;
  /** The module and its memory if other threads may use them too; else null. */
  shared: SharedKernels | null;
  /**
   * Runs `count` instructions from byte offset `program` on the first `rows` rows; with `accumulating` 1, weight
   * gradients are added to the present ones. Returns 0, or 1 when stopped because of numbers that are not finite.
   */
  run(program: number, count: number, rows: number, accumulating: number): number;
  /** Kernels that the learner calls directly. */
  learning: LearningKernels;
  /** Runs `count` tasks of the queue at byte offset `queue`, from task `first` on, with all threads. */
  dispatch(queue: number, first: number, count: number): Outcome;
}

/** What another thread needs to use the same memory: it calls `serve(queue, self)` of its own instance. */
export interface SharedKernels {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
}

const pageBytes = 65536;

/** Modules, compiled once for all networks of the process; null if the JavaScript engine refuses the module. */
const compiled = new Map<string, WebAssembly.Module | null>();

/**
 * The import of the memory in the modules: "env", "memory", a memory of limited size. One more bit makes it shared, and
 * a build for threads would differ in this bit only.
 */
const memoryImport = hexOf("\x03env\x06memory\x02\x01");
const sharedMemoryImport = hexOf("\x03env\x06memory\x02\x03");

function compile(variant: "relaxed-simd" | "simd", shared = false): WebAssembly.Module | null {
  const key = shared ? `shared ${variant}` : variant;
  let module = compiled.get(key);
  if (module === undefined) {
    let text = variant === "simd" ? simdKernels() : relaxedSimdKernels();
    if (shared) text = text.replace(memoryImport, sharedMemoryImport);
    const bytes = bytesOfHex(text);
    module = WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : null;
    compiled.set(key, module);
  }
  return module;
}

function hexOf(text: string): string {
  return Array.from(text, (letter) => letter.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}

function bytesOfHex(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = 16 * hexDigit(text.charCodeAt(2 * i)) + hexDigit(text.charCodeAt(2 * i + 1));
  return bytes;
}

/** Of 0 to 9 and a to f. */
function hexDigit(code: number): number {
  return code < 58 ? code - 48 : code - 87;
}

/** Returns the variants that run on this machine, fastest first. `scalar` always runs. */
export function availableVariants(): KernelVariant[] {
  const all: KernelVariant[] = ["relaxed-simd", "simd", "scalar"];
  return all.filter((variant) => variant === "scalar" || compile(variant) !== null);
}

/** Returns the fastest variant on this machine; `deterministic` excludes relaxed SIMD, whose last bits differ. */
export function chooseVariant(deterministic: boolean): KernelVariant {
  if (!deterministic && compile("relaxed-simd")) return "relaxed-simd";
  return compile("simd") ? "simd" : "scalar";
}

/**
 * Allocates at least `bytes` of zeroed memory and binds the kernels to it. It never grows. `shared`: other threads will
 * use it too.
 * @throws RivuletError when the memory cannot be allocated, or the kernels cannot be shared
 */
export function createKernels(variant: KernelVariant, bytes: number, shared = false): Kernels {
  try {
    return allocate(variant, bytes, shared);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RivuletError(
      "memory.unavailable",
      `cannot allocate ${bytes} contiguous bytes for the network (${error.message}); make the layers or the batch smaller, or where that is little, raise the limit on address space (ulimit -v, LimitAS=): WebAssembly reserves much of it`,
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
  if (!module)
    throw new Error(
      `the ${variant} kernels do not run on this processor or Node version; choose another variant`,
    );
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
