/** What the bundles of the command line contain of other people's work, with the licences that ask to be kept. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * A text that names each package of which a file is among `inputs`, with its version and licence.
 *
 * @param root the folder that `inputs` are relative to
 * @throws Error where a package comes without the text of its licence
 */
export function thirdParties(root: string, inputs: readonly string[]): string {
  const folders = new Set(
    inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  );
  const entries = [...folders].map((folder) => {
    const manifest = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as Manifest;
    const file = readdirSync(join(root, folder)).find((name) => /^licen[cs]e/i.test(name));
    if (file === undefined) throw new Error(`found no licence in ${folder}, which the command line contains`);
    const text = readFileSync(join(root, folder, file), "utf8").trim();
    return `${manifest.name} ${manifest.version} (${manifest.license})\n\n${text}\n`;
  });
  const head = "The files beside this one contain parts of these packages.\n";
  return [head, ...entries.sort()].join(`\n${"-".repeat(80)}\n\n`);
}

interface Manifest {
  name: string;
  version: string;
  license: string;
}
