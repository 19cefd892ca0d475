/** Opens the outputs that a config names, and loads the code of each only then. */
import type { Config } from "../../config/config.ts";
import type { EventStream } from "../../status/event-stream.ts";
import { isLoopback } from "../../wording/address.ts";
import type { Log } from "../log.ts";
import { EventOutput } from "./event-output.ts";
import type { PredictionOutput } from "./prediction.ts";

/**
 * Opens the outputs of predictions that a config names.
 * @throws RivuletError where the secret of a webhook cannot be read
 */
export async function openOutputs(
  { name, predictions }: Config,
  events: EventStream | null,
  log: Log,
): Promise<PredictionOutput[]> {
  const outputs: PredictionOutput[] = events === null ? [] : [new EventOutput(events)];
  if (predictions === null) return outputs;
  const { stdout, tcp, webhook } = predictions;
  const report = (text: string, problem: boolean) => log({ event: "predictions", text, problem });
  if (webhook !== null) {
    const { WebhookOutput } = await import("./webhook-output.ts");
    outputs.push(new WebhookOutput(webhook, name, report));
  }
  if (stdout) {
    const { StandardOutput } = await import("./standard-output.ts");
    outputs.push(new StandardOutput((text) => report(text, true)));
  }
  if (tcp !== null) {
    const { TcpOutput } = await import("./tcp-output.ts");
    if (!isLoopback(tcp.listen.host))
      report("whoever reaches predictions.tcp.listen can read predictions", false);
    outputs.push(new TcpOutput(tcp.listen, report));
  }
  return outputs;
}
