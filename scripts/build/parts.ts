/**
 * Parts of the command line that several commands hold, each as one file in `dist/bin`. A part is whole modules: what
 * stands outside refers to their exports by name, through the file of the part.
 */
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { build, type Plugin } from "esbuild";

/**
 * A file of modules of ours, by path below `src` (one that ends in `/` holds all below it), or of a package. What no part
 * holds, such as its exceptions, is bundled into each file that needs it.
 */
export type Part = {
  name: string;
  /** Where commands use it on some ways only. */
  load?: "at first use";
} & ({ holds: string[]; except?: string[] } | { package: string });

/** In which the modules stand that are made here. */
const space = "part";

/** The entry of a part, for a build with the plugin of that part. */
export const entryOf = (part: Part) => ({
  in: "package" in part ? part.package : `${space}:entry`,
  out: part.name,
});

/** Whether a bundler's input is a module that was made here. */
export const isMade = (input: string) => input.startsWith(`${space}:`);

/**
 * Returns the plugin for a build of one part (null: of what is in none). Modules of all other parts become modules that
 * forward from the files of those.
 */
export function separateParts(
  source: string,
  exportsOf: Map<string, string[]>,
  parts: Part[],
): (own: string | null) => Plugin {
  const owner = ownerOf(parts);
  const { entries, forwards } = modulesOf(exportsOf, owner);
  return (own) => ({
    name: "separate parts",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: new RegExp(`^${space}:`) }, ({ path }) => ({ path, namespace: space }));
      onResolve({ filter: /^\./ }, ({ path, namespace, resolveDir }) => {
        if (namespace === space && path.endsWith(".cjs")) return { path, external: true, sideEffects: false };
        const module = relative(source, join(resolveDir, path));
        const part = owner(module);
        // A file of which a command uses nothing is not loaded with it.
        return part === undefined || part === own
          ? undefined
          : { path: module, namespace: space, sideEffects: false };
      });
      for (const part of parts) {
        if (!("package" in part)) continue;
        onResolve({ filter: new RegExp(`^${part.package}$`) }, ({ kind }) =>
          kind === "entry-point"
            ? undefined
            : { path: `./${part.name}.cjs`, external: true, sideEffects: false },
        );
      }
      onLoad({ filter: /./, namespace: space }, ({ path }) => ({
        contents: path === `${space}:entry` ? entries.get(own as string) : forwards.get(path),
        resolveDir: source,
      }));
    },
  });
}

/** Of two parts that hold a module, the one that names it more closely has it. */
function ownerOf(parts: Part[]): (module: string) => string | undefined {
  const claims = parts
    .flatMap((part) => {
      if ("package" in part) return [];
      const { name, holds, except = [] } = part;
      return [...holds.map((path) => ({ name, path })), ...except.map((path) => ({ name: undefined, path }))];
    })
    .sort((a, b) => b.path.length - a.path.length);
  return (module) =>
    claims.find(({ path }) => module === path || (path.endsWith("/") && module.startsWith(path)))?.name;
}

/**
 * The entry of each part, by its name, and the module that forwards from it, by the path of the original. Exports of the
 * same name get a number in the file of the part.
 */
function modulesOf(exportsOf: Map<string, string[]>, owner: (module: string) => string | undefined) {
  const imports = new Map<string, string[]>();
  const taken = new Map<string, Map<string, number>>();
  const forwards = new Map<string, string>();
  for (const [module, names] of exportsOf) {
    const part = owner(module);
    if (part === undefined) continue;
    const counts = taken.get(part) ?? new Map<string, number>();
    taken.set(part, counts);
    const pairs = names.map((name) => {
      const count = counts.get(name) ?? 0;
      counts.set(name, count + 1);
      return [name, count === 0 ? name : `${name}$${count}`];
    });
    const texts = imports.get(part) ?? [];
    texts.push(`import { ${pairs.map(([name, unique]) => `${name} as ${unique}`)} } from "./${module}";`);
    imports.set(part, texts);
    forwards.set(
      module,
      `export { ${pairs.map(([name, unique]) => `${unique} as ${name}`)} } from "./${part}.cjs";`,
    );
  }
  const entries = new Map(
    [...imports].map(([part, texts]) => {
      const names = [...(taken.get(part) as Map<string, number>)].flatMap(([name, count]) =>
        Array.from({ length: count }, (_, index) => (index === 0 ? name : `${name}$${index}`)),
      );
      // A literal, since the bundler's own form of exports is two calls deep at each use.
      return [part, `${texts.join("\n")}\nmodule.exports = { ${names.join(", ")} };`];
    }),
  );
  return { entries, forwards };
}

/** The names that each module below `source` exports, by its path there. */
export async function exportsBelow(source: string): Promise<Map<string, string[]>> {
  const paths = readdirSync(source, { recursive: true, encoding: "utf8" }).filter(
    (path) => /\.[jt]s$/.test(path) && !path.endsWith(".d.ts") && !path.includes("assembly/"),
  );
  const { metafile } = await build({
    absWorkingDir: source,
    entryPoints: paths.sort(),
    outdir: "/",
    bundle: true,
    packages: "external",
    // Each module is read and written once.
    splitting: true,
    format: "esm",
    write: false,
    metafile: true,
  });
  return new Map(
    Object.values(metafile.outputs).flatMap(({ entryPoint, exports }) =>
      entryPoint === undefined ? [] : [[entryPoint, exports]],
    ),
  );
}

/**
 * Requires that files import downward: one that waits for another that waits for it would see it half made.
 * @param imports the files that each file imports
 */
export function requireStair(imports: Map<string, string[]>): void {
  const visit = (name: string, above: string[]): void => {
    if (above.includes(name)) {
      const circle = [...above.slice(above.indexOf(name)), name].join(" -> ");
      throw new Error(
        `files of the command line import each other: ${circle}; change in scripts/build/bundle.ts what each part holds`,
      );
    }
    for (const next of imports.get(name) ?? []) visit(next, [...above, name]);
  };
  for (const name of imports.keys()) visit(name, []);
}
