/**
 * Replies as lines. A line is one of
 *
 *     prediction,CLASS,PROBABILITY,SEQUENCE      prediction,NUMBER,SEQUENCE      where a number is predicted
 *     score,ACCURACY,BASELINE,SEQUENCE           score,ERROR,BASELINE,SEQUENCE   likewise
 *     alarm,ON,CLASS,PROBABILITY,SEQUENCE        alarm,ON,DEVIATIONS,SEQUENCE    likewise, of an anomaly
 *
 * ended by `\n`, with shares to four decimals and other numbers to seven digits. As lines carry no sequence number, it
 * is the count of the good ones before the one that is answered. A class is its number, or its word where it has one.
 */
import { comma, lineFeed } from "./ascii.ts";
import { writeDecimal } from "./decimal.ts";
import { type ReplyEncoder, type ReplyKind, replyAt, replyKinds } from "./replies.ts";

/** Bytes of the longest first word, a class and four numbers of at most 24 bytes, with their separators. */
const longestLineBytes = 256;
/** Longest word of a class, in bytes; a longer one, and one with a separator, is sent as its number. */
const longestClass = 64;

/** First bytes of each kind of reply. */
const words: Record<ReplyKind, Uint8Array> = {
  prediction: new TextEncoder().encode("prediction,"),
  score: new TextEncoder().encode("score,"),
  alarm: new TextEncoder().encode("alarm,"),
};

/**
 * Creates an encoder of replies as lines.
 *
 * @param ofClasses a class is predicted, not a number
 * @param classNames the words of the classes; the list may grow
 */
export function createLineReplies(ofClasses: boolean, classNames: readonly string[] = []): ReplyEncoder {
  const content = new Float64Array(6);
  const bytes = new Uint8Array(longestLineBytes);
  let end = 0;

  function add(at: number, digits: number, places: number): void {
    end = writeDecimal(content, at, digits, places, bytes, end);
    bytes[end++] = comma;
  }
  const addWhole = (at: number) => add(at, 15, 0);
  let encoded: (Uint8Array | null)[] = [];
  const addClass = () => {
    if (encoded.length !== classNames.length) encoded = classNames.map(wordBytes);
    const word = encoded[content[replyAt.class]] ?? null;
    if (word === null) {
      addWhole(replyAt.class);
      return;
    }
    bytes.set(word, end);
    end += word.length;
    bytes[end++] = comma;
  };
  const addValue = (at: number) => (ofClasses ? add(at, 4, 4) : add(at, 7, 12));

  return {
    content,
    bytes,
    opening: Uint8Array.of(lineFeed),
    encode(kind) {
      bytes.set(words[kind]);
      end = words[kind].length;
      if (kind === "alarm") addWhole(replyAt.on);
      if (kind !== "score" && ofClasses) addClass();
      addValue(replyAt.value);
      if (kind === "score") addValue(replyAt.baseline);
      addWhole(replyAt.sequence);
      bytes[end - 1] = lineFeed;
      return end;
    },
  };
}

/** The bytes of a class; null where it cannot stand in a line. */
function wordBytes(name: string): Uint8Array | null {
  const bytes = new TextEncoder().encode(name);
  return bytes.length > longestClass || /[,\p{Cc}]/u.test(name) ? null : bytes;
}

/** Whether a line begins like a reply. */
export function isReply(line: Uint8Array, start: number, end: number): boolean {
  for (let kind = 0; kind < replyKinds.length; kind++) {
    const word = words[replyKinds[kind]];
    if (end - start < word.length) continue;
    let length = 0;
    while (length < word.length && line[start + length] === word[length]) length++;
    if (length === word.length) return true;
  }
  return false;
}
