/**
 * Makes the scalar twins of the kernels that are written once: text of `assembly/`, in the subset that AssemblyScript
 * and TypeScript share (see assembly/memory.ts), becomes TypeScript over typed arrays. A function call in place of each
 * substitution would be 12 to 60 times slower: V8 does not inline them all, and puts the numbers they return on the heap.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The calls that become something else, with their arguments. Places are indices of float32. */
const calls: Record<string, (...texts: string[]) => string> = {
  read: (place, index) => `floats[${sum(place, index)}]`,
  write: (place, index, value) => `floats[${sum(place, index)}] = ${value}`,
  readDouble: (place, index) => `doubles[${sum(place, index)}]`,
  writeDouble: (place, index, value) => `doubles[${sum(place, index)}] = ${value}`,
  past: (place, count) => sum(place, count),
  clear: (place, count) => `floats.fill(0, ${place}, ${sum(place, count)})`,
  stride: (count) => count,
  operation: (at) => `ints[${at}]`,
  int: (at, index) => `ints[${at} + ${Number(index) + 1}]`,
  pointer: (at, index) => `(ints[${at} + ${Number(index) + 1}] >>> 2)`,
  float: (at, index) => `floats[${at} + ${Number(index) + 1}]`,
  scalar: (place, which) => `doubles[(${place} >>> 1) + ${which}]`,
  setScalar: (place, which, value) => `doubles[(${place} >>> 1) + ${which}] = ${value}`,
  f64: (value) => `(${value})`,
  f32: (value) => `Math.fround(${value})`,
  i32: (value) => `Math.trunc(${value})`,
  abs: (value) => `Math.abs(${value})`,
  sqrt: (value) => `Math.sqrt(${value})`,
  min: (a, b) => `Math.min(${a}, ${b})`,
  max: (a, b) => `Math.max(${a}, ${b})`,
};

const sum = (place: string, index: string) => (index === "0" ? place : `${place} + ${index}`);

/** What else is written otherwise. */
const spellings: [RegExp, string][] = [
  [/: (f32|f64|i32|usize)\b/g, ": number"],
  [/: bool\b/g, ": boolean"],
  [/ == /g, " === "],
  [/ != /g, " !== "],
  [/from "(\.[^"]*)"/g, 'from "$1.ts"'],
  [/^import \{[^}]*\} from "\.\/memory\.ts";\n/m, ""],
];

/** Twins that look at integers as well: they take the whole heap, where others take its float32. */
const onHeap = new Set(["activate", "update", "convolutionShape", "maxPoolForward", "maxPoolBackward"]);

/** Functions that take numbers, not places: those of these files, and these of others. */
const filesOfNumbers = ["../operation", "./arithmetic", "./memory"];
const ofNumbers = ["bounded"];

/** Replaces each call of `name` by what `become` makes of its arguments, the inner ones first. */
function replaceCalls(text: string, name: string, become: (...texts: string[]) => string): string {
  const call = new RegExp(`(?<![\\w.]|function )${name}\\(`);
  for (let from = 0; ; ) {
    const start = text.slice(from).search(call);
    if (start < 0) return text;
    const open = from + start + name.length;
    const [close, given] = argumentsOf(text, open);
    const replaced = become(...given.map((one) => replaceCalls(one, name, become)));
    text = text.slice(0, from + start) + replaced + text.slice(close + 1);
    from += start + replaced.length;
  }
}

/** The arguments between the bracket at `open` and the one that closes it, and where that is. */
function argumentsOf(text: string, open: number): [number, string[]] {
  const found: string[] = [];
  let depth = 0;
  let from = open + 1;
  for (let at = open; ; at++) {
    const sign = text[at];
    if (sign === undefined) throw new Error(`a bracket is not closed: ${text.slice(open, open + 60)}`);
    if (sign === "(" || sign === "[") depth++;
    if (sign === ")" || sign === "]") depth--;
    if (depth === 0 || (depth === 1 && sign === ",")) {
      const argument = text.slice(from, at).trim();
      if (argument !== "") found.push(argument);
      from = at + 1;
    }
    if (depth === 0) return [at, found];
  }
}

/** Names that the file imports from twins which work on the memory. */
function importedTwins(text: string): string[] {
  return [...text.matchAll(/import \{([^}]*)\} from "([^"]*)"/g)]
    .filter(([, , file]) => !filesOfNumbers.includes(file))
    .flatMap(([, names]) => names.split(",").map((name) => name.trim()))
    .filter((name) => /^[a-z]/.test(name) && !ofNumbers.includes(name));
}

/** Names of the file's own functions that take a place. */
function ownKernels(text: string): string[] {
  return [...text.matchAll(/function (\w+)\(([^)]*)\)/g)]
    .filter(([, , parameters]) => parameters.includes(": usize"))
    .map(([, name]) => name);
}

/** Gives the calls of `names` the memory as their first argument. */
function passMemory(text: string, names: readonly string[], usual = "floats"): string {
  return names.reduce((so, name) => {
    const memory = onHeap.has(name) ? "heap" : usual;
    return so.replace(new RegExp(`(?<![\\w.]|function )${name}\\(`, "g"), `${name}(${memory}, `);
  }, text);
}

/** The text of a kernel file as TypeScript. */
function lower(text: string): string {
  const lowered = Object.entries(calls).reduce(
    (so, [name, become]) => replaceCalls(so, name, become),
    text.replaceAll("// @ts-ignore: decorator\n@inline\n", ""),
  );
  return spellings.reduce((so, [pattern, spelling]) => so.replace(pattern, spelling), lowered);
}

/** Kernels as functions over the numbers that they are given first: float32, or float64 where all places are of those. */
const lowerKernels = (text: string) => lowerOver("floats", "Float32Array", text);
const lowerDoubles = (text: string) => lowerOver("doubles", "Float64Array", text);

function lowerOver(memory: string, type: string, text: string): string {
  const own = ownKernels(text);
  const passed = passMemory(text, [...importedTwins(text), ...own], memory);
  const taking = own.reduce(
    (so, name) => so.replace(new RegExp(`function ${name}\\(\\s*`), `function ${name}(${memory}: ${type}, `),
    passed,
  );
  return lower(taking);
}

/** The interpreter as a function that is made for one memory. */
function lowerInterpreter(text: string): string {
  const passed = passMemory(text, importedTwins(text));
  const firstFunction = passed.search(/\/\*\*(?:(?!\*\/)[\s\S])*\*\/\nfunction /);
  const imports = lower(passed.slice(0, firstFunction));
  const body = lower(passed.slice(firstFunction)).replace("export function run", "function run");
  return `${imports}import { heapOf } from "./heap.ts";

/** Makes \`run(program, count, rows, accumulating)\` over the given memory. */
export function createScalarRun(
  buffer: ArrayBuffer,
): (program: number, count: number, rows: number, accumulating: number) => number {
  const heap = heapOf(buffer);
  const { ints, floats, doubles } = heap;

${body}
  return (program, count, rows, accumulating) => run(program >>> 2, count, rows, accumulating !== 0);
}
`;
}

/** Writes the twins of the kernels that are written once into `scalar/`. */
export function writeScalarTwins(root: string): void {
  const folder = join(root, "src/engine/kernels");
  for (const [name, lowered] of [
    ["run", lowerInterpreter],
    ["losses", lowerKernels],
    ["softmax", lowerKernels],
    ["least-squares", lowerDoubles],
    ["stacking", lowerDoubles],
  ] as const) {
    const text = readFileSync(join(folder, `assembly/${name}.ts`), "utf8");
    const origin = `// Generated by scripts/lower-kernels.ts from ../assembly/${name}.ts.\n`;
    writeFileSync(join(folder, `scalar/${name}.ts`), origin + lowered(text));
  }
}
