/** A prediction as it is sent to others, and what takes it. */

/** One prediction. Numbers have six significant digits. */
export interface PredictionRecord {
  /** Number of the sample since learning began. */
  sequence: number;
  /** When the sample came, ISO 8601. */
  time: string;
  /** Class, or number in the target's units; null before any target was known. */
  prediction: number | null;
  /** The word of the class, where target.classes has words. */
  class?: string;
  /** Probability of the class. */
  score?: number;
  /** Of each class. */
  probabilities?: number[];
  /** The ends of the interval of a number, where the ensemble or the forecaster answers. */
  lower?: number;
  upper?: number;
  /** How unusual the error is, in standard deviations; where the sample came with its target. */
  anomaly?: number;
  /** Whether the alarm of the predictions is on; without one, whether an episode of anomaly is under way. */
  alarm?: boolean;
  /** How unusual the sample is, in nats, and how much an alarm needs; where anomalies are watched for. */
  evidence?: number;
  threshold?: number;
  /** How unusual the latest while is, in nats: see `sustained` of `AnomalyDetector`. */
  sustained?: number;
  /** The episode of anomaly that is under way. */
  episode?: { number: number; column: string; since: string; seen: number; expected: number; text: string };
}

/** Where predictions go. Whatever it does, it returns at once. */
export interface PredictionOutput {
  readonly name: string;
  /** Whether anybody takes them: where not, no record is made. */
  readonly isActive: boolean;
  readonly sent: number;
  /** Predictions that were left out, because whoever takes them was too slow or away. */
  readonly dropped: number;
  /** Takes a prediction, and the same as a line of JSON. */
  send(record: PredictionRecord, line: string): void;
  /** Sends what is left, as far as that goes in this many milliseconds, and ends. */
  close(withinMs: number): Promise<void> | void;
}
