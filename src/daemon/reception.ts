/** What came of the bytes of a source: samples, refusals by reason, and what never ended. */
import { RivuletError } from "../errors/errors.ts";
import type { Decoder } from "../samples/decoding/decoder.ts";
import { sumOfRefusals } from "../samples/decoding/refusals.ts";
import { formatCount, formatSize } from "../wording/quantities.ts";
import type { ConfiguredSource } from "./configured-source.ts";

/** What came of the bytes of a stream. */
export interface Reception {
  /** Bytes that were decoded. */
  bytes: number;
  samples: number;
  /** Frames or lines that were refused, by reason. */
  refused: Record<string, number>;
  /** The same in words: `12 with a wrong checksum`. */
  refusedText: string;
  /** 1 where the stream ended in a part of a line. */
  cutOff: number;
  /** Bytes since the end of the latest frame or line, where these are more than a whole one can have; else 0. */
  unfinishedBytes: number;
}

/** Sums up what came of the bytes of all devices. */
export function receptionOf({ decoder, watched }: Pick<ConfiguredSource, "decoder" | "watched">): Reception {
  const decoders: readonly Decoder[] = watched.length > 0 ? watched : [decoder];
  const refused = sumOfRefusals(decoders.flatMap((decoder) => decoder.refused?.() ?? []));
  const overlong = decoders.map(({ unfinished }) =>
    unfinished !== undefined && unfinished.bytes > unfinished.most ? unfinished.bytes : 0,
  );
  return {
    bytes: decoders.reduce((sum, { counts }) => sum + counts.bytes, 0),
    samples: decoders.reduce((sum, { counts }) => sum + counts.samples, 0),
    refused: Object.fromEntries(refused.map(({ name, count }) => [name, count])),
    cutOff: decoders.reduce((sum, { counts }) => sum + (counts.cutOff ?? 0), 0),
    refusedText: refused.map(({ count, words }) => `${count} ${words}`).join(", "),
    unfinishedBytes: overlong.reduce((sum, bytes) => sum + bytes, 0),
  };
}

/** What was lost of a stream, in words; null where nothing was. `others`: counts beside the refused, each with its name. */
export function lossText(
  { bytes, samples, refusedText, cutOff, unfinishedBytes }: Reception,
  others: readonly (readonly [count: number, name: string])[],
): string | null {
  const losses = [
    ...others.flatMap(([count, name]) => {
      const reasons = name === "damaged" && refusedText !== "" ? ` (${refusedText})` : "";
      return count > 0 ? [`${count} ${name}${reasons}`] : [];
    }),
    ...(cutOff > 0 ? ["the last line cut off"] : []),
    ...(unfinishedBytes > 0 ? [`${formatSize(unfinishedBytes)} without an end of a line or frame`] : []),
    ...(bytes > 0 && samples === 0 ? [`no sample in ${formatCount(bytes, "byte")}`] : []),
  ];
  return losses.length === 0 ? null : losses.join(", ");
}

/**
 * Returns an error that says why no sample came of the bytes of a source; null where one did, where no byte came, and
 * where samples may still have come.
 *
 * @param hasEnded no more bytes would have come
 */
export async function notUnderstood(
  { decoder, watched, place }: Pick<ConfiguredSource, "decoder" | "watched" | "place">,
  hasEnded: boolean,
): Promise<RivuletError | null> {
  const { bytes, samples, refusedText } = receptionOf({ decoder, watched });
  if (bytes === 0 || samples > 0 || watched.length === 0) return null;
  const causes = await Promise.all(watched.map((device) => device.cause(hasEnded)));
  const cause =
    causes.find((text) => text !== null) ??
    (refusedText === "" ? "it sent no whole frame or line with values" : `all was refused: ${refusedText}`);
  if (!hasEnded && causes.every((text) => text === null)) return null;
  return new RivuletError(
    "sample.unrecognized",
    `no sample in ${formatCount(bytes, "byte")} of ${place}: ${cause}`,
  );
}
