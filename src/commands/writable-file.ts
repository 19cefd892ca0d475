import { accessSync, constants, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { diskError } from "../checkpoint/disk-error.ts";
import { RivuletError } from "../errors.ts";

/**
 * Makes sure, before hours of training, that the file a user named can be written in the end, as far as that can be
 * known. `failure` begins the message, such as `cannot write page.html`.
 * @throws RivuletError where it is a folder, or its folder cannot be written to
 */
export function requireWritable(path: string, failure: string): void {
  const folder = dirname(resolve(path));
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw diskError(error, failure, folder);
  }
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new RivuletError(`${failure}: it is a folder; name a file in it`);
  }
}
