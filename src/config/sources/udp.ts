/** Devices that send samples in UDP datagrams to a port of this machine. */
import type * as v from "valibot";
import { createUdpSource } from "../../samples/sources/udp.ts";
import { defaultsOf, map, optional, required, text, wholeNumber } from "../schema.ts";
import type { PrepareSource, SourceKind } from "./source-kind.ts";

const schema = map({
  port: required(
    "UDP port of this machine to which the devices send",
    wholeNumber(1, 65_535),
    "the port that the device sends to, such as port: 7000",
  ),
  host: optional("Address of this machine to listen on", text("an address of this machine"), {
    default: "0.0.0.0",
  }),
  from: optional("Address of the only device whose datagrams are read", text("the address of a device"), {
    otherwise: "any",
  }),
});
const defaults = defaultsOf(schema);

/** A UDP port of this machine, with every default. */
export interface UdpConfig {
  /** Address of this machine at which Rivulet listens. */
  host: string;
  port: number;
  /** Address of the only device whose datagrams are read; null: any. */
  from: string | null;
}

export const udp: SourceKind<v.InferOutput<typeof schema>, UdpConfig> = {
  title: "Devices that send datagrams to a UDP port of this machine",
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
