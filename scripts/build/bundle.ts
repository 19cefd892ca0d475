/**
 * The command line as few files in `dist/bin`: `rivulet.cjs`, and one for each command, which it loads when asked, with
 * all that it needs. A board pays for every module: for the daemon on Node 20 one file takes 8 MB less than the modules
 * it is made of, and CommonJS 2 MB less than an ES module, for which Node starts its second loader.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { build, type Plugin, type PluginBuild } from "esbuild";
import { commands } from "../../src/commands/command-line/table.ts";
import { thirdParties } from "./third-party.ts";

/** Installed beside Rivulet by those who run the demonstration; no device loads them. */
const optional = ["@lydell/node-pty", "avr8js"];

/**
 * Modules that all files share, by the name of their file in `dist/bin`: a class of errors, and what became of the
 * output, must be one for all; the kernels and the reader of YAML would be half of each file.
 */
const shared: Record<string, string> = {
  errors: "errors/errors.ts",
  output: "machine/output.ts",
  kernels: "engine/kernels/binary.js",
};
const sharedPackage = "yaml";

/**
 * Bundles the command line from its sources.
 * @returns the files that it read, relative to `root`
 */
export async function bundleCommands(root: string, withMaps: boolean): Promise<string[]> {
  const source = join(root, "src");
  const output = join(root, "dist/bin");
  const names = commands.map(({ name }) => name);
  const lean = leanSerialPort();
  rmSync(output, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [
      { in: join(source, "cli.ts"), out: "rivulet" },
      ...Object.entries(shared).map(([out, path]) => ({ in: join(source, path), out })),
      { in: sharedPackage, out: sharedPackage },
      ...names.map((name) => ({ in: join(source, "commands", `${name}.ts`), out: name })),
    ],
    outdir: output,
    outExtension: { ".js": ".cjs" },
    bundle: true,
    format: "cjs",
    platform: "node",
    target: "node20",
    external: [...optional, "serialport/package.json"],
    // Node then never starts its loader of ES modules.
    supported: { "dynamic-import": false },
    // The text of a program stays in memory for as long as it runs.
    minify: true,
    sourcemap: withMaps ? "external" : false,
    legalComments: "none",
    logLevel: "warning",
    metafile: true,
    plugins: [separateCommands(names), sharedModules(source), ownAddresses(source), lean.plugin],
  });
  const read = Object.keys(metafile.inputs);
  mkdirSync(output, { recursive: true });
  writeFileSync(
    join(output, "THIRD-PARTY.txt"),
    thirdParties(
      root,
      read.filter((path) => !lean.replaced.has(join(root, path))),
    ),
  );
  return read;
}

/** The table of commands loads each as the file it is bundled into. */
function separateCommands(names: string[]): Plugin {
  return {
    name: "separate commands",
    setup({ onResolve }) {
      onResolve({ filter: /^\.\.\/[\w-]+\.ts$/ }, ({ path, kind }) => {
        const name = basename(path, ".ts");
        if (kind !== "dynamic-import" || !names.includes(name)) return undefined;
        return { path: `./${name}.cjs`, external: true };
      });
    },
  };
}

function sharedModules(source: string): Plugin {
  return {
    name: "shared modules",
    setup({ onResolve }) {
      const files = Object.values(shared).map((path) => basename(path));
      onResolve({ filter: new RegExp(`/(${files.join("|")})$`) }, ({ path, kind, resolveDir }) => {
        const module = relative(source, join(resolveDir, path));
        const name = Object.keys(shared).find((each) => shared[each] === module);
        if (name === undefined || kind === "entry-point") return undefined;
        return { path: `./${name}.cjs`, external: true };
      });
      onResolve({ filter: new RegExp(`^${sharedPackage}$`) }, ({ kind }) =>
        kind === "entry-point" ? undefined : { path: `./${sharedPackage}.cjs`, external: true },
      );
    },
  };
}

/** A module that asks for its own address gets that of its compiled form, so that files are found from there. */
function ownAddresses(source: string): Plugin {
  return {
    name: "own addresses",
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        if (!path.startsWith(source)) return undefined;
        const contents = readFileSync(path, "utf8");
        if (!contents.includes("import.meta.url")) return undefined;
        const compiled = join("..", relative(source, path).replace(/\.ts$/, ".js"));
        const own = `require("node:path").join(__dirname, ${JSON.stringify(compiled)})`;
        const address = `require("node:url").pathToFileURL(${own}).href`;
        return { contents: contents.replaceAll("import.meta.url", address), loader: "ts" };
      });
    },
  };
}

/**
 * `serialport` without what Rivulet does not use: its streams and parsers, its mock, listing ports, for which it loads
 * child processes and sockets, and tracing. The native part stays in its package, which knows the build for each machine.
 * `replaced`: the files that are not in the bundle, or not as their package has them.
 */
function leanSerialPort(): { plugin: Plugin; replaced: ReadonlySet<string> } {
  const replaced = new Set<string>();
  function setup({ onLoad }: PluginBuild): void {
    const replace = (filter: RegExp, contents: string) =>
      onLoad({ filter }, ({ path }) => {
        replaced.add(path);
        return { contents, loader: "js" };
      });
    replace(/node_modules[/\\]serialport[/\\]dist[/\\]serialport-mock\.js$/, "");
    replace(/node_modules[/\\]@serialport[/\\]parser-[\w-]+[/\\]dist[/\\]index\.js$/, "");
    replace(
      /node_modules[/\\]@serialport[/\\]stream[/\\]dist[/\\]index\.js$/,
      "exports.SerialPortStream = class {};",
    );
    replace(
      /bindings-cpp[/\\]dist[/\\]serialport-bindings\.js$/,
      `const { dirname } = require("node:path");
       const paths = [dirname(require.resolve("serialport/package.json"))];
       const manifest = require.resolve("@serialport/bindings-cpp/package.json", { paths });
       exports.binding = require("node-gyp-build")(dirname(manifest));`,
    );
    replace(/bindings-cpp[/\\]dist[/\\]linux-list\.js$/, "exports.linuxList = async () => [];");
    replace(/node_modules[/\\]debug[/\\]src[/\\]index\.js$/, "module.exports = () => () => {};");
  }
  return { plugin: { name: "lean serial port", setup }, replaced };
}
