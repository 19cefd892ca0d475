import { resolve } from "node:path";
import { RivuletError, UsageError } from "../errors/errors.ts";
import { framings } from "../samples/framings/framings.ts";
import { textShare, tooLittle, unrecognizedCause } from "../samples/recognition/likely-cause.ts";
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
  if (config === null) throw notEnough(path, recognition);
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
  config: string,
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
  return `${findings}\n\n${config}`;
}

/** Says why there is no config: a stream of one value a sample, or of a clock and one value. */
function notEnough(path: string, { observation, description }: RecognizedStream): RivuletError {
  const clocks = observation.fields.filter(({ rising }) => rising).map(({ name }) => name);
  const values = observation.fields.filter(({ rising }) => !rising).map(({ name }) => name);
  const beside = clocks.length === 0 ? "" : ` beside ${clocks.join(", ")}, which only rises like a clock`;
  return new RivuletError(
    "sample.unrecognized",
    `${nameOf(path)} sends ${description} with ${values.length === 0 ? "no value" : `one value, ${values.join(", ")}`}${beside}, ` +
      "but a config needs at least two: an input to learn from, and the target; let the device print what is to be predicted too",
  );
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
