/** What becomes of a changed checkpoint under a valid digest: refused in one sentence, or of use. */

import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../../../src/checkpoint/format.ts";
import { pack } from "../../../src/checkpoint/messagepack.ts";
import { createSha256, sha256Bytes } from "../../../src/checkpoint/sha256.ts";
import { storeState } from "../../../src/checkpoint/stored-state.ts";
import { RivuletError } from "../../../src/errors/errors.ts";
import type { State } from "../../../src/state.ts";
import type { Change } from "./changes.ts";
import type { Subject, Use } from "./subjects.ts";

/** Longest sentence, in characters. */
const longestSentence = 800;
/** A changed learner may have lost what it knew; it must not be much worse than knowing nothing for good. */
const worst = 2;

/** Encodes anything as a checkpoint file with a valid digest, whatever `encodeCheckpoint` would say. */
export function sealed(checkpoint: Checkpoint): Buffer {
  const { parameters, optimizerState, ...rest } = checkpoint;
  const tensors = (list: unknown) => storeTensors(list);
  const document = {
    format: "rivulet",
    version: 2,
    ...(storeState(rest as unknown as State, "") as object),
    parameters: tensors(parameters),
    optimizerState: tensors(optimizerState),
    digest: new Uint8Array(sha256Bytes),
  };
  const bytes = Buffer.concat(pack(document as never));
  const hash = createSha256();
  hash.update(bytes.subarray(0, -sha256Bytes));
  bytes.set(hash.digest(), bytes.length - sha256Bytes);
  return bytes;
}

/** Tensors have their bytes beside their shape; what is none stays as it is. */
function storeTensors(list: unknown): unknown {
  if (!Array.isArray(list)) return storeState(list as State, "tensors");
  return list.map((tensor) => {
    const { data, ...rest } = (tensor ?? {}) as { data?: unknown };
    const stored = storeState(rest as State, "tensor") as object;
    if (!(data instanceof Float32Array))
      return {
        ...stored,
        dtype: "f32",
        ...(data === undefined ? {} : { data: storeState(data as State, "data") }),
      };
    return { ...stored, dtype: "f32", data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
  });
}

export interface ChangeOutcome {
  isRefused: boolean;
  /** What is wrong with it; null where the file is refused as it should be, or is of use. */
  fault: string | null;
}

/** Tries one change. */
export function outcomeOf(subject: Subject, change: Change): ChangeOutcome {
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

function faultOfUse({ areFinite, loss, constantLoss }: Use): string | null {
  if (!areFinite) return "it is taken, and an answer is no finite number";
  if (loss <= worst * constantLoss) return null;
  return `it is taken, and its loss is ${loss}, that of a constant ${constantLoss}`;
}

/** A refusal is one sentence about the file, for a user. */
function faultOfRefusal(error: unknown): string | null {
  if (!(error instanceof RivuletError)) return `it throws ${(error as Error).stack?.slice(0, 300)}`;
  const { message } = error;
  if (message.includes("again.msgpack")) return `what is saved afterwards is refused: ${message}`;
  if (message.length > longestSentence)
    return `its refusal has ${message.length} characters: ${message.slice(0, 200)}…`;
  if (/\n|Cannot read|is not a function|undefined|not iterable/.test(message))
    return `its refusal is no sentence: ${message}`;
  return null;
}
