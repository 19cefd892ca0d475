/**
 * Builds the project from source: the AssemblyScript kernels, the scalar twins of those that are written once, and the
 * benchmark's peak beside the sources that use them, the library into dist, module by module, and the command line into
 * dist/bin. Steps run side by side, and only those of which an input has changed. Each imports its tools when it runs:
 * so the first line comes soon, and a build that has nothing to do takes half of the time.
 *
 * `--maps` also writes source maps of the command line, which give a stack in a report its names back.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Assembly } from "./build/assembler.ts";
import { whileNobodyBuilds } from "./build/lock.ts";
import { createProgress } from "./build/progress.ts";
import { runSteps, type Step } from "./build/steps.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const withMaps = process.argv.includes("--maps");

/** Their manifests say which version of a tool is installed. */
const assemblyScript = ["assemblyscript", "binaryen"].map((name) => `node_modules/${name}/package.json`);
const assembler = ["scripts/build/assembler.ts", "scripts/build/assembler-worker.js"];
const bundler = ["scripts/build/bundle.ts", "scripts/build/third-party.ts"];
/** All that npm has installed, with versions. */
const installed = "node_modules/.package-lock.json";

/** The kernels own not one byte of memory: the arena comes from outside, and threads need its size to have a bound. */
const kernelOptions = ["--importMemory", "--noExportMemory", "--memoryBase", "0", "--maximumMemory", "65536"];

const binaries = ["engine/kernels/binary.js", "commands/bench/peak-binary.js"];

/** Kernels that are written once, and the files of their scalar twins. */
const twins = ["least-squares.ts", "losses.ts", "run.ts", "softmax.ts", "stacking.ts"];

const steps: Step[] = [
  assemblyStep("kernels", "src/engine/kernels/binary.js", {
    simdKernels: kernels(["simd"]),
    relaxedSimdKernels: kernels(["simd", "relaxed-simd"]),
  }),
  assemblyStep("peak", "src/commands/bench/peak-binary.js", {
    simdPeak: peak(["simd"]),
    relaxedSimdPeak: peak(["simd", "relaxed-simd"]),
  }),
  {
    name: "scalar twins",
    reads: () => [...twins.map((name) => `src/engine/kernels/assembly/${name}`), "scripts/lower-kernels.ts"],
    writes: () => twins.map((name) => `src/engine/kernels/scalar/${name}`),
    async run() {
      const { writeScalarTwins } = await import("./lower-kernels.ts");
      writeScalarTwins(root);
      return undefined;
    },
  },
  {
    name: "library",
    after: ["scalar twins"],
    reads: () => [...sources(), "tsconfig.json", installed],
    writes: () => sources().flatMap(compiledFrom),
    run: compileLibrary,
  },
  {
    name: "binaries of the library",
    after: ["kernels", "peak", "library"],
    reads: () => binaries.map((path) => `src/${path}`),
    writes: () => binaries.map((path) => `dist/${path}`),
    run: copyBinaries,
  },
  {
    name: "status page",
    after: ["library"],
    reads: () => [
      "src/page",
      "src/status",
      "src/wording",
      "scripts/build/page.ts",
      "scripts/build/third-party.ts",
      installed,
    ],
    writes: () => ["dist/page"],
    run: async () => (await import("./build/page.ts")).bundlePage(root),
  },
  {
    name: "list of what is not packed",
    after: ["library", "binaries of the library"],
    reads: () => [...sources(), "package.json", "scripts/build/packed.ts"],
    writes: () => ["dist/.npmignore"],
    run: async () => (await import("./build/packed.ts")).listUnneeded(root),
  },
  {
    name: withMaps ? "command line with maps" : "command line",
    after: ["kernels", "peak", "scalar twins"],
    reads: () => [...sources(), ...binaries.map((path) => `src/${path}`), ...bundler, installed],
    writes: () => ["dist/bin"],
    run: async () => (await import("./build/bundle.ts")).bundleCommands(root, withMaps),
  },
];

function kernels(features: string[]): Assembly {
  return {
    entry: "src/engine/kernels/assembly/module.ts",
    features: ["threads", ...features],
    options: kernelOptions,
  };
}

function peak(features: string[]): Assembly {
  return { entry: "src/commands/bench/assembly/peak.ts", features };
}

/** Digits of a module that stand together. Below 32 KiB a compressor finds in one module what it has seen in the other. */
const digitsTogether = 8192;

/**
 * Modules in hexadecimal, each under the name that exports it, in pieces by turns: they differ in little, and so they pack
 * into half of what they take one after the other, or in base64, which hides what repeats.
 */
function assemblyStep(name: string, file: string, modules: Record<string, Assembly>): Step {
  return {
    name,
    reads: () => [
      "src/engine/kernels/assembly",
      // What the kernels share with the planner.
      "src/engine/kernels/operation.ts",
      "src/engine/kernels/task-queue.ts",
      "src/commands/bench/assembly",
      ...assembler,
      ...assemblyScript,
    ],
    writes: () => [file],
    async run() {
      const { assemble } = await import("./build/assembler.ts");
      const binaries = await Promise.all(Object.values(modules).map(assemble));
      const digits = binaries.map((binary) => Buffer.from(binary).toString("hex"));
      const longest = Math.max(...digits.map(({ length }) => length));
      const pieces: string[] = [];
      for (let at = 0; at < longest; at += digitsTogether)
        for (const text of digits) pieces.push(text.slice(at, at + digitsTogether));
      const names = Object.keys(modules);
      writeFileSync(
        join(root, file),
        [
          "// Generated by scripts/build.ts: WebAssembly modules in hexadecimal, in pieces by turns.",
          // In a function: the text is on the heap for no longer than it is needed.
          `const pieces = () => [\n${pieces.map((piece) => `  "${piece}",\n`).join("")}];`,
          `const every = (turn) => pieces().filter((_, index) => index % ${names.length} === turn).join("");`,
          ...names.map((exported, turn) => `export const ${exported} = () => every(${turn});`),
          "",
        ].join("\n"),
      );
    },
  };
}

/** TypeScript of the project, without what is AssemblyScript. */
function sources(): string[] {
  const paths = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" });
  return paths
    .filter((path) => path.endsWith(".ts") && !path.includes("assembly/") && !path.startsWith("page/"))
    .map((path) => `src/${path}`);
}

/** What the compiler writes for a source. */
function compiledFrom(source: string): string[] {
  if (source.endsWith(".d.ts")) return [];
  const base = source.replace(/^src(.*)\.ts$/, "dist$1");
  return [`${base}.js`, `${base}.d.ts`];
}

async function compileLibrary(): Promise<undefined> {
  mkdirSync(join(root, "dist"), { recursive: true });
  // What an earlier version had must not stay.
  for (const name of readdirSync(join(root, "dist"))) {
    if (name !== "bin") rmSync(join(root, "dist", name), { recursive: true });
  }
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const child = spawn(process.execPath, [compiler, "-p", "tsconfig.json"], {
    cwd: root,
    stdio: ["ignore", process.stderr, process.stderr],
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error("the compiler found errors in the sources, see above; correct them");
  await removeComments(join(root, "dist"));
}

/** Users read the comments in the declarations; the package does not carry them a second time in the code. */
async function removeComments(folder: string): Promise<void> {
  const { transform } = await import("esbuild");
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const modules = names.filter((name) => name.endsWith(".js") && !name.startsWith("bin"));
  // Only without white space does esbuild leave out the comments inside classes; short lines keep stack traces of use.
  const options = { format: "esm", target: "node20", minifyWhitespace: true, lineLimit: 120 } as const;
  // Together, and without holding up the lines that say what is built.
  await Promise.all(
    modules.map(async (name) => {
      const path = join(folder, name);
      const { code } = await transform(await readFile(path, "utf8"), options);
      await writeFile(path, code);
    }),
  );
}

async function copyBinaries(): Promise<undefined> {
  for (const path of binaries) {
    mkdirSync(dirname(join(root, "dist", path)), { recursive: true });
    copyFileSync(join(root, "src", path), join(root, "dist", path));
  }
}

try {
  await whileNobodyBuilds(root, () =>
    runSteps(steps, {
      root,
      memoryFile: join(root, "node_modules/.cache/rivulet/build.json"),
      common: ["scripts/build.ts"],
      progress: createProgress(),
    }),
  );
} catch (error) {
  process.stderr.write(`the build failed: ${(error as Error).message}\n`);
  // Steps beside the one that failed may still be at work.
  process.exit(1);
}
