import { accessSync, constants, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { diskError } from "../../checkpoint/disk-error.ts";
import { RivuletError } from "../../errors/errors.ts";

/**
 * Makes sure, before hours of training, that the file a user named can be written in the end, as far as that can be
 * known. `failure` begins the message, such as `cannot write page.html`.
 * @throws RivuletError where it is no file, or its folder cannot be written to
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
  // The file takes the place of what has its name, and /dev/null is to stay what it is.
  if (found?.isFile() === false) {
    throw new RivuletError("file.unsuitable", `${failure}: a device or a pipe has that name; name a file`);
  }
}
