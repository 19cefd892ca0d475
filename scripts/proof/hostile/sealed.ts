/** Files with a valid digest that no Rivulet would write. */
import type { Checkpoint } from "../../../src/checkpoint/format.ts";
import { pack } from "../../../src/checkpoint/messagepack.ts";
import { createSha256, sha256Bytes } from "../../../src/checkpoint/sha256.ts";
import { storeState } from "../../../src/checkpoint/stored-state.ts";
import type { State } from "../../../src/state.ts";

/** Encodes anything as a checkpoint file with a valid digest, whatever `encodeCheckpoint` would say. */
export function sealed(checkpoint: Checkpoint): Buffer {
  const { parameters, optimizerState, ...rest } = checkpoint;
  const tensors = (list: unknown) => storeTensors(list);
  const present = (key: string, list: unknown) => (list === undefined ? {} : { [key]: tensors(list) });
  const document = {
    format: "rivulet",
    version: 2,
    ...(storeState(rest as unknown as State, "") as object),
    ...present("parameters", parameters),
    ...present("optimizerState", optimizerState),
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
