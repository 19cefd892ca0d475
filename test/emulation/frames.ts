/**
 * The frames of DESIGN.md section 5, decoded once more and as plainly as possible: the sender is C, the
 * receiver is src/samples, and this is the third opinion.
 */
import { demoFirmware } from "../../src/emulation/demo-firmware.ts";

export interface Frame {
  sequence: number;
  milliseconds: number;
  /** In the order of the fields, scaled. */
  values: number[];
}

/** CRC-16/CCITT-FALSE. */
function crc16(bytes: number[]): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc;
}

function unstuff(stuffed: number[]): number[] {
  const bytes: number[] = [];
  for (let at = 0; at < stuffed.length; ) {
    const block = stuffed[at];
    bytes.push(...stuffed.slice(at + 1, at + block), 0);
    at += block;
  }
  return bytes.slice(0, -1);
}

function decodeFrame(stuffed: number[]): Frame {
  const bytes = unstuff(stuffed);
  const view = new DataView(Uint8Array.from(bytes).buffer);
  const crc = view.getUint16(bytes.length - 2, true);
  if (bytes[0] !== 1 || bytes[1] !== 0)
    throw new Error(`frame of type ${bytes[0]}, reserved byte ${bytes[1]}`);
  if (crc16(bytes.slice(0, -2)) !== crc) throw new Error("frame with a wrong CRC");
  let at = 8;
  const values = demoFirmware.fields.map(({ type, scale, offset }) => {
    const raw =
      type === "u8" ? view.getUint8(at) : type === "i16" ? view.getInt16(at, true) : view.getUint16(at, true);
    at += type === "u8" ? 1 : 2;
    return raw * scale + offset;
  });
  if (at !== bytes.length - 2) throw new Error(`${bytes.length} bytes where ${at + 2} are expected`);
  return { sequence: view.getUint16(2, true), milliseconds: view.getUint32(4, true), values };
}

/** All whole frames of a stream that begins with a frame or a zero byte; throws on anything damaged. */
export function decodeStream(stream: Uint8Array): Frame[] {
  const frames: Frame[] = [];
  let stuffed: number[] = [];
  for (const byte of stream) {
    if (byte !== 0) stuffed.push(byte);
    else if (stuffed.length > 0) {
      frames.push(decodeFrame(stuffed));
      stuffed = [];
    }
  }
  return frames;
}

/** Throws where a sequence number does not follow the one before, beginning with 0. */
export function assertComplete(frames: Frame[]): void {
  for (const [index, { sequence }] of frames.entries()) {
    if (sequence !== index % 65536) throw new Error(`frame ${index} has the sequence number ${sequence}`);
  }
}
