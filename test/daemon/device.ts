/** The other end of a serial port: a device that sends samples through a real pseudo-terminal. */
import { readlinkSync, rmSync, symlinkSync } from "node:fs";
import { afterAll } from "vitest";
import { openByPackage, openByPerl, openPseudoTerminal } from "../../src/emulation/pseudo-terminal.ts";
import { createRandom } from "../../src/engine/model/random.ts";
import { defineFields } from "../../src/samples/decoding/fields.ts";
import { createFrameEncoder } from "../../src/samples/decoding/frames.ts";

export const fields = defineFields([
  { name: "x", type: "f32" },
  { name: "y", type: "f32" },
  { name: "label", type: "u8" },
]);

/** The same columns in YAML. */
export const fieldsInYaml = "[{ name: x, type: f32 }, { name: y, type: f32 }, { name: label, type: u8 }]";

/** Closed when the tests of the file are over. */
const devices = new Set<Device>();
afterAll(() => {
  for (const device of devices) device.unplug();
});

const encoder = createFrameEncoder(fields);

export interface Device {
  /** Sends what a listener who comes in the middle cannot use: in lines the rest of one, in frames nothing. */
  begin(): void;
  /** Sends the next samples of the stream, of a rule that bends: x, y, class 0 to 2. */
  samples(count: number): void;
  sample(x: number, y: number, label: number): void;
  /** Sets the device's own milliseconds, which are otherwise its count of samples; they go on by one a sample. */
  setClock(milliseconds: number): void;
  bytes(bytes: Uint8Array): void;
  text(text: string): void;
  /** What it was sent so far, where it reads. */
  readonly received: Uint8Array;
  /** Makes `link` lead to this device. */
  plugIn(link: string): void;
  /** The path of the port. */
  readonly path: string;
  /** Takes the device away: the port hangs up, and its links go. */
  unplug(): void;
}

/** What a device does with what it is sent: it leaves that where it is, reads it, or sends it back too. */
type Listening = "deaf" | "reading" | "looping";

function leadsTo(link: string, path: string): boolean {
  try {
    return readlinkSync(link) === path;
  } catch {
    return false; // it is gone, maybe with its folder
  }
}

/** A stream of samples, which may go through several ports, one after the other. */
export function createStream(framing: "frames" | "lines" = "frames") {
  const random = createRandom(7);
  let sequence = 0;
  let milliseconds = 0;
  return {
    /** A new device on a new port, through which the stream goes on. */
    open(listening: Listening = "deaf"): Device {
      // By perl where that works: its end is not inherited by the daemon, which would hold its own port open.
      const terminal = openPseudoTerminal([openByPerl, openByPackage]);
      let waiting: Uint8Array = new Uint8Array(0);
      let received: Uint8Array = new Uint8Array(0);
      const listen = () => {
        const buffer = new Uint8Array(4096);
        const heard = buffer.subarray(0, Math.max(0, terminal.read(buffer)));
        received = Buffer.concat([received, heard]);
        if (listening === "looping") device.bytes(heard);
      };
      const timer = setInterval(() => {
        if (listening !== "deaf") listen();
        if (waiting.length > 0) waiting = waiting.subarray(terminal.write(waiting));
      }, 2);
      const links = new Set<string>();
      const device: Device = {
        path: terminal.path,
        get received() {
          return received;
        },
        bytes(bytes) {
          waiting = Buffer.concat([waiting, bytes]);
        },
        text: (text) => device.bytes(Buffer.from(text)),
        begin() {
          if (framing === "lines") device.text("7,7,0\n");
        },
        sample(x, y, label) {
          sequence++;
          milliseconds++;
          if (framing === "lines") return device.text(`${x},${y},${label}\n`);
          const frame = new Uint8Array(encoder.maximumBytes);
          device.bytes(frame.subarray(0, encoder.encode([x, y, label], sequence, milliseconds, frame, 0)));
        },
        setClock(next) {
          milliseconds = next;
        },
        samples(count) {
          for (let i = 0; i < count; i++) {
            const x = 2 * random.uniform() - 1;
            const y = 2 * random.uniform() - 1;
            device.sample(x, y, x * x + y * y < 0.25 ? 2 : Number(x * y > 0));
          }
        },
        plugIn(link) {
          rmSync(link, { force: true });
          symlinkSync(terminal.path, link);
          links.add(link);
        },
        unplug() {
          devices.delete(device);
          clearInterval(timer);
          // As udev does. Otherwise the link would lead to the next terminal that gets this one's number, in another test.
          for (const link of links) if (leadsTo(link, terminal.path)) rmSync(link, { force: true });
          terminal.close();
        },
      };
      devices.add(device);
      return device;
    },
  };
}
