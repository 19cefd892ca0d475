import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { RivuletError, UsageError } from "../errors/errors.ts";
import { framings } from "../samples/framings/framings.ts";
import { textShare, tooLittle, unrecognizedCause } from "../samples/recognition/likely-cause.ts";
import { printableShare } from "../samples/recognition/recognize.ts";
import type { OtherReading, RecognizedStream } from "../samples/recognition/recognized-stream.ts";
import { formatCount } from "../wording/quantities.ts";
import { safe } from "../wording/safe.ts";
import { wholeNumber } from "./command-line/call.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import { type Heard, isReadable, listenToPort, readBeginning } from "./sniff/listen.ts";
import { type StartingSource, startingConfig, valuesText } from "./sniff/starting-config.ts";
import { type Fact, facts, textTable } from "./terminal/text-table.ts";

/** Baud rates in the order of trying: the most common first. */
const usualBaudRates = [115_200, 9600, 57_600, 38_400, 230_400, 460_800, 921_600, 19_200, 250_000, 1_000_000];

/** Samples from which on their rate is known well enough to choose features by it. */
const fewestForRate = 10;

/** Most columns that are named as left out. */
const mostLeftOut = 12;

/** Recognizes what a port sends, and prints a config for it. */
export async function run(invocation: Invocation): Promise<Report> {
  const [given] = invocation.positionals;
  // As a config names a file.
  const path = given.startsWith("file:") && !existsSync(given) ? given.slice(5) : given;
  const seconds = wholeNumber(invocation, "seconds", 5, { minimum: 1, maximum: 600 });
  const baudRates = baudRatesOf(invocation.options["baud"]);
  const heard = (await isReadable(path))
    ? await readBeginning(path, seconds)
    : await listenToPort(path, baudRates ?? usualBaudRates, seconds, (text) => {
        if (process.stderr.isTTY) process.stderr.write(`${safe(text)}\n`);
      });
  const { recognition, bytes } = heard;
  if (recognition.framing === null) throw unrecognized(path, heard, baudRates ?? usualBaudRates);
  if (recognition.otherReading?.isLikelier) throw ambiguous(path, recognition);
  const samplesPerSecond = rateOf(recognition, heard);
  const isMeasured = recognition.observation.samples >= fewestForRate;
  const config = startingConfig(recognition, sourceOf(path, heard), isMeasured ? samplesPerSecond : null);
  if (config === null) throw notEnough(path, recognition);
  const { observation, counts, understood, fields } = recognition;
  return {
    data: {
      source: path,
      baudRate: heard.baudRate,
      seconds: heard.seconds,
      bytes: bytes.length,
      printableShare: printableShare(bytes),
      framing: recognition.framing,
      ...recognition.findings,
      ...{ leftOut: recognition.leftOut ?? [], clock: recognition.clock ?? [] },
      ...{ otherReading: recognition.otherReading ?? null, doubts: recognition.doubts ?? [] },
      samples: observation.samples,
      wholeShare: wholeShare(recognition),
      samplesPerSecond,
      understood,
      fields: observation.fields.map((field, index) => ({
        ...{ ...field, type: fields[index].type },
        unit: recognition.units?.[index] ?? null,
        odd: recognition.odd?.[index] ?? 0,
      })),
      counts,
      config,
    },
    text: textOf(path, heard, recognition, samplesPerSecond, config),
  };
}

function baudRatesOf(text: string | undefined): number[] | null {
  if (text === undefined) return null;
  return text.split(",").map((word) => {
    const rate = /^\s*\d+\s*$/.test(word) ? Number(word) : 0;
    if (rate >= 1 && rate <= 20_000_000) return rate;
    throw new UsageError(
      `--baud must be whole numbers with commas between them, such as 9600,115200, found "${text}"`,
    );
  });
}

/**
 * Returns the sample rate, by the device's clock if there is one: arrival times are those of chunks, and a file has
 * none.
 */
function rateOf({ observation, counts }: RecognizedStream, { seconds }: Heard): number | null {
  if (observation.samplesPerSecond !== null) return observation.samplesPerSecond;
  const samples = counts.samples + counts.rejected;
  return seconds === null || seconds === 0 || samples < 2 ? null : samples / seconds;
}

/** Where the bytes came from, as the config names it. A relative path in a config is relative to the config's folder. */
function sourceOf(path: string, { baudRate }: Heard): StartingSource {
  if (path === "-") return "stdin";
  const absolute = /^COM\d+$/i.test(path) ? path : resolve(path);
  return baudRate === null ? { file: absolute } : { path: absolute, baudRate };
}

/** Share of the lines or frames that are samples with all of their values. */
function wholeShare({ observation, counts }: RecognizedStream): number {
  return observation.samples / Math.max(1, counts.samples + counts.rejected + counts.damaged);
}

/**
 * Formats the results as comments above the config, so that the output is a config file: `rivulet sniff PORT >
 * pump.yaml`.
 */
function textOf(
  path: string,
  heard: Heard,
  stream: RecognizedStream,
  samplesPerSecond: number | null,
  config: string,
): string {
  const { observation, counts, fields, units, refused = [] } = stream;
  const { unit, isBinary } = framings[stream.framing];
  const troubles = [
    [counts.damaged, "damaged"],
    [counts.rejected, "with a value that is not finite"],
    [counts.missing, "missing by their sequence numbers"],
    ...stream.troubles,
  ].flatMap(([count, name]) => (count ? [`${count} ${name}`] : []));
  const rows: Fact[] = [
    ["source", heard.baudRate === null ? nameOf(path) : `${path} at ${heard.baudRate} baud`],
    ["framing", stream.description],
    ["samples", samplesText(stream, samplesPerSecond, unit)],
    ["troubles", troubles.length === 0 ? "none" : troubles.join(", ")],
    ...refused.map((text): Fact => ["", text]),
    ...lackingFacts(stream, unit),
    stream.clock === undefined ? null : ["clock", `${stream.clock.join(" and ")}, the time of each sample`],
    ...leftOutFacts(stream),
    ...ambiguityFacts(stream),
  ];
  const table = textTable(
    [
      "field",
      ...(isBinary ? ["type"] : []),
      "from",
      "to",
      ...(units?.some(Boolean) ? ["unit"] : []),
      "values",
    ],
    observation.fields.map((field, index) => [
      field.name,
      ...(isBinary ? [fields[index].type] : []),
      ...(fields[index].classes === undefined
        ? [shortNumber(field.minimum), shortNumber(field.maximum)]
        : ["", ""]),
      ...(units?.some(Boolean) ? [units[index] ?? ""] : []),
      valuesText(field, fields[index].classes ?? null),
    ]),
  );
  const comment = (text: string) => text.replace(/^/gm, "# ").replace(/ +$/gm, "");
  return `${comment(`${facts(rows)}\n\n${table}`)}\n\n${config}`;
}

const shortNumber = (value: number) => String(Number(value.toPrecision(6)));

function samplesText(stream: RecognizedStream, perSecond: number | null, unit: string): string {
  const rate = perSecond === null ? "" : `, ${Number(perSecond.toPrecision(3))} a second`;
  const share = wholeShare(stream);
  // Rounded down: 100 % is said of all only.
  const percent = Math.floor(1000 * share) / 10;
  return `${stream.observation.samples}${rate}; ${percent.toFixed(1)} % of the ${unit} are whole samples with this config`;
}

/** The fields that lack a value in a part of the lines, or hold something else there. */
function lackingFacts({ observation, counts, odd = [] }: RecognizedStream, unit: string): Fact[] {
  const percent = (count: number) => {
    const share = (100 * count) / Math.max(1, counts.samples + counts.rejected);
    return share < 1 ? "less than 1 %" : `${Math.round(share)} %`;
  };
  return observation.fields.flatMap(({ name, absent, codes }, index): Fact[] =>
    [
      ...(absent === 0
        ? []
        : [["in part", `${name} has no value in ${percent(absent)} of the ${unit}`] as const]),
      ...(codes.length === 0
        ? []
        : [["codes", `${name} is ${codes.join(" or ")} where it seems to have no value`] as const]),
      ...(odd[index]
        ? [["damaged", `${name} holds no number in ${formatCount(odd[index], "line")}`] as const]
        : []),
    ].map(([title, text]): Fact => [title, text]),
  );
}

function leftOutFacts({ leftOut, passedOver }: RecognizedStream): Fact[] {
  if (leftOut !== undefined)
    return leftOut.slice(0, mostLeftOut).map((text, index): Fact => [index === 0 ? "left out" : "", text]);
  if (passedOver.length === 0) return [];
  return [["left out", `${passedOver.slice(0, mostLeftOut).join(", ")}: not a number in every block`]];
}

function ambiguityFacts({ otherReading, doubts = [] }: RecognizedStream): Fact[] {
  if (!otherReading) return doubts.map((text): Fact => ["unsure", safe(text)]);
  const { example, number, numbers } = otherReading;
  return [
    [
      "unsure",
      `${example} is read as the numbers ${numbers.join(" and ")}, but may be the one number ${number} (decimal: comma)`,
    ],
  ];
}

/** Says that lines such as `20,05` hold one number, which is too little, unless they hold two. */
function ambiguous(path: string, { otherReading }: RecognizedStream): RivuletError {
  const { example, number, numbers } = otherReading as OtherReading;
  return new RivuletError(
    "sample.unrecognized",
    `${nameOf(path)} sends lines such as ${example}, which is probably the one number ${number} with a decimal comma; ` +
      `write a config with decimal: comma and one field, or with decimal: point and two if these are the numbers ${numbers.join(" and ")}`,
  );
}

/** Says why there is no config: a stream of a clock alone, or of words. */
function notEnough(path: string, stream: RecognizedStream): RivuletError {
  const { observation, description, clock = [], leftOut = [] } = stream;
  const rising = observation.fields.filter((field) => field.rising).map(({ name }) => name);
  const values = observation.fields.filter((field) => !field.rising).map(({ name }) => name);
  const others = [
    ...[...clock, ...rising].map((name) => `${name}: a clock`),
    ...leftOut.slice(0, mostLeftOut),
  ];
  const beside = others.length === 0 ? "" : ` (${others.join("; ")})`;
  return new RivuletError(
    "sample.unrecognized",
    `${nameOf(path)} sends ${description} with ${values.length === 0 ? "no value" : `words alone, ${values.join(", ")}`}${beside}, ` +
      "but nothing can be learned from that; let the device print what it measures too",
  );
}

const nameOf = (path: string) => (path === "-" ? "standard input" : path);

function unrecognized(path: string, heard: Heard, tried: readonly number[]): RivuletError {
  const { bytes, seconds, baudRate, recognition } = heard;
  const rate = seconds ? ` (${Math.round(bytes.length / seconds)} a second)` : "";
  const share = printableShare(bytes);
  const first = Buffer.from(bytes.subarray(0, 32));
  const text = share > 0.9 ? ` (${JSON.stringify(first.toString("latin1"))})` : "";
  const beginning = first.toString("hex").replace(/..(?=.)/g, "$& ") + text;
  const cause = unrecognizedCause(bytes, recognition, baudRate);
  const more =
    cause === tooLittle
      ? `; ${baudRate === null ? "give more of what the device sends" : "listen longer with --seconds"}`
      : baudRate !== null && share < textShare
        ? `; ${tried.join(", ")} ${tried.length === 1 ? "was" : "were"} tried: give the device's rate with --baud`
        : "";
  return new RivuletError(
    "sample.unrecognized",
    `found nothing known in ${bytes.length} bytes${rate} from ${nameOf(path)}${baudRate === null ? "" : ` at ${baudRate} baud`}, ` +
      `${Math.round(100 * share)} % of them printable, that begin with ${beginning}; ${cause}${more}`,
  );
}
