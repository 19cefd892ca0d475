/** Of every kind of learner, feature and output: a device that restarts after every k-th sample, for k from 1 to 50. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { decodeCheckpoint } from "../../src/checkpoint/format.ts";
import { kinds, Life, rows } from "./restarts.ts";

// The shortest time of an alarm ends by a timer.
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Samples before the first restart: windows are full then, detectors warm, and soon the rule of the samples changes. */
const before = 470;
const longest = 50;
const count = 54;

interface Uninterrupted {
  /** Checkpoints after each sample from `before` on. */
  checkpoints: Uint8Array[];
  /** What was told with each sample. */
  told: unknown[][];
  samples: readonly Float64Array[];
  rewrite: (bytes: Uint8Array) => Uint8Array;
}

/** One life without restarts. */
function live(kind: string): Uninterrupted {
  const samples = rows(before + count);
  const life = new Life(kind);
  const checkpoints: Uint8Array[] = [];
  const told: unknown[][] = [];
  for (const [index, sample] of samples.entries()) {
    if (index >= before) checkpoints.push(life.save());
    life.take(index, sample);
    told.push(life.told.splice(0));
  }
  checkpoints.push(life.save());
  life.end();
  return { checkpoints, told, samples, rewrite: rewriterOf(kind) };
}

/** Writes checkpoints again, as a process does that began with them: their rings begin with the oldest row then. */
function rewriterOf(kind: string): (bytes: Uint8Array) => Uint8Array {
  const life = new Life(kind);
  life.end();
  const written = new Map<Uint8Array, Uint8Array>();
  return (bytes) => {
    const known = written.get(bytes);
    if (known !== undefined) return known;
    life.resume(bytes);
    const again = life.save();
    written.set(bytes, again);
    return again;
  };
}

/**
 * A process knows nothing but the checkpoint that it begins with. So each life that begins with the checkpoint after `n`
 * samples stands for that part of all the runs with a restart there: those for each `k` that divides `n`. It must tell what the
 * uninterrupted run tells, and after each of these `k` leave a checkpoint with which the next life is one that is compared here too.
 */
function compareFrom(kind: string, n: number, { checkpoints, told, samples, rewrite }: Uninterrupted): void {
  const life = new Life(kind, checkpoints[n], before + n);
  let from = 0;
  for (let k = 1; k <= longest && n + k <= count; k++) {
    if (n % k !== 0) continue;
    for (; from < k; from++) {
      life.take(before + n + from, samples[before + n + from]);
      expect(life.told.splice(0), `what is told of sample ${n + from}, after ${n}`).toEqual(
        told[before + n + from],
      );
    }
    const [bytes, expected] = [life.save(), checkpoints[n + k]];
    if (Buffer.compare(bytes, expected) === 0) continue;
    const [one, other] = [rewrite(bytes), rewrite(expected)];
    if (Buffer.compare(one, other) === 0) continue;
    expect(decodeCheckpoint(one, `${n} and ${k}`)).toEqual(decodeCheckpoint(other, `${n} and ${k}`));
  }
  life.end();
}

describe.each(Object.keys(kinds))("%s", (kind) => {
  test("tells and learns the same with restarts after every k-th sample, for k from 1 to 50", {
    timeout: 0,
  }, () => {
    const uninterrupted = live(kind);
    for (let n = 0; n < count; n++) compareFrom(kind, n, uninterrupted);
  });
});
