/** Decodes bytes of text. */

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Decodes `bytes[start..end)` as UTF-8, or as Latin-1 where it is no UTF-8. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  const part = bytes.subarray(start, end);
  const text = utf8.decode(part);
  return text.includes("\uFFFD") ? Buffer.from(part).toString("latin1") : text;
}
