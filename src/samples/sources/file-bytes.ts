import type { FileHandle } from "node:fs/promises";
import { RivuletError } from "../../errors/errors.ts";
import { reasonOf } from "../../errors/system-error.ts";

const chunkBytes = 1 << 17;
/** Bytes of the first chunk, which readers look at to recognize what a file holds. */
const firstBytes = 1 << 16;

/**
 * Reads the bytes of a file in chunks, and decompresses gzip, which it recognizes by content. All chunks share one
 * buffer, so a chunk is valid until the next one: a stream would allocate a new buffer for each.
 *
 * @throws RivuletError `data.unreadable` when the file cannot be read, or is damaged gzip
 */
export async function* readBytes(path: string): AsyncGenerator<Uint8Array> {
  try {
    const { open } = await import("node:fs/promises"); // loading it takes a megabyte
    const file = await open(path);
    try {
      // No Buffer: a decoder holds the beginning of a line in a Uint8Array, and V8 is fast on one of the two.
      const buffer = new Uint8Array(chunkBytes);
      let { bytesRead } = await file.read(buffer, 0, firstBytes, null);
      if (bytesRead >= 2 && buffer[0] === 0x1f && buffer[1] === 0x8b) {
        yield* await unzip(file, buffer.subarray(0, bytesRead));
        return;
      }
      while (bytesRead > 0) {
        yield buffer.subarray(0, bytesRead);
        ({ bytesRead } = await file.read(buffer, 0, chunkBytes, null));
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    throw describeReadFailure(path, error);
  }
}

/**
 * Refuses a pipe: a daemon that opens one that nobody writes to could not even end. A file that is not there is refused
 * where it is read.
 *
 * @throws RivuletError `data.unreadable`
 */
export async function requireRegularFile(path: string): Promise<void> {
  const { stat } = await import("node:fs/promises");
  const isOther = await stat(path).then(
    (found) => !found.isFile(),
    () => false,
  );
  if (!isOther) return;
  throw new RivuletError(
    "data.unreadable",
    `${path} is not a regular file, expected one; copy its content to a file and name that, or read it with source: { stdin: true }`,
  );
}

/** Returns the decompressed bytes of a gzip file whose beginning was read already. */
async function unzip(file: FileHandle, beginning: Uint8Array): Promise<AsyncIterable<Uint8Array>> {
  // Loaded here, because plain files do not need this memory.
  const { createGunzip } = await import("node:zlib");
  const { pipeline } = await import("node:stream");
  const rest = file.createReadStream({ highWaterMark: chunkBytes });
  rest.unshift(beginning);
  // The loop receives every error through the last stream, and leaving the loop closes all streams.
  return pipeline(rest, createGunzip({ chunkSize: chunkBytes }), () => {});
}

function describeReadFailure(path: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  return new RivuletError(
    "data.unreadable",
    code.startsWith("Z_")
      ? `${path} is a damaged gzip file (${message}); copy or compress it again`
      : `${path} cannot be read: ${reasonOf(error)}`,
    { cause: error },
  );
}
