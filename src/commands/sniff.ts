import { resolve } from "node:path";
import { RivuletError, UsageError } from "../errors/errors.ts";
import { framings } from "../samples/framings/framings.ts";
import { manyValues, type ObservedField } from "../samples/recognition/observation.ts";
import { printableShare } from "../samples/recognition/recognize.ts";
import type { RecognizedStream } from "../samples/recognition/recognized-stream.ts";
import { safe } from "../wording/safe.ts";
import { wholeNumber } from "./command-line/call.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import { type Heard, isReadable, listenToPort, readBeginning } from "./sniff/listen.ts";
import { startingConfig } from "./sniff/starting-config.ts";
import { facts, textTable } from "./terminal/text-table.ts";

/** Baud rates in the order of trying: the most common first. */
const usualBaudRates = [115_200, 9600, 57_600, 38_400, 230_400, 460_800, 921_600, 19_200, 250_000, 1_000_000];

/** Fewest samples that are needed to recognize a stream. */
const fewestLines = 5;

/** Recognizes what a port sends, and prints a config for it. */
export async function run(invocation: Invocation): Promise<Report> {
  const [path] = invocation.positionals;
  const seconds = wholeNumber(invocation, "seconds", 5, { minimum: 1, maximum: 600 });
  const baudRates = baudRatesOf(invocation.options["baud"]);
  const heard = (await isReadable(path))
    ? await readBeginning(path, seconds)
    : await listenToPort(path, baudRates ?? usualBaudRates, seconds, (text) => {
        if (process.stderr.isTTY) process.stderr.write(`${safe(text)}\n`);
      });
  const { recognition, bytes } = heard;
  if (recognition.framing === null) throw unrecognized(path, heard, baudRates ?? usualBaudRates);
  // A relative path in a config is relative to the config's folder.
  const portPath = /^COM\d+$/i.test(path) ? path : resolve(path);
  const port = heard.baudRate === null ? null : { path: portPath, baudRate: heard.baudRate };
  const config = startingConfig(recognition, port);
  const samplesPerSecond = rateOf(recognition, heard);
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
      samples: observation.samples,
      samplesPerSecond,
      understood,
      fields: observation.fields.map((field, index) => ({ ...field, type: fields[index].type })),
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
function rateOf({ observation }: RecognizedStream, { seconds }: Heard): number | null {
  if (observation.samplesPerSecond !== null) return observation.samplesPerSecond;
  return seconds === null || seconds === 0 || observation.samples < 2 ? null : observation.samples / seconds;
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
  config: string | null,
): string {
  const { observation, counts, understood, fields } = stream;
  const { unit, isBinary } = framings[stream.framing];
  const troubles = [
    [counts.damaged, "damaged"],
    [counts.rejected, "with a value that is not finite"],
    [counts.missing, "missing by their sequence numbers"],
    ...stream.troubles,
  ].flatMap(([count, name]) => (count ? [`${count} ${name}`] : []));
  const rows: [string, string][] = [
    ["source", heard.baudRate === null ? nameOf(path) : `${path} at ${heard.baudRate} baud`],
    ["framing", stream.description],
    [
      "samples",
      `${observation.samples}${samplesPerSecond === null ? "" : `, ${Number(samplesPerSecond.toPrecision(3))} a second`}; ` +
        `${(100 * understood).toFixed(1)} % of the ${unit} understood`,
    ],
    ["troubles", troubles.length === 0 ? "none" : troubles.join(", ")],
  ];
  if (stream.passedOver.length > 0) {
    rows.push(["left out", `${stream.passedOver.slice(0, 12).join(", ")}: not a number in every line`]);
  }
  const table = textTable(
    ["field", ...(isBinary ? ["type"] : []), "from", "to", "values"],
    observation.fields.map((field, index) => [
      field.name,
      ...(isBinary ? [fields[index].type] : []),
      String(Number(field.minimum.toPrecision(6))),
      String(Number(field.maximum.toPrecision(6))),
      wordsFor(field),
    ]),
  );
  const comment = (text: string) => text.replace(/^/gm, "# ").replace(/ +$/gm, "");
  const findings = comment(`${facts(rows)}\n\n${table}`);
  const ending =
    config ??
    comment("Found one field, but a config needs at least two: an input to learn from, and the target.");
  return `${findings}\n\n${ending}`;
}

const nameOf = (path: string) => (path === "-" ? "standard input" : path);

function wordsFor({ whole, distinct, rising }: ObservedField): string {
  const several = distinct >= manyValues ? "many" : String(distinct);
  const kind = whole ? `${several} whole` : several;
  return rising ? `${kind}, always rising like a clock or a counter, so not useful as an input` : kind;
}

function unrecognized(path: string, heard: Heard, tried: readonly number[]): RivuletError {
  const { bytes, seconds, baudRate, recognition } = heard;
  const rate = seconds ? ` (${Math.round(bytes.length / seconds)} a second)` : "";
  const share = printableShare(bytes);
  const first = Buffer.from(bytes.subarray(0, 32));
  const text = share > 0.9 ? ` (${JSON.stringify(first.toString("latin1"))})` : "";
  const beginning = first.toString("hex").replace(/..(?=.)/g, "$& ") + text;
  const almost = recognition.framing === null ? recognition.almost : null;
  const fewLines = share > 0.9 && bytes.filter((byte) => byte === 0x0a).length < fewestLines;
  const advice =
    almost ??
    (fewLines
      ? `that is too little to recognize; ${baudRate === null ? "give more of what the device sends" : "listen longer with --seconds"}`
      : null) ??
    (baudRate !== null && share < 0.9
      ? `give the device's rate with --baud, of which ${tried.join(", ")} ${tried.length === 1 ? "was" : "were"} tried, and let it send frames or lines of numbers`
      : "let the device print one line of numbers a sample, or send frames as devices/firmware/rivulet.h does");
  return new RivuletError(
    "sample.unrecognized",
    `found nothing known in ${bytes.length} bytes${rate} from ${nameOf(path)}${baudRate === null ? "" : ` at ${baudRate} baud`}, ` +
      `${Math.round(100 * share)} % of them printable, that begin with ${beginning}; ${advice}`,
  );
}
