import { fileURLToPath } from "node:url";
import { compileScripts } from "../compile.ts";

/** Compiles `child.ts`, of which hundreds are started. */
export function compileChild(): { path: string; remove: () => void } {
  const { paths, remove } = compileScripts(fileURLToPath(new URL("./child.ts", import.meta.url)));
  return { path: paths[0], remove };
}
