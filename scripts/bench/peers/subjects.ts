import { execFile } from "node:child_process";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Workload } from "../../../src/commands/bench/workloads.ts";
import { availableVariants, type KernelVariant } from "../../../src/engine/kernels/kernels.ts";
import type { Layer } from "../../../src/engine/model/model.ts";
import { dataOf } from "./workloads.ts";

const run = promisify(execFile);

/** Where a subject finds what it needs: files of the workload, and installed packages. */
export interface Site {
  folder: string;
}

export type Purpose = "check" | "time";
/** The command that serves a workload. */
export type Command = (workload: Workload, purpose: Purpose) => string[];

/** One that trains: ours, the native reference, or a peer. */
export interface Subject {
  name: string;
  /** What --only knows it by. */
  id: string;
  /** Its packages in the npm registry. */
  packages: string[];
  /** Gives the way to start it, or in a few words why it cannot be started here. */
  prepare(site: Site): Promise<Command | string>;
}

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

export const subjects: Subject[] = [
  rivulet("relaxed-simd"),
  rivulet("simd"),
  reference("c", "C", { x64: ["-march=x86-64-v2"], arm64: [] }),
  // Relaxed SIMD multiplies and adds in one instruction; so does this. Still at 128 bits.
  reference("c-fused", "C fused", { x64: ["-march=x86-64-v3", "-mprefer-vector-width=128"] }),
  { id: "torch", name: "PyTorch", packages: [], prepare: prepareTorch },
  tfjs("cpu"),
  tfjs("wasm"),
  library("brain", "brain.js", "1.6.1"),
  library("convnet", "convnetjs", "0.3.0"),
  library("synaptic", "synaptic", "1.1.4"),
];

function tfjs(backend: "cpu" | "wasm"): Subject {
  return {
    id: `tfjs-${backend}`,
    name: `tfjs 4.22.0 ${backend}`,
    packages: ["@tensorflow/tfjs@4.22.0", "@tensorflow/tfjs-backend-wasm@4.22.0"],
    prepare: async ({ folder }) => javaScript("tfjs.ts", folder, backend),
  };
}

/** One of a single package, in the file of its id. */
function library(id: string, name: string, version: string): Subject {
  return {
    id,
    name: `${name} ${version}`,
    packages: [`${name}@${version}`],
    prepare: async ({ folder }) => javaScript(`${id}.ts`, folder),
  };
}

function rivulet(variant: KernelVariant): Subject {
  return {
    id: `rivulet-${variant}`,
    name: `Rivulet ${variant}`,
    packages: [],
    prepare: async () =>
      availableVariants().includes(variant)
        ? javaScript("rivulet.ts", variant)
        : `Node ${process.version} has no ${variant}`,
  };
}

function javaScript(file: string, ...options: string[]): Command {
  return ({ id }, purpose) => [process.execPath, "--import", "tsx", here(file), id, purpose, ...options];
}

/** The C program, with what the compiler is told about the processor by Node's name of it. */
function reference(id: string, name: string, flags: Record<string, string[]>): Subject {
  async function prepare({ folder }: Site): Promise<Command | string> {
    const forProcessor = flags[process.arch];
    if (!forProcessor) return `not meant for ${process.arch}`;
    const program = join(folder, id);
    const exact = ["-std=c11", "-O3", "-fno-math-errno", "-fno-trapping-math"];
    try {
      await run("gcc", [...exact, ...forProcessor, here("reference.c"), "-o", program, "-lm"]);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return "no gcc";
      throw error;
    }
    return (workload, purpose) => {
      const { inputShape, layers, loss, optimizer } = workload.model;
      const [channels, length = 1] = inputShape;
      return [
        program,
        filesOf(folder, workload, purpose).data,
        String(workload.batchSize),
        loss.type === "mse" ? "mse" : "crossEntropy",
        optimizer.type === "sgd" && optimizer.momentum > 0 ? "momentum" : optimizer.type,
        String(optimizer.learningRate),
        String(length),
        String(channels),
        ...layers.map(layerForC),
      ];
    };
  }
  return { id, name, packages: [], prepare };
}

function layerForC(layer: Layer): string {
  switch (layer.type) {
    case "dense":
      return `dense:${layer.outputs}:${layer.bias ? 1 : 0}`;
    case "conv1d":
      return `conv1d:${layer.outputs}:${layer.kernel}`;
    default:
      return layer.type;
  }
}

async function prepareTorch({ folder }: Site): Promise<Command | string> {
  // The second is Debian's, where another Python stands first in the path.
  for (const python of ["python3", "/usr/bin/python3"]) {
    const found = await run(python, ["-c", "import torch, numpy"]).catch(() => null);
    if (!found) continue;
    const libraries = await unpackOpenBlas(folder);
    return (workload, purpose) => {
      const { description, data } = filesOf(folder, workload, purpose);
      return ["env", ...libraries, python, here("pytorch.py"), description, data];
    };
  }
  return "not installed";
}

/**
 * Debian's PyTorch multiplies matrices with the reference BLAS where nothing else is installed, some twenty times
 * slower than with OpenBLAS: it gets that, unpacked beside it. Gives what `env` is told; nothing where there is none.
 */
async function unpackOpenBlas(folder: string): Promise<string[]> {
  try {
    await run("apt-get", ["download", "libopenblas0-pthread"], { cwd: folder });
    const archive = (await readdir(folder)).find((file) => file.startsWith("libopenblas0-pthread"));
    await run("dpkg-deb", ["-x", archive!, "openblas"], { cwd: folder });
    const libraries = await readdir(join(folder, "openblas/usr/lib"));
    const path = join(folder, "openblas/usr/lib", libraries[0], "openblas-pthread");
    return [`LD_LIBRARY_PATH=${path}`];
  } catch {
    return [];
  }
}

/** Where subjects that are not JavaScript read a workload. */
function filesOf(folder: string, { id }: Workload, purpose: Purpose): { description: string; data: string } {
  const path = join(folder, `${id}-${purpose}`);
  return { description: `${path}.json`, data: `${path}.bin` };
}

/** Writes the workload's description (JSON), and its input, target and parameters one behind the other (float32). */
export async function writeWorkload({ folder }: Site, workload: Workload, purpose: Purpose): Promise<void> {
  const { description, data } = filesOf(folder, workload, purpose);
  const { input, target, parameters } = dataOf(workload);
  const parts = [input, target, ...parameters.map((parameter) => parameter.data)];
  await writeFile(description, JSON.stringify(workload));
  await writeFile(
    data,
    Buffer.concat(parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength))),
  );
}
