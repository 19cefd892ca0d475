/** UDP datagrams over real sockets on the loopback interface. */
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Decoder } from "../../../src/samples/decoding/decoder.ts";
import { createLineDecoder } from "../../../src/samples/decoding/lines.ts";
import { framings } from "../../../src/samples/framings/framings.ts";
import { SampleRing } from "../../../src/samples/ring.ts";
import type { SourceState } from "../../../src/samples/sources/source.ts";
import { createUdpSource, type UdpOptions } from "../../../src/samples/sources/udp.ts";
import { discardedOf } from "../../../src/samples/sources/unread-datagrams.ts";
import { freePort } from "../../free-port.ts";
import { until } from "../../until.ts";
import { fewFields, frames, takeIndices, takeRows } from "../streams.ts";

/** Of the system's sockets. */
const table = "/proc/self/net/udp";

/** A socket of a device, bound to a port of the system's choice. */
async function device(port = 0) {
  const socket = createSocket("udp4");
  const received: string[] = [];
  socket.on("message", (datagram) => received.push(datagram.toString()));
  await new Promise<void>((resolve) => socket.bind(port, "127.0.0.1", resolve));
  let isOpen = true;
  const close = () =>
    new Promise<void>((resolve) => {
      if (!isOpen) resolve();
      else socket.close(resolve);
      isOpen = false;
    });
  onTestFinished(close);
  const send = (bytes: Uint8Array | string, to: number) =>
    new Promise<void>((resolve) => socket.send(bytes, to, "127.0.0.1", () => resolve()));
  return { port: socket.address().port, received, send, close };
}

/** A source with a decoder behind it, wired as the daemon does. */
function receiver(port: number, framing: "frames" | "lines", options: Partial<UdpOptions> = {}) {
  const told: [SourceState, string][] = [];
  const ring = new SampleRing(2, 1000, "drop-oldest");
  const { delimiter } = framings[framing];
  const decoder: Decoder =
    framing === "lines"
      ? createLineDecoder(fewFields, ring, { startsAtLine: true })
      : framings.frames.createDecoder(fewFields, ring, {
          ...{ crc: 16, startsAtLine: true, refuseReplies: false, passNonFinite: true },
        });
  const source = createUdpSource({
    ...{ host: "127.0.0.1", port, delimiter, reopenAfterMs: 5, reopenCeilingMs: 20 },
    onState: (state, sentence) => told.push([state, sentence]),
    onReconnect: () => decoder.reset(),
    ...options,
  });
  onTestFinished(() => source.close());
  const open = () => source.open((chunk, end) => void decoder.decode(chunk, 0, end, Date.now()));
  return { source, ring, decoder, told, open };
}

describe("a UDP source", () => {
  test("reads lines that have no end, one after the other and from several devices", async () => {
    const port = await freePort();
    const { open, decoder, ring, source } = receiver(port, "lines");
    await open();
    const [one, other] = [await device(), await device()];
    await one.send("100,1", port);
    await other.send("200,2\n300,3", port);
    await one.send("400,4\n", port);
    await until(() => decoder.counts.samples === 4);
    expect(decoder.counts.damaged).toBe(0);
    const rows = takeRows(ring);
    expect(rows.map((row) => row[1]).sort()).toEqual([1, 2, 3, 4]);
    expect(source.counts).toMatchObject({ bytes: 5 + 11 + 6, opens: 1, losses: 0 });
  });

  test("counts the frames of datagrams that the network lost, and a half one harms no other", async () => {
    const port = await freePort();
    const { open, decoder, ring } = receiver(port, "frames");
    await open();
    const { send } = await device();
    await send(frames(0, 9), port);
    await until(() => decoder.counts.samples === 10);
    await send(frames(10, 10).subarray(0, 9), port);
    await until(() => decoder.counts.damaged === 1);
    await send(frames(15, 19), port);
    await until(() => decoder.counts.samples === 15);
    expect(decoder.counts).toMatchObject({ damaged: 1, missing: 5 });
    expect(takeIndices(ring).slice(10)).toEqual([15, 16, 17, 18, 19]);
  });

  test("answers the sender of the latest datagram, and nobody before the first", async () => {
    const port = await freePort();
    const { open, decoder, source } = receiver(port, "lines");
    const answer = Buffer.from("prediction,1,0.9,0\n#");
    expect(source.write(answer)).toBe(false);
    await open();
    expect(source.write(answer)).toBe(false);
    const { send, received } = await device();
    await send("100,1", port);
    await until(() => decoder.counts.samples === 1);
    expect(source.write(answer, answer.length - 1)).toBe(true);
    await until(() => received.length === 1);
    expect(received).toEqual(["prediction,1,0.9,0\n"]);
    expect(source.counts.droppedWrites).toBe(2);
  });

  test("ignores other senders than the configured one", async () => {
    const port = await freePort();
    const { open, decoder } = receiver(port, "lines", { from: "127.0.0.9" });
    await open();
    const { send } = await device();
    await send("100,1", port);
    const named = createSocket("udp4");
    onTestFinished(() => void named.close());
    await new Promise<void>((resolve) => named.bind(0, "127.0.0.9", resolve));
    await new Promise((resolve) => named.send("200,2", port, "127.0.0.1", resolve));
    await until(() => decoder.counts.samples === 1);
    expect(decoder.counts.bytes).toBe("200,2\n".length);
  });

  test("waits for a port that another program uses", async () => {
    const other = await device();
    const { open, told, source, decoder } = receiver(other.port, "lines");
    await open();
    await until(() => (source.counts.failures ?? 0) >= 2);
    await other.close();
    await until(() => source.counts.opens === 1);
    const { send } = await device();
    await send("100,1", other.port);
    await until(() => decoder.counts.samples === 1);
    const place = `UDP port ${other.port} of 127.0.0.1`;
    expect(told).toEqual([
      ["waiting", `${place} is in use by another program; retrying until it opens`],
      ["open", `listening on ${place}`],
    ]);
  });

  test("opens the socket again after silence, and says when a datagram comes", async () => {
    const port = await freePort();
    const { open, told, source, decoder } = receiver(port, "lines", { silenceMs: 20 });
    await open();
    await until(() => source.counts.opens >= 3);
    expect(told.map(([state]) => state)).toEqual(["open", "silent"]);
    const { send } = await device();
    await until(() => {
      void send("100,1", port);
      return decoder.counts.samples > 0;
    });
    expect(told.map(([state]) => state).slice(0, 3)).toEqual(["open", "silent", "open"]);
  });

  test.runIf(existsSync(table))(
    "counts the datagrams that the system discards while nobody reads",
    async () => {
      const port = await freePort();
      const { open, decoder, source } = receiver(port, "lines");
      await open();
      // In another process, for which this one waits, so that the buffer of the socket overflows.
      const script = `
      const socket = require("node:dgram").createSocket("udp4");
      let left = 10_000;
      const sent = () => --left === 0 && socket.close();
      for (let i = 0; i < 10_000; i++) socket.send("100,1", ${port}, "127.0.0.1", sent);`;
      execFileSync(process.execPath, ["-e", script]);
      const discarded = () => discardedOf(readFileSync(table, "latin1"), "127.0.0.1", port);
      await until(() => decoder.counts.samples + discarded() === 10_000);
      const expected = discarded();
      await source.close();
      expect(expected).toBeGreaterThan(0);
      expect(source.counts.discarded).toBe(expected);
    },
  );

  test("passes on nothing and reopens nothing while it closes", async () => {
    const port = await freePort();
    const { open, told, source, decoder } = receiver(port, "lines", { silenceMs: 1 });
    const { send } = await device();
    await open();
    const closing = source.close();
    await send("100,1", port);
    await closing;
    expect(decoder.counts.bytes).toBe(0);
    expect(told.map(([state]) => state).filter((state) => state === "silent")).toEqual([]);
  });

  test("says nothing more, and frees the port, once it is closed", async () => {
    const port = await freePort();
    const { open, told, source, decoder } = receiver(port, "lines", { silenceMs: 20 });
    await open();
    await source.close();
    await source.close();
    const { send } = await device(port);
    await send("100,1", port);
    expect(decoder.counts.bytes).toBe(0);
    expect(told.map(([state]) => state)).toEqual(["open", "closed"]);
  });
});
