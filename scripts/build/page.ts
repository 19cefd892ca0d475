/**
 * The status page as few files in `dist/page`, each packed with gzip as the server sends them: the page, its style, and
 * its script with the library that draws the curves.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, transformSync } from "esbuild";
import { thirdParties } from "./third-party.ts";

/** Bundles the page from its sources. */
export async function bundlePage(root: string): Promise<undefined> {
  const source = join(root, "src/page");
  const output = join(root, "dist/page");
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [join(source, "main.ts")],
    bundle: true,
    write: false,
    format: "iife",
    target: "es2022",
    minify: true,
    legalComments: "none",
    logLevel: "warning",
    metafile: true,
  });
  const style = [join(root, "node_modules/uplot/dist/uPlot.min.css"), join(source, "page.css")]
    .map((path) => readFileSync(path, "utf8"))
    .join("\n");
  const html = readFileSync(join(source, "index.html"), "utf8");
  const files = {
    "index.html": html,
    "page.js": outputFiles[0].text,
    "page.css": transformSync(style, { loader: "css", minify: true }).code,
    "icon.svg": readFileSync(join(source, "icon.svg"), "utf8"),
  };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(output, `${name}.gz`), gzipSync(text, { level: 9 }));
  }
  writeFileSync(join(output, "THIRD-PARTY.txt"), thirdParties(root, Object.keys(metafile.inputs)));
  return undefined;
}
