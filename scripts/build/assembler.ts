/** AssemblyScript on worker threads: a few of them, because loading the compiler takes longer than a small module. */
import { availableParallelism, totalmem } from "node:os";
import { Worker } from "node:worker_threads";

/** One module: a path from the project's root, the features of WebAssembly it may use, further options of asc. */
export interface Assembly {
  entry: string;
  features: readonly string[];
  options?: readonly string[];
}

interface Job {
  assembly: Assembly;
  resolve: (bytes: Uint8Array) => void;
  reject: (error: Error) => void;
}

/** What a compiler at work takes: more of them than fit into memory would be slower than one. */
const bytesPerWorker = 400 * 2 ** 20;
const workersAtOnce = Math.max(1, Math.min(availableParallelism(), Math.floor(totalmem() / bytesPerWorker)));

const waiting: Job[] = [];
let workers = 0;

/**
 * Compiles a module for speed, with SIMD on four lanes wherever `features` allow it.
 * @returns the bytes of the module
 * @throws Error with what the compiler says
 */
export function assemble(assembly: Assembly): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    waiting.push({ assembly, resolve, reject });
    if (workers < workersAtOnce) startWorker();
  });
}

function startWorker(): void {
  workers++;
  const worker = new Worker(new URL("./assembler-worker.js", import.meta.url));
  let job: Job | undefined;
  const next = () => {
    job = waiting.shift();
    if (job === undefined) void worker.terminate();
    else worker.postMessage(job.assembly);
  };
  worker.on("message", ({ bytes, failure }: { bytes?: Uint8Array; failure?: string }) => {
    if (bytes !== undefined) job?.resolve(bytes);
    else job?.reject(new Error(failure));
    next();
  });
  worker.on("error", (error: Error) => job?.reject(error));
  worker.on("exit", () => workers--);
  next();
}
