/** SHA-256 of files that are looked at again and again, read only where the file system says that they have changed. */
import { readFileSync, statSync } from "node:fs";
import { sha256Of } from "../../../src/sync/signature.ts";

export class DigestedFiles {
  readonly #known = new Map<string, { mark: string; digest: string }>();

  /** @throws where there is no such file */
  digestOf(path: string): string {
    // Whoever writes to a file, or puts another in its place, changes one of these.
    const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    const mark = `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
    const known = this.#known.get(path);
    if (known?.mark === mark) return known.digest;
    const digest = sha256Of(readFileSync(path));
    this.#known.set(path, { mark, digest });
    return digest;
  }
}
