/** The device's side of replies, as somebody else might write it: for tests of what is sent. */
import { decodeCobs } from "../../../src/samples/decoding/cobs.ts";
import { checksum, crc16CcittFalse, crc32IsoHdlc, createCrc } from "../../../src/samples/decoding/crc.ts";

export interface Reply {
  kind: "prediction" | "score" | "alarm";
  sequence: number;
  milliseconds?: number;
  class?: number;
  on?: number;
  /** Probability, number, score or standard deviations. */
  value: number;
  baseline?: number;
}

/** What is sent between two zeros, as a reply; null where it is none. */
export function replyOf(stuffed: Uint8Array, crcBits: 16 | 32): Reply | null {
  const frame = new Uint8Array(stuffed.length);
  const length = decodeCobs(stuffed, 0, stuffed.length, frame, 0);
  if (length !== 16 + crcBits / 8) return null;
  const view = new DataView(frame.buffer);
  const crc = createCrc(crcBits === 16 ? crc16CcittFalse : crc32IsoHdlc);
  const sent = crcBits === 16 ? view.getUint16(16, true) : view.getUint32(16, true);
  if (checksum(crc, frame, 0, 16) >>> 0 !== sent || frame[1] !== 0) return null;
  const common = { sequence: view.getUint16(2, true), milliseconds: view.getUint32(4, true) };
  const [first, second] = [view.getFloat32(8, true), view.getFloat32(12, true)];
  const [klass, on] = [view.getUint16(8, true), view.getUint16(10, true)];
  if (frame[0] === 2 && on === 0) return { kind: "prediction", ...common, class: klass, value: second };
  if (frame[0] === 3) return { kind: "score", ...common, value: first, baseline: second };
  return frame[0] === 4 ? { kind: "alarm", ...common, class: klass, on, value: second } : null;
}

/** The whole replies in what a device was sent, in order; throws where something else is among them. */
export function readFrames(bytes: Uint8Array, crcBits: 16 | 32 = 16): Reply[] {
  const replies: Reply[] = [];
  let start = 0;
  for (let zero = bytes.indexOf(0); zero >= 0; zero = bytes.indexOf(0, start)) {
    const stuffed = bytes.subarray(start, zero);
    start = zero + 1;
    if (stuffed.length === 0) continue;
    const reply = replyOf(stuffed, crcBits);
    if (reply === null) throw new Error(`no reply: ${Buffer.from(stuffed).toString("hex")}`);
    replies.push(reply);
  }
  return replies;
}

/** The same of lines; `ofClasses` says whether a class is predicted. */
export function readLines(bytes: Uint8Array, ofClasses = true): Reply[] {
  const lines = Buffer.from(bytes).toString().split("\n").slice(0, -1);
  return lines
    .filter((line) => line !== "")
    .map((line): Reply => {
      const [kind, ...cells] = line.split(",");
      const numbers = cells.map(Number);
      const count = 2 + Number(ofClasses && kind !== "score") + Number(kind !== "prediction");
      if (numbers.length !== count || numbers.some((number) => !Number.isFinite(number))) {
        throw new Error(`no reply: ${line}`);
      }
      const sequence = numbers[count - 1];
      if (kind === "score") return { kind, sequence, value: numbers[0], baseline: numbers[1] };
      if (kind === "alarm") {
        const subject = ofClasses ? { class: numbers[1] } : {};
        return { kind, sequence, on: numbers[0], ...subject, value: numbers[count - 2] };
      }
      if (kind !== "prediction") throw new Error(`no reply: ${line}`);
      if (!ofClasses) return { kind, sequence, value: numbers[0] };
      return { kind, sequence, class: numbers[0], value: numbers[1] };
    });
}
