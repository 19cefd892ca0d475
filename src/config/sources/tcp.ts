/** A peer that sends samples over TCP; Rivulet opens the connection. */
import type * as v from "valibot";
import { createTcpSource } from "../../samples/sources/tcp.ts";
import { map, required, text, wholeNumber } from "../schema.ts";
import type { PrepareSource, SourceKind } from "./source-kind.ts";

const schema = map({
  host: required(
    "Name or address of the peer",
    text("the name or address of a peer"),
    "the peer's name, such as host: pump.local",
  ),
  port: required("TCP port of the peer", wholeNumber(1, 65_535), "the peer's port, such as port: 7000"),
});

/** A peer, by name or address, and its port. */
export type TcpConfig = v.InferOutput<typeof schema>;

export const tcp: SourceKind<TcpConfig> = {
  title: "A peer that sends samples over TCP; Rivulet connects, and reconnects",
  schema,
  sender: "peer",
  example: "tcp: { host: pump.local, port: 7000 }",
  event: "source",
  isDevice: true,
  canReply: true,
  canWait: false,
  holdsSamples: false,
  startsAtLine: false,
  usesNetwork: true,
  complete: (written) => written,
  place: ({ host, port }) => `${host}:${port}`,
};

/** Creates the TCP source of a config and its decoder. */
export const prepareTcp: PrepareSource<TcpConfig> = (
  value,
  { createDecoder, silenceMs, onState, reopenCeilingMs },
) => {
  const decoder = createDecoder();
  const onReconnect = () => decoder.reset();
  return {
    source: createTcpSource({ ...value, silenceMs, onState, reopenCeilingMs, onReconnect }),
    decoder,
  };
};
