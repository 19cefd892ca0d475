/** Predictions to those who follow the events of the status server. */
import type { EventStream } from "../../status/event-stream.ts";
import type { PredictionOutput, PredictionRecord } from "./prediction.ts";

export class EventOutput implements PredictionOutput {
  readonly name = "events";
  sent = 0;
  /** Who is too slow is dropped as a client, which the server counts. */
  readonly dropped = 0;
  readonly #events: EventStream;

  constructor(events: EventStream) {
    this.#events = events;
  }

  get isActive(): boolean {
    return this.#events.hasListeners;
  }

  send(_: PredictionRecord, line: string): void {
    this.sent++;
    this.#events.prediction(line);
  }

  /** The server ends them. */
  close(): void {}
}
