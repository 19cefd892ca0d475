/**
 * The command line as few files in `dist/bin`: `rivulet.cjs`, and one for each command, which it loads when asked, with
 * all that it needs. A board pays for every module: for the daemon on Node 20 one file takes 8 MB less than the modules
 * it is made of, and CommonJS 2 MB less than an ES module, for which Node starts its second loader.
 *
 * The library stays as TypeScript writes it, module by module.
 */
import { readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";

/** Installed beside Rivulet by those who run the demonstration; no device loads them. */
const optional = ["@lydell/node-pty", "avr8js"];

/** Modules that all files share, because a class of errors, and what became of the output, must be one for all. */
const shared = ["errors/errors.js", "machine/output.js"];

/** Bundles what the compiler has written to `dist`. */
export async function bundleCommands(root: string): Promise<void> {
  const dist = join(root, "dist");
  const table = (await import(pathToFileURL(join(dist, "commands/command-line/table.js")).href)) as {
    commands: { name: string }[];
  };
  const commands = table.commands.map(({ name }) => name);
  await build({
    entryPoints: [
      { in: join(dist, "cli.js"), out: "rivulet" },
      ...shared.map((path) => ({ in: join(dist, path), out: basename(path, ".js") })),
      ...commands.map((name) => ({ in: join(dist, "commands", `${name}.js`), out: name })),
    ],
    outdir: join(dist, "bin"),
    outExtension: { ".js": ".cjs" },
    bundle: true,
    format: "cjs",
    platform: "node",
    target: "node20",
    external: [...optional, "@serialport/bindings-cpp/package.json"],
    // Node then never starts its loader of ES modules.
    supported: { "dynamic-import": false },
    // The text of a program stays in memory for as long as it runs. The maps, which nothing loads, give a stack in a
    // report its names back.
    minify: true,
    sourcemap: "external",
    legalComments: "none",
    logLevel: "warning",
    plugins: [separateCommands(commands), sharedModules(dist), ownAddresses(dist), leanSerialPort],
  });
}

/** The table of commands loads each as the file it is bundled into. */
function separateCommands(commands: string[]): Plugin {
  return {
    name: "separate commands",
    setup({ onResolve }) {
      onResolve({ filter: /^\.\.\/[\w-]+\.js$/ }, ({ path, kind }) => {
        const name = basename(path, ".js");
        if (kind !== "dynamic-import" || !commands.includes(name)) return undefined;
        return { path: `./${name}.cjs`, external: true };
      });
    },
  };
}

function sharedModules(dist: string): Plugin {
  return {
    name: "shared modules",
    setup({ onResolve }) {
      const names = shared.map((path) => basename(path)).join("|");
      onResolve({ filter: new RegExp(`/(${names})$`) }, ({ path, kind, resolveDir }) => {
        const isShared = shared.some((module) => join(resolveDir, path) === join(dist, module));
        if (!isShared || kind === "entry-point") return undefined;
        return { path: `./${basename(path, ".js")}.cjs`, external: true };
      });
    },
  };
}

/** A module that asks for its own address gets that of the module it was, so that files are found from there. */
function ownAddresses(dist: string): Plugin {
  return {
    name: "own addresses",
    setup({ onLoad }) {
      onLoad({ filter: /\.js$/ }, ({ path }) => {
        if (!path.startsWith(dist)) return undefined;
        const contents = readFileSync(path, "utf8");
        if (!contents.includes("import.meta.url")) return undefined;
        const own = `require("node:path").join(__dirname, ${JSON.stringify(join("..", relative(dist, path)))})`;
        const address = `require("node:url").pathToFileURL(${own}).href`;
        return { contents: contents.replaceAll("import.meta.url", address), loader: "js" };
      });
    },
  };
}

/**
 * The bindings of serialport without what Rivulet does not use: listing ports, for which they load child processes and
 * sockets, and tracing. The native part stays in its package, which knows the build for each machine.
 */
const leanSerialPort: Plugin = {
  name: "lean serial port",
  setup({ onLoad }) {
    const replace = (filter: RegExp, contents: string) =>
      onLoad({ filter }, () => ({ contents, loader: "js" }));
    replace(
      /bindings-cpp[/\\]dist[/\\]serialport-bindings\.js$/,
      `const { dirname } = require("node:path");
       const manifest = require.resolve("@serialport/bindings-cpp/package.json");
       exports.binding = require("node-gyp-build")(dirname(manifest));`,
    );
    replace(/bindings-cpp[/\\]dist[/\\]linux-list\.js$/, "exports.linuxList = async () => [];");
    replace(/node_modules[/\\]debug[/\\]src[/\\]index\.js$/, "module.exports = () => () => {};");
  },
};
