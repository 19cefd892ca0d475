import type { DaemonStatus } from "../../src/daemon/daemon-status.ts";
import type { SentCounts } from "./sender.ts";

/** A proof in one line of figures, and what in it does not add up. */
export interface Outcome {
  figures: string;
  faults: string[];
}

export const mebibytes = (value: number) => `${value.toFixed(1)} MiB`;

/**
 * Compares what a device sent with what the daemon counted: each numbered frame is learned, dropped by the ring, rejected
 * or missing, and missing are those that were not sent and those that arrived damaged. `cut` frames never ended.
 */
export function compare(sent: Readonly<SentCounts>, status: DaemonStatus, cut = 0): string[] {
  const pairs: [string, number, number][] = [
    [
      "learned, dropped and rejected",
      status.samples + status.dropped + status.rejected,
      sent.good + sent.unfit,
    ],
    // What the ring drops nobody looks at: some of it may be unfit.
    ["rejected", status.rejected, status.dropped === 0 ? sent.unfit : Math.min(status.rejected, sent.unfit)],
    ["damaged", status.damaged, sent.damaged + cut],
    ["missing", status.missing, sent.dropped + sent.damaged],
    ["unanswered", status.unanswered, 0],
    ["steps skipped", status.skippedSteps, 0],
    [
      "in all",
      status.samples + status.dropped + status.rejected + status.missing,
      sent.good + sent.unfit + sent.dropped + sent.damaged,
    ],
    ["numbered", sent.numbered, sent.good + sent.unfit + sent.dropped + sent.damaged],
  ];
  return pairs
    .filter(([, found, expected]) => found !== expected)
    .map(([name, found, expected]) => `${name}: ${found}, and ${expected} were to be expected`);
}

/** Whether everything that was sent has been dealt with. */
export const isDone =
  (sent: Readonly<SentCounts>, bytes: number) =>
  (status: DaemonStatus): boolean =>
    status.bytes >= bytes && status.samples + status.dropped + status.rejected >= sent.good + sent.unfit;
