import { accessSync, constants, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { diskError } from "../../checkpoint/disk-error.ts";
import { RivuletError } from "../../errors/errors.ts";

/**
 * Checks, before hours of training, that the file a user named can be written later, as far as that can be known.
 * `failure` begins the message, such as `cannot write page.html`.
 * @throws RivuletError where it is not a regular file, or its folder is not writable
 */
export function requireWritable(path: string, failure: string): void {
  const folder = dirname(resolve(path));
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw diskError(error, failure, folder);
  }
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory())
    throw new RivuletError("file.unsuitable", `${failure}: it is a folder; name a file in it`);
  // Writing replaces what has the name, and /dev/null must not be replaced.
  if (found?.isFile() === false) {
    throw new RivuletError("file.unsuitable", `${failure}: a device or a pipe has that name; name a file`);
  }
}
