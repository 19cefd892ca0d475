/**
 * The state of the daemon as all who ask are sent it. However many ask, it is put together about once a second, and in a
 * small part of the time: a page and a scraper, which both ask each second, share it. It is put together once more for a
 * scraper who asks for metrics after others have been sent a state without them. Only its bytes are kept: an object
 * that survives until it is replaced fills the old generation of the heap.
 */
import type { Health, StatusDocument } from "./document.ts";
import { metricsText } from "./metrics.ts";
import { SharedBytes } from "./shared-bytes.ts";

const freshMs = 900;
const mostOfTime = 0.02;
const eventBegin = "event: status\ndata: ";
const eventEnd = "\n\n";

/** The JSON of an event with the state. */
export const jsonIn = ({ bytes }: SharedBytes): Uint8Array =>
  bytes.subarray(eventBegin.length, bytes.length - eventEnd.length);

export class SharedState {
  readonly #document: () => StatusDocument;
  /** The event, which has the document in it. */
  readonly #event = new SharedBytes();
  readonly #metrics = new SharedBytes();
  #health: { health: Health; reason: string } | null = null;
  #freshUntil = 0;
  #wantsMetrics = false;
  #hasMetrics = false;

  constructor(document: () => StatusDocument) {
    this.#document = document;
  }

  /** What is kept is old from now on. */
  expire(): void {
    this.#freshUntil = 0;
  }

  get health(): { health: Health; reason: string } {
    this.#refresh();
    return this.#health as { health: Health; reason: string };
  }

  /** The state as a server-sent event. */
  get event(): SharedBytes {
    this.#refresh();
    return this.#event;
  }

  /** The state as metrics: made with it from the first call on, until nobody asks any more. */
  get metrics(): SharedBytes {
    this.#wantsMetrics = true;
    if (!this.#hasMetrics) this.expire();
    this.#refresh();
    this.#wantsMetrics = true;
    return this.#metrics;
  }

  #refresh(): void {
    const now = 1000 * process.uptime();
    if (now <= this.#freshUntil) return;
    const document = this.#document();
    const { health, reason } = document;
    this.#health = { health, reason };
    this.#event.fill(`${eventBegin}${JSON.stringify(document)}${eventEnd}`);
    this.#hasMetrics = this.#wantsMetrics;
    if (this.#wantsMetrics) this.#metrics.fill(metricsText(document));
    this.#wantsMetrics = false;
    const tookMs = 1000 * process.uptime() - now;
    this.#freshUntil = now + Math.max(freshMs, tookMs / mostOfTime);
  }
}
