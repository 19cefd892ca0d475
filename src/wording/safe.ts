/**
 * Makes text from outside safe to print. Names in a config, paths, what a device sends: any of them may hold escape
 * sequences, which move the cursor of a terminal, line ends, which forge a line of a log, and marks that turn the order
 * of the letters around.
 */

/** Control and format characters, line and paragraph separators, and halves of a surrogate pair. */
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
/** The same, except for the line feed. */
const unsafeInLines = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

const short: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Writes a character as it stands in a string of JavaScript: `\n`, `\x1b`, `\u202e`, `\u{e0001}`. */
function escaped(character: string): string {
  const code = character.codePointAt(0) as number;
  const digits = code.toString(16);
  if (code < 0x100) return short[character] ?? `\\x${digits.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${digits.padStart(4, "0")}` : `\\u{${digits}}`;
}

/** Makes a text safe to print within a line: characters that do more than show themselves become escapes. */
export function safe(text: string): string {
  return text.replace(unsafe, escaped);
}

/** Makes a text of several lines safe to print: as `safe`, but its line feeds stay. */
export function safeLines(text: string): string {
  return text.replace(unsafeInLines, escaped);
}

/** Writes a value as JSON on one line, which is safe to print and has the same value. */
export function safeJson(value: unknown): string {
  return JSON.stringify(value).replace(unsafe, (character) => {
    const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
  });
}

/** Longest beginning of a value that is shown, in characters. */
const shownCharacters = 80;

/** Shows the beginning of any value that a program or a config passed, for a sentence. Never fails. */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "function") return `the function ${value.name}, which is not called`;
  if (typeof value !== "object" && typeof value !== "string") return String(value);
  const text = jsonOf(value);
  return safe(text.length > shownCharacters ? `${text.slice(0, shownCharacters)}...` : text);
}

/** Writes a value as JSON; what JSON cannot hold, such as a circle, only by its kind. */
function jsonOf(value: object | string | null): string {
  try {
    return JSON.stringify(value) ?? "an object";
  } catch {
    return Array.isArray(value) ? "a list" : "an object";
  }
}

/** Longest beginning of a line or frame that is shown, in bytes. */
const shownBytes = 60;
/** Share of printable bytes from which bytes are shown as text. */
const mostlyText = 0.7;

/**
 * Shows the beginning of bytes from a device, for a sentence: as text between quotes where most of them are printable,
 * as hexadecimal numbers otherwise.
 *
 * @param total length of the line or frame of which these bytes are the beginning
 */
export function shownBytesOf(bytes: Uint8Array, total = bytes.length): string {
  const shown = bytes.subarray(0, shownBytes);
  let printable = 0;
  for (const byte of shown) if ((byte >= 0x20 && byte !== 0x7f) || byte === 0x09) printable++;
  const rest = total > shown.length ? ` and ${total - shown.length} more bytes` : "";
  if (printable < mostlyText * shown.length) {
    return `${Array.from(shown, (byte) => byte.toString(16).padStart(2, "0")).join(" ")}${rest}`;
  }
  return `"${safe(new TextDecoder("utf-8", { ignoreBOM: true }).decode(shown))}"${rest}`;
}
