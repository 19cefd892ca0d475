/** The files of the page, as the build packs them beside the program: read when asked for, and not kept. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** A file of the page; `encoding` is null where it is not packed. */
export interface PageFile {
  type: string;
  bytes: Uint8Array;
  encoding: "gzip" | null;
}

const files: Record<string, { name: string; type: string }> = {
  "/": { name: "index.html", type: "text/html; charset=utf-8" },
  "/page.js": { name: "page.js", type: "text/javascript; charset=utf-8" },
  "/page.css": { name: "page.css", type: "text/css; charset=utf-8" },
  "/icon.svg": { name: "icon.svg", type: "image/svg+xml" },
};

/** The file at a path, or null where the page has none there; unpacked for a client that takes no gzip. */
export async function pageFile(path: string, accepted = ""): Promise<PageFile | null> {
  if (!Object.hasOwn(files, path)) return null;
  const { name, type } = files[path];
  const packed = await readFile(fileURLToPath(new URL(`../page/${name}.gz`, import.meta.url)));
  if (/\bgzip\b/.test(accepted)) return { type, bytes: packed, encoding: "gzip" };
  const { gunzipSync } = await import("node:zlib");
  return { type, bytes: gunzipSync(packed), encoding: null };
}
