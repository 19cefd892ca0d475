/**
 * The command line as few files in `dist/bin`: `rivulet.cjs`, and one for each command, which it loads when asked, with
 * all that it needs. A board pays for every module: for the daemon on Node 20 one file takes 8 MB less than the modules
 * it is made of, and CommonJS 2 MB less than an ES module, for which Node starts its second loader.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { type BuildOptions, build, type Metafile, type Plugin, type PluginBuild } from "esbuild";
import { commands } from "../../src/commands/command-line/table.ts";
import { entryOf, exportsBelow, isMade, type Part, requireStair, separateParts } from "./parts.ts";
import { thirdParties } from "./third-party.ts";

/** Installed beside Rivulet by those who run the demonstration; no device loads them. */
const optional = ["@lydell/node-pty", "avr8js", "mqtt"];

/** What all files share: a class of errors, and what became of the output, must be one for all. */
const base: Part[] = [
  { name: "errors", holds: ["errors/errors.ts", "errors/system-error.ts", "wording/safe.ts"] },
  { name: "output", holds: ["machine/output.ts"] },
  { name: "kernels", load: "at first use", holds: ["engine/kernels/binary.js"] },
  { name: "yaml", load: "at first use", package: "yaml" },
];

/**
 * What several commands hold beside that. The daemon has its own of all of these, in one file, of which the bundler
 * leaves out what the daemon does not use.
 */
const rooms: Part[] = [
  {
    name: "wording",
    holds: [
      "wording/",
      "state-check.ts",
      "whole-row.ts",
      "setting.ts",
      "logarithm.ts",
      "commands/terminal/text-table.ts",
    ],
  },
  // What opens, reads and writes a file.
  {
    name: "files",
    holds: [
      ...["checkpoint/disk-error.ts", "checkpoint/durable-file.ts", "machine/regular-file.ts"],
      ...["file-bytes.ts", "file-format.ts", "file-text.ts"].map((path) => `samples/sources/${path}`),
      "commands/command-line/writable-file.ts",
    ],
  },
  {
    name: "planning",
    holds: [
      ...["model/", "planning/", "layers/", "losses/", "optimizers/"].map((path) => `engine/${path}`),
      ...["operation.ts", "task-queue.ts"].map((path) => `engine/kernels/${path}`),
      "features/",
      ...[
        "learner-features.ts",
        "learner-options.ts",
        "model.ts",
        "target.ts",
        "forecast/forecast-features.ts",
      ].map((path) => `learner/${path}`),
    ],
  },
  { name: "engine", load: "at first use", holds: ["engine/running/", "engine/kernels/"] },
  { name: "learner", load: "at first use", holds: ["learner/"] },
  {
    name: "samples",
    holds: ["decoding/", "framings/", "ring.ts", "sample-clock.ts", "sample-validator.ts"].map(
      (path) => `samples/${path}`,
    ),
  },
  // For sniff and record; the demo has a daemon, which says what is wrong with a stream.
  { name: "recognition", load: "at first use", holds: ["samples/recognition/"] },
  { name: "recordings", load: "at first use", holds: ["recording/"] },
  // What reads a config, and its keys for rivulet sync, which runs every hour beside a daemon.
  {
    name: "syncpart",
    holds: [
      "sync-part.ts",
      "sync-schema.ts",
      "checkpoint-config.ts",
      "config-errors.ts",
      "document.ts",
      "document-limits.ts",
      "schema.ts",
    ].map((path) => `config/${path}`),
  },
  // To check a config takes no source.
  { name: "configuration", holds: ["config/"], except: ["config/sources/"] },
  {
    name: "messagepack",
    load: "at first use",
    holds: ["checkpoint/messagepack.ts", "checkpoint/message-structure.ts"],
  },
  { name: "checkpoint", load: "at first use", holds: ["checkpoint/"] },
  { name: "continuing", load: "at first use", holds: ["continuing/"] },
  { name: "signing", load: "at first use", holds: ["sync/signature.ts"] },
  {
    name: "storage",
    load: "at first use",
    holds: [
      ...["object-store.ts", "store-request.ts", "http-exchange.ts", "transmit-queue.ts"],
      "credentials.ts",
    ].map((path) => `sync/client/${path}`),
  },
  // Loaded for https only.
  { name: "secure", holds: ["sync/client/secure-agent.ts"] },
  { name: "charts", load: "at first use", holds: ["commands/charts/"] },
  // From a config to what it describes.
  {
    name: "configured",
    holds: [
      "configured-learner.ts",
      "plan-config.ts",
      "plan-daemon.ts",
      "plan-labels.ts",
      "plan-anomaly.ts",
    ].map((path) => `config/${path}`),
  },
  { name: "data", holds: ["library/data-files.ts"] },
  { name: "framed", holds: ["commands/data/data-file.ts", "commands/data/framed-file.ts"] },
  { name: "scores", holds: ["commands/results/scores.ts", "daemon/quality.ts"] },
  {
    name: "rows",
    holds: [
      ...["dataset.ts", "feature-rows.ts", "training-rows.ts", "usable-rows.ts"].map(
        (path) => `training/${path}`,
      ),
      ...["commands/data/file-task.ts", "commands/data/validated-rows.ts"],
      ...["page-file.ts", "save-checkpoint.ts", "score-parts.ts"].map((path) => `commands/results/${path}`),
    ],
  },
  { name: "watches", load: "at first use", holds: ["daemon/anomaly-watch.ts", "daemon/drift-watch.ts"] },
  {
    name: "portlist",
    holds: ["samples/ports/port-survey.ts", "samples/ports/ports.ts", "machine/groups.ts"],
  },
  {
    name: "sources",
    holds: [
      "samples/sources/",
      ...[
        "configured-source.ts",
        "watched-decoder.ts",
        "sample-reader.ts",
        "reception.ts",
        "file-times.ts",
      ].map((path) => `daemon/${path}`),
    ],
  },
  // A running daemon, asked over HTTP.
  { name: "live", holds: ["commands/live/", "daemon/labels/label-request.ts", "status/token.ts"] },
  { name: "folder", holds: ["sync/host/object-folder.ts", "sync/client/signing-key.ts"] },
  { name: "serialport", package: "serialport" },
];

/** The daemon is the only command for which each kilobyte counts for months. */
const daemon = "run";

/**
 * Bundles the command line from its sources.
 * @returns the files that it read, relative to `root`
 */
export async function bundleCommands(root: string, withMaps: boolean): Promise<string[]> {
  const source = join(root, "src");
  const output = join(root, "dist/bin");
  const names = commands.map(({ name }) => name);
  const lean = leanSerialPort();
  const parts = [...base, ...rooms];
  requireOwnNames(parts, names);
  rmSync(output, { recursive: true, force: true });
  const shared = optionsOf(root, output, withMaps);
  const bundle = async (entryPoints: ReturnType<typeof entryOf>[], separated: Plugin): Promise<Metafile> => {
    const plugins = [separateCommands(names), separated, ownAddresses(source), lean.plugin];
    return (await build({ ...shared, metafile: true, entryPoints, plugins })).metafile;
  };
  const command = (name: string) => ({ in: join(source, "commands", `${name}.ts`), out: name });
  const exportsOf = await exportsBelow(source);
  const few = separateParts(source, exportsOf, base);
  const all = separateParts(source, exportsOf, parts);
  const metafiles = await Promise.all([
    bundle([{ in: join(source, "cli.ts"), out: "rivulet" }, command(daemon)], few(null)),
    bundle(names.filter((name) => name !== daemon).map(command), all(null)),
    ...parts.map((part) => bundle([entryOf(part)], all(part.name))),
  ]);
  requireStair(importsOf(metafiles));
  for (const name of readdirSync(output)) escapeBeyondAscii(join(output, name));
  const late = parts.filter(({ load }) => load !== undefined).map(({ name }) => name);
  loadAtFirstUse(output, late);
  const inputs = new Set(metafiles.flatMap((metafile) => Object.keys(metafile.inputs)));
  const read = [...inputs].filter((input) => !isMade(input));
  const packed = read.filter((path) => !lean.replaced.has(join(root, path)));
  writeFileSync(join(output, "THIRD-PARTY.txt"), thirdParties(root, packed));
  return read;
}

/** Requires that no part has the name of a command: both are a file in `dist/bin`. */
function requireOwnNames(parts: Part[], commandNames: string[]): void {
  const both = parts.find(({ name }) => commandNames.includes(name));
  if (both)
    throw new Error(
      `${both.name} is a command and a part of the command line; rename the part in scripts/build/bundle.ts`,
    );
}

/** What the builds of all files have in common. */
function optionsOf(root: string, output: string, withMaps: boolean): BuildOptions {
  return {
    absWorkingDir: root,
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
    // A part hands out its exports so.
    logOverride: { "commonjs-variable-in-esm": "silent" },
  };
}

/**
 * V8 holds a program's text for as long as it runs, with two bytes for every character where one of them is no ASCII.
 * The bundler escapes those in strings and leaves them in regular expressions.
 */
function escapeBeyondAscii(path: string): void {
  const text = readFileSync(path, "utf8");
  const escaped = text.replace(
    /[\u0080-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  if (escaped !== text) writeFileSync(path, escaped);
}

/** A process that is still there after this time loads the rest, as an update may move these files away while it runs. */
const longestUnloadedMs = 5000;

/**
 * Makes the files of commands load these parts when they first use one of their exports: compiling what is not used
 * takes half of the time of a short command. The daemon uses all that it loads.
 */
function loadAtFirstUse(folder: string, parts: string[]): void {
  const later = `module.exports=p=>{let m;const load=()=>m??=require(p);setTimeout(load,${longestUnloadedMs}).unref();return new Proxy({},{get:(_,name)=>load()[name]})};\n`;
  const required = new RegExp(`=require\\(("\\./(?:${parts.join("|")})\\.cjs")\\)`, "g");
  for (const name of readdirSync(folder)) {
    if (!name.endsWith(".cjs") || ["rivulet.cjs", `${daemon}.cjs`].includes(name)) continue;
    const text = readFileSync(join(folder, name), "utf8");
    writeFileSync(join(folder, name), text.replace(required, '=require("./later.cjs")($1)'));
  }
  writeFileSync(join(folder, "later.cjs"), later);
}

/** What each file in `dist/bin` loads there when it is loaded. */
function importsOf(metafiles: Metafile[]): Map<string, string[]> {
  const outputs = metafiles.flatMap((metafile) => Object.entries(metafile.outputs));
  return new Map(
    outputs.map(([path, { imports }]) => [
      basename(path),
      imports.filter(({ path }) => path.endsWith(".cjs")).map(({ path }) => basename(path)),
    ]),
  );
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
