/** A connection to an MQTT broker, opened again and again; what cannot be sent meanwhile is left out. */
import type { IClientPublishOptions, MqttClient } from "mqtt";
import type { MqttConfig } from "../../config/mqtt-config.ts";
import type { Log } from "../../daemon/log.ts";
import { RivuletError } from "../../errors/errors.ts";
import { reasonOf } from "../../errors/system-error.ts";
import { readNamedText } from "../../machine/regular-file.ts";

const reconnectMs = 1000;
const longestLabelBytes = 64 * 1024;
/** The package keeps a packet in memory until it is whole, and a broker may announce 256 MB. */
const mostPacketBytes = 1 << 20;
const mostPasswordBytes = 4096;

interface Options {
  /** Whether the broker keeps it for those who come later. */
  retain: boolean;
}

export interface Broker {
  /** The topic of the daemon, below which all others are. */
  readonly topic: string;
  /** Publishes below the daemon's topic, or nothing while the broker is away. */
  tell(name: string, text: string, options: Options): void;
  publish(topic: string, text: string, options: Options): void;
  /** Each label that is sent to the daemon. */
  onLabel(take: (body: string) => void): void;
  /** Each time that the broker is there, or that a Home Assistant has started. */
  onReady(begin: () => void): void;
  close(): Promise<void>;
}

async function loadPackage(): Promise<typeof import("mqtt")> {
  try {
    const found = await import("mqtt");
    // The package is CommonJS, and what it exports may be one level down.
    return "connect" in found ? found : (found as { default: typeof import("mqtt") }).default;
  } catch (error) {
    throw new RivuletError(
      "package.missing",
      "rivulet mqtt needs the package mqtt; run: npm install -g mqtt",
      {
        cause: error,
      },
    );
  }
}

/**
 * Connects to an MQTT broker, and again whenever it is away.
 * @throws RivuletError where the package mqtt is not installed, or the password cannot be read
 */
export async function connectBroker(config: MqttConfig, name: string, log: Log): Promise<Broker> {
  const topic = `${config.prefix}/${name}`;
  const client = await createClient(config, topic);
  const birth = config.discovery === null ? null : `${config.discovery}/status`;
  const connection = createConnectionLog(config.url, log);
  let takeLabel: (body: string) => void = () => {};
  let begin: () => void = () => {};

  client.on("connect", () => {
    connection.opened();
    client.subscribe([`${topic}/label`, ...(birth === null ? [] : [birth])], () => {});
    begin();
  });
  limitPackets(client, (text) => connection.lost(`the broker ${config.url} sends ${text}`));
  client.on("error", (error) => connection.lost(`cannot use the broker ${config.url}: ${reasonOf(error)}`));
  client.on("close", () => connection.lost(`the broker ${config.url} is away`));
  client.on("message", (from, payload) => {
    if (from !== birth) receiveLabel(payload);
    else if (payload.toString() === "online") begin();
  });

  function receiveLabel(payload: Buffer): void {
    if (payload.length <= longestLabelBytes) takeLabel(payload.toString());
    else {
      const error = `found a label of ${payload.length} bytes, expected at most ${longestLabelBytes}`;
      publish(`${topic}/label/result`, JSON.stringify({ error }), { retain: false });
    }
  }

  function publish(to: string, text: string, { retain }: Options): void {
    if (!client.connected) return;
    const options: IClientPublishOptions = { retain, qos: 0 };
    client.publish(to, text, options, () => {});
  }

  return {
    topic,
    publish,
    tell: (name, text, options) => publish(`${topic}/${name}`, text, options),
    onLabel(take) {
      takeLabel = take;
    },
    onReady(start) {
      begin = start;
      if (client.connected) start();
    },
    async close() {
      connection.ends();
      if (client.connected) await client.publishAsync(`${topic}/availability`, "offline", { retain: true });
      await client.endAsync(true);
    },
  };
}

/** A client that reconnects for as long as it lives. */
async function createClient(config: MqttConfig, topic: string): Promise<MqttClient> {
  const { connect } = await loadPackage();
  return connect(config.url, {
    username: config.username ?? undefined,
    password: config.passwordFile === null ? undefined : passwordIn(config.passwordFile),
    reconnectPeriod: reconnectMs,
    // A prediction of earlier is of no use later, and a queue would grow for as long as the broker is away.
    queueQoSZero: false,
    resubscribe: false,
    will: { topic: `${topic}/availability`, payload: Buffer.from("offline"), retain: true, qos: 1 },
  });
}

/** Logs each change between connected and away once. */
function createConnectionLog(url: string, log: Log) {
  let isAway = false;
  return {
    opened() {
      log({ event: "broker", text: `connected to ${url}` });
      isAway = false;
    },
    lost(text: string) {
      if (!isAway) log({ event: "broker-away", text: `${text}; it is tried again`, problem: true });
      isAway = true;
    },
    /** The end of the connection that this side closes is no fault of the broker's. */
    ends() {
      isAway = true;
    },
  };
}

/** Ends each connection whose next packet is larger than it may be. */
function limitPackets(client: MqttClient, tell: (text: string) => void): void {
  let pending = 0;
  const watch = () => {
    const { stream } = client;
    pending = 0;
    stream.on("data", (bytes: Buffer) => {
      pending += bytes.length;
      if (pending <= mostPacketBytes || stream.destroyed) return;
      tell(`a packet of more than ${mostPacketBytes} bytes, expected less`);
      stream.destroy();
    });
  };
  client.on("packetreceive", () => {
    pending = 0;
  });
  watch();
  // Told before the next connection is opened.
  client.on("reconnect", () => queueMicrotask(watch));
}

function passwordIn(file: string): string {
  try {
    return readNamedText(file, mostPasswordBytes).trim();
  } catch (error) {
    throw new RivuletError(
      "mqtt.password",
      `cannot read the password of the broker in ${file}: ${reasonOf(error)}`,
      {
        cause: error,
        file,
      },
    );
  }
}
