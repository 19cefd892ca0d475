/** Projects of users of the package, as small as they can be. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

const body = `
const network = createNetwork(
  { inputShape: [2], layers: [dense(3), tanh(), dense(1)], loss: mse(), optimizer: adam({ learningRate: 0.01 }) },
  { batchSize: 1 },
);
network.input.set([1, 2]);
network.step();
const learner = createLearner({ fields: ["x", "label"], target: { column: "label", classes: 2 } });
learner.observe(Float64Array.of(1, 0), 0);
console.log(network.plan.totalBytes > 0 ? "works" : "fails");
`;
const names = "adam, createLearner, createNetwork, dense, mse, tanh";

/** The snippets of README, each as a program. */
const snippets = [...readFileSync(join(root, "README.md"), "utf8").matchAll(/^```js\n(.*?)^```/gms)].map(
  ([, text]) => text,
);
const snippetFiles = snippets.map((_, index) => `readme-${index}.mts`);

/** The same program in each kind of project, by the name of its file. */
export const programs = {
  "esm/program.js": `import { ${names} } from "rivulet";${body}`,
  "commonjs/program.js": `const { ${names} } = require("rivulet");${body}`,
  "typescript/program.mts": `import { ${names}, type Ensemble, type Network } from "rivulet";${body}
export const typed: { network: Network; learner: Ensemble } = { network, learner };
const number = createLearner({ fields: ["x", "y"], target: { column: "y" }, model: {} });
console.log(learner.report().accuracy, number.report().mae);
export const scoreOf = (report: ReturnType<Ensemble["report"]>): number =>
  report.task === "classification" ? report.accuracy : report.mae;
`,
  // Every version since 5.3 understands this in a CommonJS module.
  "typescript/program.cts": `export async function run(): Promise<boolean> {
  const { availableVariants, constant } = await import("rivulet");
  return availableVariants().length > 0 && constant() !== undefined;
}
`,
  ...Object.fromEntries(snippets.map((text, index) => [`typescript/${snippetFiles[index]}`, text])),
};

/** Writes all of them under a folder, each kind with its own package.json. */
export function writePrograms(folder: string): void {
  for (const [path, text] of Object.entries(programs)) {
    const [kind] = path.split("/");
    mkdirSync(join(folder, kind), { recursive: true });
    writeFileSync(join(folder, path), text);
    const manifest = { private: true, type: kind === "esm" ? "module" : "commonjs" };
    writeFileSync(join(folder, kind, "package.json"), JSON.stringify(manifest));
  }
}

/** How users resolve modules. */
export const resolutions = ["node16", "bundler"] as const;
export type Resolution = (typeof resolutions)[number];

/** What a compiler says of the programs in TypeScript under `folder`, strict, libraries checked too; "" for nothing. */
export function compile(compiler: string, folder: string, resolution: Resolution): string {
  const project = join(folder, "typescript", `tsconfig.${resolution}.json`);
  const compilerOptions = {
    noEmit: true,
    strict: true,
    skipLibCheck: false,
    target: "es2022",
    lib: ["es2022", "dom"],
    types: [],
    module: resolution === "node16" ? "node16" : "esnext",
    moduleResolution: resolution,
  };
  // A CommonJS module may import the package only where the compiler knows Node's rules.
  const files =
    resolution === "node16"
      ? ["program.mts", "program.cts", ...snippetFiles]
      : ["program.mts", ...snippetFiles];
  writeFileSync(project, JSON.stringify({ compilerOptions, files }));
  const { stdout, stderr } = spawnSync(process.execPath, [compiler, "-p", project], { encoding: "utf8" });
  return stdout + stderr;
}

/** Packs the project into `folder`. @returns the path of the packed file, and what is in it */
export function pack(folder: string): { file: string; size: number; paths: string[] } {
  const words = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  const output = execFileSync("npm", words, {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [packed] = Object.values(JSON.parse(output)) as {
    filename: string;
    size: number;
    files: { path: string }[];
  }[];
  return {
    file: join(folder, packed.filename),
    size: packed.size,
    paths: packed.files.map(({ path }) => path),
  };
}
