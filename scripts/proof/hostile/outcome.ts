/** What becomes of a changed checkpoint under a valid digest: refused in one sentence, or of use. */

import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../../../src/checkpoint/format.ts";
import { RivuletError } from "../../../src/errors/errors.ts";
import type { Change } from "./changes.ts";
import { sealed } from "./sealed.ts";
import type { Subject, Use } from "./subjects.ts";

/** Longest sentence, in characters. */
const longestSentence = 800;
/** A changed learner may have lost what it knew; it must not be much worse than knowing nothing for good. */
const worst = 2;

/** What came of many changes. */
export interface Tally {
  tried: number;
  refused: number;
  faults: string[];
}

export interface ChangeOutcome {
  isRefused: boolean;
  /** What is wrong with it; null where the file is refused as it should be, or is of use. */
  fault: string | null;
}

/** Tries one change. */
export function outcomeOf(subject: Subject, change: Change<Checkpoint>): ChangeOutcome {
  try {
    const read = decodeCheckpoint(sealed(change.of(subject.checkpoint)), "changed.msgpack");
    const use = subject.use(read, "changed.msgpack");
    const fault = faultOfUse(use);
    if (fault !== null) return { isRefused: false, fault };
    const again = decodeCheckpoint(Buffer.concat(encodeCheckpoint(use.saved)), "again.msgpack");
    subject.use(again, "again.msgpack");
    return { isRefused: false, fault: null };
  } catch (error) {
    return { isRefused: true, fault: faultOfRefusal(error) };
  }
}

function faultOfUse({ areFinite, loss, constantLoss, isHealthy }: Use): string | null {
  if (!areFinite) return "it is taken, and an answer is not a finite number";
  if (!isHealthy) return "it is taken, and stays unfit to be saved";
  if (loss <= worst * constantLoss) return null;
  return `it is taken, and its loss is ${loss}, that of a constant ${constantLoss}`;
}

/** A refusal is one sentence about the file, for a user. */
export function faultOfRefusal(error: unknown): string | null {
  if (!(error instanceof RivuletError)) return `it throws ${(error as Error).stack?.slice(0, 300)}`;
  const { message } = error;
  if (message.includes("again.msgpack")) return `what is saved afterwards is refused: ${message}`;
  if (message.length > longestSentence)
    return `its refusal has ${message.length} characters: ${message.slice(0, 200)}…`;
  if (/\n|Cannot read|is not a function|undefined|not iterable/.test(message))
    return `its refusal is no sentence: ${message}`;
  return null;
}
