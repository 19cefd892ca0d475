/** The version of the package that runs. */
import { readFileSync } from "node:fs";

/** Version of Rivulet, as its package.json has it. */
export function rivuletVersion(): string {
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
