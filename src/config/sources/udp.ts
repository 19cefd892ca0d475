/** Devices that send samples in UDP datagrams to a port of this machine. */
import * as v from "valibot";
import { createUdpSource } from "../../samples/sources/udp.ts";
import { map, text, wholeNumber } from "../schema.ts";
import type { PrepareSource, SourceKind } from "./source-kind.ts";

const schema = map(
  {
    port: wholeNumber(1, 65_535),
    host: v.optional(text("an address of this machine")),
    from: v.optional(text("the address of a device")),
  },
  { port: "the port that the device sends to, such as port: 7000" },
);

/** A port to listen at, with every default. */
export interface UdpConfig {
  /** Address of this machine that is listened at. */
  host: string;
  port: number;
  /** The only address whose datagrams are read; null: any. */
  from: string | null;
}

const defaults = { host: "0.0.0.0" } as const;

export const udp: SourceKind<v.InferOutput<typeof schema>, UdpConfig> = {
  schema,
  sender: "device",
  example: "udp: { port: 7000 }",
  event: "source",
  isDevice: true,
  canReply: true,
  canWait: false,
  holdsSamples: false,
  startsAtLine: true,
  usesNetwork: true,
  complete: ({ port, host, from }) => ({ host: host ?? defaults.host, port, from: from ?? null }),
  place: ({ host, port }) => `UDP port ${port} of ${host}`,
};

export const prepareUdp: PrepareSource<UdpConfig> = (value, options) => {
  const { createDecoder, delimiter, silenceMs, onState, reopenCeilingMs } = options;
  const { host, port, from } = value;
  const decoder = createDecoder();
  const source = createUdpSource({
    ...{ host, port, from: from ?? undefined, delimiter },
    ...{ silenceMs, onState, reopenCeilingMs, onReconnect: () => decoder.reset() },
  });
  return { source, decoder };
};
