import type { FileHandle } from "node:fs/promises";
import { RivuletError } from "../../errors/errors.ts";
import { reasonOf } from "../../errors/system-error.ts";

const chunkBytes = 1 << 16;

/**
 * The bytes of a file, unpacked when they are gzipped, whatever the file is called. A chunk lasts until the next one:
 * reading into one buffer keeps the memory flat, where a stream would leave a new one behind each time.
 */
export async function* readBytes(path: string): AsyncGenerator<Buffer> {
  try {
    const { open } = await import("node:fs/promises"); // loading it takes a megabyte
    const file = await open(path);
    try {
      const buffer = Buffer.alloc(chunkBytes);
      let { bytesRead } = await file.read(buffer, 0, chunkBytes, null);
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

/** The unpacked bytes of a gzipped file of which the beginning was read already. */
async function unzip(file: FileHandle, beginning: Buffer): Promise<AsyncIterable<Buffer>> {
  // Loaded here, because a board whose files are plain need not spend the memory.
  const { createGunzip } = await import("node:zlib");
  const { pipeline } = await import("node:stream");
  const rest = file.createReadStream({ highWaterMark: chunkBytes });
  rest.unshift(beginning);
  // Whoever iterates is told of every error through the last stream, and leaving the loop closes them all.
  return pipeline(rest, createGunzip({ chunkSize: chunkBytes }), () => {});
}

function describeReadFailure(path: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  return new RivuletError(
    "data.unreadable",
    code.startsWith("Z_")
      ? `${path} is a damaged gzip file (${message}): copy or compress it again`
      : `${path} cannot be read: ${reasonOf(error)}`,
    { cause: error },
  );
}
