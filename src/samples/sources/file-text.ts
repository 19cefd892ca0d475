/** Reads the bytes of a text file, of UTF-16 as UTF-8. */
import { readBytes } from "./file-bytes.ts";
import { refuseForeignFormat } from "./file-format.ts";

/**
 * Reads a text file in chunks, plain or gzipped. Text in UTF-16, which its byte order mark tells, becomes UTF-8; any
 * other is passed on as it is. A chunk is valid until the next one.
 *
 * @throws RivuletError `data.unreadable` when the file cannot be read, is damaged gzip, or of a format that is no text
 */
export async function* readText(path: string): AsyncGenerator<Uint8Array> {
  let recode: ((chunk: Uint8Array) => Uint8Array) | undefined;
  for await (const chunk of readBytes(path)) {
    if (recode === undefined) {
      refuseForeignFormat(path, chunk);
      recode = recoderFor(chunk);
    }
    yield recode(chunk);
  }
}

/** Makes UTF-8 of the beginning of a text, if it is UTF-16. */
export const asUtf8 = (bytes: Uint8Array) => recoderFor(bytes)(bytes);

/** Returns what makes UTF-8 of a text's chunks, by its first bytes. */
function recoderFor([first, second]: Uint8Array): (chunk: Uint8Array) => Uint8Array {
  const isLittle = first === 0xff && second === 0xfe;
  if (!isLittle && !(first === 0xfe && second === 0xff)) return (chunk) => chunk;
  const decoder = new TextDecoder(isLittle ? "utf-16le" : "utf-16be");
  return (chunk) => Buffer.from(decoder.decode(chunk, { stream: true }));
}
