import type { IncomingMessage } from "node:http";
import { loadConfig } from "../config/config.ts";
import type { MqttConfig } from "../config/mqtt-config.ts";
import { createPlainLog, type Log } from "../daemon/log.ts";
import { RivuletError } from "../errors/errors.ts";
import { reasonOf } from "../errors/system-error.ts";
import { createLogOutput, standardError, standardOutput } from "../machine/output.ts";
import type { StatusDocument } from "../status/document.ts";
import type { Invocation } from "./command-line/command.ts";
import { untilSignalled } from "./command-line/signals.ts";
import { clientOf, type DaemonClient, eventsOf } from "./live/daemon-client.ts";
import { type Broker, connectBroker } from "./mqtt/broker.ts";
import { discoveryOf, discoveryTopic } from "./mqtt/discovery.ts";

const reconnectMs = 2000;

/** Carries what a running daemon predicts to an MQTT broker, and labels back, until a signal. */
export async function run({ positionals: [file] }: Invocation): Promise<null> {
  const config = loadConfig(file);
  const daemon = clientOf(config);
  if (config.mqtt === null) {
    throw new RivuletError(
      "mqtt.missing",
      `${file} names no broker; add a line such as mqtt: { url: "mqtt://localhost" }`,
      { file },
    );
  }
  const log = createPlainLog(createLogOutput(standardOutput), createLogOutput(standardError));
  const signalled = untilSignalled();
  const broker = await connectBroker(config.mqtt, config.name, log);
  const hasAlarm = config.predictions?.alarm != null;
  const bridge = new Bridge(daemon, broker, { ...config.mqtt, hasAlarm }, log);
  let hasEnded = false;
  const ended = signalled.then(() => {
    hasEnded = true;
  });
  while (!hasEnded) {
    await Promise.race([ended, bridge.follow(() => hasEnded)]);
    if (!hasEnded) await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, reconnectMs))]);
  }
  await broker.close();
  // The stream of events is still open.
  process.exit();
}

type BridgeConfig = MqttConfig & { hasAlarm: boolean };

class Bridge {
  readonly #daemon: DaemonClient;
  readonly #broker: Broker;
  readonly #config: BridgeConfig;
  readonly #log: Log;
  #toldAt = Number.NEGATIVE_INFINITY;
  #alarm: boolean | undefined;
  #isAway = false;
  #latest: StatusDocument | null = null;

  constructor(daemon: DaemonClient, broker: Broker, config: BridgeConfig, log: Log) {
    this.#daemon = daemon;
    this.#broker = broker;
    this.#config = config;
    this.#log = log;
    broker.onLabel((body) => void this.#label(body));
    // A broker that was restarted may have forgotten, and a Home Assistant too.
    broker.onReady(() => this.#introduce());
  }

  /** Passes on events until the daemon goes away. */
  async follow(hasEnded: () => boolean): Promise<void> {
    let response: IncomingMessage;
    try {
      response = await this.#daemon.open("events?predictions");
      if (response.statusCode !== 200)
        throw new RivuletError("status.refused", `it answers ${response.statusCode}`);
      this.#log({ event: "daemon", text: `follows the daemon at ${this.#daemon.url}` });
      this.#isAway = false;
      for await (const { kind, data } of eventsOf(response)) {
        if (hasEnded()) return;
        if (kind === "status") this.#status(data);
        else if (kind === "prediction") this.#prediction(data);
      }
    } catch (error) {
      if (!this.#isAway) {
        const reason =
          error instanceof RivuletError
            ? error.message
            : `the connection to the daemon at ${this.#daemon.url} broke off: ${reasonOf(error)}`;
        this.#log({ event: "daemon-away", text: `${reason}; it is tried again`, problem: true });
      }
    }
    this.#isAway = true;
    this.#broker.tell("availability", "offline", { retain: true });
  }

  #status(data: string): void {
    const isFirst = this.#latest === null || this.#isAway;
    this.#latest = JSON.parse(data) as StatusDocument;
    const now = 1000 * process.uptime();
    if (!isFirst && now - this.#toldAt < this.#config.everyMs) return;
    this.#toldAt = now;
    if (isFirst) this.#introduce();
    this.#broker.tell("status", data, { retain: true });
  }

  /** Says that the daemon is there, and to Home Assistant what it measures. */
  #introduce(): void {
    if (this.#latest === null) return;
    this.#broker.tell("availability", this.#isAway ? "offline" : "online", { retain: true });
    this.#broker.tell("status", JSON.stringify(this.#latest), { retain: true });
    this.#alarm = undefined;
    const { discovery } = this.#config;
    if (discovery === null) return;
    const description = discoveryOf(this.#latest, { ...this.#config, topic: this.#broker.topic });
    this.#broker.publish(discoveryTopic(discovery, this.#latest.name), JSON.stringify(description), {
      retain: true,
    });
  }

  #prediction(data: string): void {
    this.#broker.tell("prediction", data, { retain: false });
    const { alarm } = JSON.parse(data) as { alarm?: boolean };
    if (alarm === undefined || alarm === this.#alarm) return;
    this.#alarm = alarm;
    this.#broker.tell("alarm", alarm ? "ON" : "OFF", { retain: true });
  }

  /** A label for samples, in the JSON of POST /labels; what became of it goes to another topic. */
  async #label(body: string): Promise<void> {
    let answer: unknown;
    try {
      answer = await this.#daemon.json("labels", { body });
    } catch (error) {
      answer = { error: (error as Error).message };
    }
    this.#broker.tell("label/result", JSON.stringify(answer), { retain: false });
  }
}
