/**
 * Changes every byte of a file, and cuts it at every length: of a checkpoint, a model, a recording and the status of a board.
 * A checkpoint is refused in one sentence; of a recording what is read was recorded, in its order.
 */
import { decodeCheckpoint } from "../../../src/checkpoint/format.ts";
import { readModel } from "../../../src/continuing/model-file.ts";
import { RivuletError } from "../../../src/errors/errors.ts";
import { RecordingDecoder } from "../../../src/recording/decoder.ts";
import { BlockEncoder, encodeHeader } from "../../../src/recording/format.ts";
import { defineFields } from "../../../src/samples/decoding/fields.ts";
import { SampleRing } from "../../../src/samples/ring.ts";
import { decodeStatus } from "../../../src/sync/device-status.ts";
import { faultInDocument, statusBytes } from "./documents.ts";
import { faultOfRefusal, type Tally } from "./outcome.ts";
import { sealed } from "./sealed.ts";
import type { Subject } from "./subjects.ts";

/** What one byte becomes. */
const changes: ((byte: number) => number)[] = [
  (byte) => byte ^ 1,
  (byte) => byte ^ 0x80,
  (byte) => (byte === 0 ? 0xff : 0),
];

/** A file, and what reading it comes to: "refused", "used", or what is wrong with it. */
interface ByteSubject {
  name: string;
  bytes: Uint8Array;
  /** @throws RivuletError where it is refused */
  read(bytes: Uint8Array): "refused" | "used" | string;
}

/** Tries every `step`th change and length of every file. @param subjects of which the smallest network and model are taken */
export function tryBytes(subjects: readonly Subject[], step: number): Tally {
  const tally: Tally = { tried: 0, refused: 0, faults: [] };
  for (const { name, bytes, read } of byteSubjects(subjects)) {
    if (read(bytes) !== "used") tally.faults.push(`${name}: it is refused unchanged`);
    for (let at = 0; at < bytes.length; at += step) {
      for (const change of changes) {
        const changed = Uint8Array.from(bytes);
        changed[at] = change(changed[at]);
        attempt(`${name}, byte ${at} := ${changed[at]}`, () => read(changed), tally);
      }
      attempt(`${name}, cut to ${at} bytes`, () => read(bytes.subarray(0, at)), tally);
    }
  }
  return tally;
}

function attempt(name: string, read: () => string, tally: Tally): void {
  tally.tried++;
  let outcome: string;
  try {
    outcome = read();
  } catch (error) {
    const fault = error instanceof RivuletError ? faultOfRefusal(error) : `it throws ${error}`;
    outcome = fault ?? "refused";
  }
  if (outcome === "refused") tally.refused++;
  else if (outcome !== "used") tally.faults.push(`${name}: ${outcome}`);
}

function byteSubjects(subjects: readonly Subject[]): ByteSubject[] {
  const named = (name: string) =>
    sealed((subjects.find((subject) => subject.name === name) as Subject).checkpoint);
  const [network, model] = [named("network, classes"), named("model, classes")];
  const isWhole = (whole: Uint8Array, bytes: Uint8Array) => Buffer.compare(whole, bytes) === 0;
  return [
    {
      name: "checkpoint",
      bytes: network,
      read(bytes) {
        decodeCheckpoint(bytes, "changed.msgpack");
        return isWhole(network, bytes)
          ? "used"
          : "it is taken, and its bytes are not those that were written";
      },
    },
    {
      name: "model",
      bytes: model,
      read(bytes) {
        readModel(bytes, "changed.msgpack");
        return isWhole(model, bytes) ? "used" : "it is taken, and its bytes are not those that were written";
      },
    },
    { name: "recording", bytes: recording(), read: readRecording },
    {
      name: "status",
      bytes: statusBytes,
      read(bytes) {
        const status = decodeStatus(bytes);
        return status === null ? "refused" : (faultInDocument(status) ?? "used");
      },
    },
  ];
}

const fields = defineFields([
  { name: "number", type: "f32" },
  { name: "half", type: "f32" },
]);
const rowsInBlock = 7;
const rows = 40;

function recording(): Uint8Array {
  const header = { name: "hostile", createdAt: "2026-01-31T12:00:00.000Z", source: "a program", fields };
  const encoder = new BlockEncoder(fields, rowsInBlock);
  const chunks = [encodeHeader(header)];
  for (let row = 0; row < rows; row++) {
    const add = () => encoder.add(Float64Array.of(row, row / 2), 0, 1e12 + row, row, Number.NaN);
    if (add()) continue;
    chunks.push(Uint8Array.from(encoder.take()));
    add();
  }
  return Buffer.concat([...chunks, encoder.take()]);
}

function readRecording(bytes: Uint8Array): string {
  const ring = new SampleRing(fields.length, rows, "pause");
  const decoder = new RecordingDecoder(null, () => ring, "changed.rec");
  for (let at = 0; at < bytes.length; ) {
    const next = decoder.decode(bytes, at, bytes.length);
    if (next === at) return "it is not read to its end";
    at = next;
  }
  decoder.finish();
  let last = -1;
  for (; ring.length > 0; ring.release()) {
    const [number, half] = ring.values.subarray(ring.front(), ring.front() + fields.length);
    if (half !== number / 2 || number <= last || number >= rows)
      return `a sample of ${number} and ${half} is read`;
    last = number;
  }
  return "used";
}
