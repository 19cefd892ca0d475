/** Predictions that are posted to a server: gathered, bounded, repeated where it is away. */
import type { WebhookConfig } from "../../config/predictions-config.ts";
import { RivuletError } from "../../errors/errors.ts";
import { reasonOf } from "../../errors/system-error.ts";
import { readNamedText } from "../../machine/regular-file.ts";
import type { PredictionOutput, PredictionRecord } from "./prediction.ts";

const mostWaiting = 1000;
const mostInRequest = 100;
const longestRequestMs = 5000;
/** Times to wait before a request is sent again; after the last it is given up, but alarms are tried on in this interval. */
const retriesMs = [1000, 4000, 16_000];
const shortestSecret = 16;
const mostSecretBytes = 4096;

type Report = (text: string, problem: boolean) => void;

export class WebhookOutput implements PredictionOutput {
  readonly name = "webhook";
  readonly isActive = true;
  sent = 0;
  dropped = 0;
  readonly #config: WebhookConfig;
  readonly #device: string;
  readonly #secret: string | null;
  readonly #report: Report;
  readonly #retriesMs: readonly number[];
  readonly #waiting: PredictionRecord[] = [];
  /** What the last record that was sent said: its class, or its alarm. */
  #latest: number | boolean | null | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Whether the timer is that of a whole request. */
  #isDue = false;
  #isSending = false;
  #isFailing = false;
  #hasEnded = false;

  /** @throws RivuletError where the secret cannot be read */
  constructor(config: WebhookConfig, device: string, report: Report, retries: readonly number[] = retriesMs) {
    this.#config = config;
    this.#device = device;
    this.#report = report;
    this.#retriesMs = retries;
    this.#secret = config.secretFile === null ? null : secretIn(config.secretFile);
  }

  send(record: PredictionRecord): void {
    if (!this.#isOccasion(record)) return;
    if (this.#waiting.length === mostWaiting) {
      this.#waiting.shift();
      this.dropped++;
    }
    this.#waiting.push(record);
    this.#schedule();
  }

  #isOccasion({ prediction, alarm }: PredictionRecord): boolean {
    const { on } = this.#config;
    if (on === "all") return true;
    const now = on === "alarm" ? alarm : prediction;
    const before = this.#latest;
    this.#latest = now;
    // An alarm that is off at the start is no news.
    return before === undefined ? on === "change" || now === true : now !== before;
  }

  /**
   * What fills a request leaves at once: of a fast stream more comes in a second than one request holds. A server that refuses
   * them is not asked more often than `every` says.
   */
  #schedule(): void {
    if (this.#isSending || this.#waiting.length === 0 || this.#isDue) return;
    this.#isDue = !this.#isFailing && this.#waiting.length >= mostInRequest;
    if (this.#timer !== undefined && !this.#isDue) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#isDue = false;
        void this.#deliver();
      },
      this.#isDue ? 0 : this.#config.everyMs,
    );
  }

  async #deliver(): Promise<void> {
    this.#isSending = true;
    const batch = this.#waiting.splice(0, mostInRequest);
    const isTaken = await this.#post(batch);
    if (isTaken) this.sent += batch.length;
    else this.dropped += batch.length;
    this.#isSending = false;
    if (!this.#hasEnded) this.#schedule();
  }

  /** Posts a batch, again and again where the server is away; false where it is given up, as alarms are not. */
  async #post(batch: PredictionRecord[]): Promise<boolean> {
    for (let attempt = 0; ; attempt++) {
      const failure = await this.#attempt(batch);
      if (failure === null) {
        if (this.#isFailing) this.#report("the webhook takes predictions again", false);
        this.#isFailing = false;
        return true;
      }
      if (!this.#isFailing) {
        this.#report(`the webhook does not take predictions: ${failure.text}; learning continues`, true);
      }
      this.#isFailing = true;
      const last = this.#retriesMs.length - 1;
      // Of two alarms a week none may be lost because a router started again.
      const isOver = attempt > last && this.#config.on !== "alarm";
      if (failure.isFinal || this.#hasEnded || isOver) return false;
      const waitMs = this.#retriesMs[Math.min(attempt, last)];
      await new Promise((resolve) => setTimeout(resolve, waitMs).unref());
    }
  }

  async #attempt(batch: PredictionRecord[]): Promise<{ text: string; isFinal: boolean } | null> {
    const { url } = this.#config;
    const body = Buffer.from(JSON.stringify({ name: this.#device, predictions: batch }));
    const headers: Record<string, string | number> = {
      "Content-Type": "application/json",
      "Content-Length": body.length,
      // The same for the same predictions, so that a server that got them twice can tell.
      "Idempotency-Key": `${this.#device}-${batch[0].sequence}`,
    };
    if (this.#secret !== null) {
      const { createHmac } = await import("node:crypto");
      const signature = createHmac("sha256", this.#secret).update(body).digest("hex");
      headers["X-Rivulet-Signature"] = `sha256=${signature}`;
    }
    const { request } = url.startsWith("https:") ? await import("node:https") : await import("node:http");
    return new Promise((resolve) => {
      const sent = request(url, { method: "POST", headers }, (response) => {
        clearTimeout(late);
        response.resume();
        const { statusCode = 0 } = response;
        if (statusCode >= 200 && statusCode < 300) return resolve(null);
        const isFinal = statusCode >= 300 && statusCode < 500 && statusCode !== 408 && statusCode !== 429;
        resolve({ text: `it answers ${statusCode}`, isFinal });
      });
      const late = setTimeout(() => sent.destroy(new Error("no answer within 5 s")), longestRequestMs);
      sent.on("error", (error) => {
        clearTimeout(late);
        resolve({ text: reasonOf(error), isFinal: false });
      });
      sent.end(body);
    });
  }

  async close(withinMs: number): Promise<void> {
    clearTimeout(this.#timer);
    this.#hasEnded = true;
    if (this.#isSending || this.#waiting.length === 0) {
      this.dropped += this.#waiting.length;
      return;
    }
    await Promise.race([this.#deliver(), new Promise((resolve) => setTimeout(resolve, withinMs).unref())]);
    this.dropped += this.#waiting.length;
  }
}

function secretIn(file: string): string {
  let secret: string;
  try {
    secret = readNamedText(file, mostSecretBytes).trim();
  } catch (error) {
    throw new RivuletError(
      "webhook.secret",
      `cannot read the secret of the webhook in ${file}: ${reasonOf(error)}`,
      {
        cause: error,
      },
    );
  }
  if (secret.length >= shortestSecret) return secret;
  throw new RivuletError(
    "webhook.secret",
    `found a secret of ${secret.length} characters in ${file}, expected at least ${shortestSecret}; write a longer one`,
  );
}
