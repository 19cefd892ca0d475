/** Recognizes samples in several lines, as decoding/blocks.ts describes them, in unknown bytes. */
import type { DecoderCounts } from "../decoding/decoder.ts";
import { defineFields, isFieldName } from "../decoding/fields.ts";
import type { Framing } from "../framings/framing.ts";
import { type FramingName, framings } from "../framings/framings.ts";
import { nmeaName } from "../framings/nmea.ts";
import { SampleRing } from "../ring.ts";
import { observe } from "./observation.ts";
import type { RecognizedStream } from "./recognized-stream.ts";

/** Fewest blocks that prove a format. */
const fewestBlocks = 3;
/** Most bytes that are searched for names. */
const mostBytes = 1 << 18;
/** Share of the blocks in which a name must have a number to count as a field. */
const almostAll = 0.9;

/** A name and its value in a line, by the format's own reading. */
type Pairs = (line: string) => [name: string, value: string][];

/** The time of a telegram, its summer or winter after it: YYMMDDhhmmss is no quantity. */
const stamp = /^\d{12}[SW]$/;

const isNumber = (text: string) =>
  !stamp.test(text) && (/^\s*0x/i.test(text) ? /^\s*0x[0-9a-f]+\s*$/i.test(text) : isDecimal(text));

const isDecimal = (text: string) =>
  /^\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?(\s*[A-Za-z%*°][^\s]*)?\s*$/i.test(text);

const veDirectPairs: Pairs = (line) => {
  const [name, value] = line.split("\t");
  return value === undefined || name === "Checksum" ? [] : [[name, value]];
};

const p1Pairs: Pairs = (line) => {
  const found = /^([^(]+)\(.*?([^()]*)\)$/.exec(line);
  return found === null ? [] : [[found[1], found[2].replace(/\*.*/, "")]];
};

const teleplotPairs: Pairs = (line) => {
  const found = /^>([^:]+):([^|§]*)/.exec(line);
  return found === null ? [] : [[found[1], found[2].split(/[:;]/).at(-1) as string]];
};

const nmeaPairs: Pairs = (line) => {
  const found = /\$..([A-Z]{3}),([^*]*)\*/.exec(line);
  if (found === null) return [];
  const cells = found[2].split(",");
  return cells.map((value, index) => [nmeaName(found[1], index + 1), value]);
};

const formats = {
  "ve-direct": { mark: /^Checksum\t/, pairs: veDirectPairs },
  p1: { mark: /^![0-9A-Fa-f]{0,4}$/, pairs: p1Pairs },
  teleplot: { mark: /^>[^:]+:/, pairs: teleplotPairs },
  nmea: { mark: /\$[A-Z]{5},[^*]*\*[0-9A-F]{2}$/, pairs: nmeaPairs },
} as const;

/** Recognizes blocks of text of a known format, such as NMEA. Returns as a `Recognizer` does. */
export function recognizeFormat(
  bytes: Uint8Array,
  name: keyof typeof formats,
  startsAtLine: boolean,
): RecognizedStream | string | null {
  const { mark, pairs } = formats[name];
  const lines = linesOf(bytes);
  const marked = lines.filter((line) => mark.test(line)).length;
  if (marked < fewestBlocks) return null;
  const names = namesIn(lines.flatMap(pairs), name === "nmea" || name === "teleplot" ? null : marked);
  if (names.numeric.length === 0) return null;
  return decodeBlocks(bytes, name, names, startsAtLine, {});
}

/** Recognizes blocks of lines with one name and value each, between marks or by their first name. */
export function recognizeBlocks(bytes: Uint8Array, startsAtLine: boolean): RecognizedStream | string | null {
  const lines = linesOf(bytes).filter((line) => line !== "");
  const pairs = lines.map((line) => pairOf(line));
  const given = pairs.filter((pair) => pair !== null).length;
  if (given < 2 * fewestBlocks || 3 * given < lines.length) return null;
  const names = new Map<string, number>();
  for (const pair of pairs) if (pair !== null) names.set(pair[0], (names.get(pair[0]) ?? 0) + 1);
  const most = Math.max(...names.values());
  // Lines of one name only, or with names that hardly come again, are no blocks.
  const repeated = [...names].filter(([, count]) => count >= fewestBlocks && 2 * count >= most);
  if (repeated.length < 2) return null;
  const others = new Map<string, number>();
  for (const [index, line] of lines.entries()) {
    if (pairs[index] === null && !/[:=\t]/.test(line)) others.set(line, (others.get(line) ?? 0) + 1);
  }
  const marks = [...others]
    .filter(([, count]) => count >= fewestBlocks && count >= 0.5 * most)
    .map(([line]) => line);
  const end = marks.find((line) => !/\w/.test(line)) ?? marks.at(-1) ?? "";
  const found = namesIn(
    pairs.filter((pair) => pair !== null),
    end === "" ? null : most,
  );
  if (found.numeric.length === 0) return null;
  return decodeBlocks(bytes, "blocks", found, startsAtLine, { begin: "", end });
}

/** Longer is no name with its value: on what is longer the patterns take the square of its length. */
const longestPair = 500;

function pairOf(line: string): [name: string, value: string] | null {
  if (line.length > longestPair) return null;
  const found =
    /^([^:=\t,;{}[\]]*[A-Za-z][^:=\t,;{}[\]]*?)\s*[:=\t]\s*([^,;:=\t]*)$/.exec(line) ??
    /^([A-Za-z]\S*)\s+(\S+(?:\s+\S+)?)$/.exec(line);
  return found === null || !isNumber(found[2]) ? null : [found[1], found[2]];
}

interface Names {
  numeric: string[];
  others: string[];
}

/** The names whose values are numbers in almost every block; `blocks` null: in most turns. */
function namesIn(pairs: readonly [string, string][], blocks: number | null): Names {
  const counts = new Map<string, { numbers: number; all: number }>();
  for (const [name, value] of pairs) {
    const count = counts.get(name) ?? { numbers: 0, all: 0 };
    counts.set(name, count);
    count.all++;
    if (isNumber(value)) count.numbers++;
  }
  const most = blocks ?? Math.max(...[...counts.values()].map(({ numbers }) => numbers));
  const numeric = [...counts]
    .filter(([name, { numbers }]) => numbers >= almostAll * most - 1 && isFieldName(name))
    .map(([name]) => name);
  return { numeric, others: [...counts.keys()].filter((name) => !numeric.includes(name)) };
}

function decodeBlocks(
  bytes: Uint8Array,
  framing: FramingName,
  { numeric, others }: Names,
  startsAtLine: boolean,
  details: Record<string, string>,
): RecognizedStream | null {
  const fields = defineFields(numeric.map((name) => ({ name })));
  const ring = new SampleRing(fields.length, 256, "pause");
  const options = { startsAtLine, refuseReplies: false, passNonFinite: false, crc: 16 as const };
  const decoder = (framings[framing] as Framing).createDecoder(fields, ring, { ...options, details });
  const observation = observe(fields, decoder, ring, bytes);
  const counts: DecoderCounts = decoder.counts;
  const good = counts.samples + counts.rejected;
  if (good < fewestBlocks || good < counts.damaged) return null;
  const marks = Object.entries(details).filter(([, text]) => text !== "");
  const written = marks.map(([key, text]) => `${key}: ${JSON.stringify(text)}`).join(", ");
  return {
    framing,
    ...(framing === "blocks" ? { framingText: `{ blocks: {${written === "" ? "" : ` ${written} `}} }` } : {}),
    fields,
    observation,
    counts,
    understood: good / (good + counts.damaged),
    description: `${framing === "blocks" ? "blocks of lines with one name and value each" : framings[framing].title}`,
    settings: {},
    troubles: [],
    passedOver: others,
    findings: { ...details },
  };
}

function linesOf(bytes: Uint8Array): string[] {
  const text = new TextDecoder().decode(bytes.subarray(0, mostBytes));
  return text.split("\n").map((line) => line.replace(/\r$/, "").trimEnd());
}
