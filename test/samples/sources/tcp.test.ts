/** TCP connections over real sockets. */
import { createServer, type Server, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { createFrameDecoder } from "../../../src/samples/decoding/frames.ts";
import { SampleRing } from "../../../src/samples/ring.ts";
import type { SourceState } from "../../../src/samples/sources/source.ts";
import { createTcpSource, type TcpOptions } from "../../../src/samples/sources/tcp.ts";
import { freePort } from "../../free-port.ts";
import { until } from "../../until.ts";
import { fewFields, frames, takeIndices } from "../streams.ts";

/** A peer that sends samples, and the connections it has. */
async function peer(port = 0) {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    socket.on("error", () => {});
    sockets.push(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  });
  const stop = () => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(async () => void (await stop()));
  return { sockets, stop, port: (server.address() as { port: number }).port };
}

/** A source with a frame decoder behind it, wired as the daemon does. */
function receiver(port: number, options: Partial<TcpOptions> = {}) {
  const told: [SourceState, string][] = [];
  const ring = new SampleRing(2, 100_000, "drop-oldest");
  const decoder = createFrameDecoder(fewFields, ring);
  const source = createTcpSource({
    ...{ host: "127.0.0.1", port, reopenAfterMs: 5, reopenCeilingMs: 20 },
    onState: (state, sentence) => told.push([state, sentence]),
    onReconnect: () => decoder.reset(),
    ...options,
  });
  onTestFinished(() => source.close());
  const open = () => source.open((chunk, end) => void decoder.decode(chunk, 0, end, Date.now()));
  return { source, ring, decoder, told, open };
}

describe("a TCP source", () => {
  test("hands on every frame", async () => {
    const { sockets, port } = await peer();
    const { open, decoder, ring, source } = receiver(port);
    await open();
    await until(() => sockets.length === 1);
    const bytes = frames(0, 19_999);
    sockets[0].write(bytes);
    await until(() => decoder.counts.samples === 20_000);
    expect(decoder.counts).toMatchObject({ damaged: 0, missing: 0 });
    expect(takeIndices(ring)[19_999]).toBe(19_999);
    expect(source.counts).toMatchObject({ bytes: bytes.length, opens: 1, losses: 0 });
  });

  test("connects again when the peer vanishes in the middle of a frame, and loses that frame only", async () => {
    const { sockets, port } = await peer();
    const { open, decoder, ring, told, source } = receiver(port);
    await open();
    await until(() => sockets.length === 1);
    const first = frames(0, 9);
    sockets[0].write(first.subarray(0, first.length - 4));
    await until(() => source.counts.bytes === first.length - 4);
    sockets[0].resetAndDestroy();
    await until(() => sockets.length === 2);
    sockets[1].write(frames(20, 29));
    await until(() => decoder.counts.samples === 19);
    expect(decoder.counts).toMatchObject({ damaged: 1, missing: 0 });
    expect(takeIndices(ring)).toEqual([...Array(9).keys(), ...Array.from({ length: 10 }, (_, i) => 20 + i)]);
    expect(told.map(([, sentence]) => sentence)).toEqual([
      `connected to 127.0.0.1:${port}`,
      `the connection to 127.0.0.1:${port} was reset by the peer; reconnecting`,
      `connected to 127.0.0.1:${port}`,
    ]);
  });

  test("connects again when the peer says that it has nothing more, also where that never reads", async () => {
    const { sockets, port } = await peer();
    const { open, told, source } = receiver(port);
    await open();
    await until(() => sockets.length === 1 && source.counts.opens === 1);
    sockets[0].pause();
    while (source.write(new Uint8Array(1000))) await new Promise(setImmediate);
    sockets[0].end();
    await until(() => source.counts.opens === 2);
    expect(told.map(([, sentence]) => sentence)).toEqual([
      `connected to 127.0.0.1:${port}`,
      `the connection to 127.0.0.1:${port} was closed by the peer; reconnecting`,
      `connected to 127.0.0.1:${port}`,
    ]);
    expect(source.counts).toMatchObject({ losses: 1, failures: 0 });
  });

  test("waits for a peer that is not there yet, and says so once", async () => {
    const port = await freePort();
    const { open, told, source } = receiver(port);
    await open();
    await until(() => (source.counts.failures ?? 0) > 3);
    const late = await peer(port);
    await until(() => late.sockets.length === 1 && source.counts.opens === 1);
    late.sockets[0].write(frames(0, 0));
    await until(() => source.counts.bytes > 0);
    expect(told).toEqual([
      [
        "waiting",
        `the connection to 127.0.0.1:${port} was refused, no program listens there; retrying until it succeeds`,
      ],
      ["open", `connected to 127.0.0.1:${port}`],
    ]);
  });

  test("notices a peer that has gone without a word by its silence, and says so once", async () => {
    const { sockets, port } = await peer();
    const { open, told, source } = receiver(port, { silenceMs: 60 });
    await open();
    await until(() => sockets.length >= 4);
    expect(source.counts.losses).toBeGreaterThan(2);
    await until(() => {
      // A busy machine may have replaced the connection before what is written to it arrives.
      sockets.at(-1)?.write(frames(0, 0));
      return told.length >= 3;
    });
    expect(told.slice(0, 3)).toEqual([
      ["open", `connected to 127.0.0.1:${port}`],
      ["silent", `no byte from 127.0.0.1:${port} for 0.06 s; reconnecting`],
      ["open", `connected to 127.0.0.1:${port}`],
    ]);
  });

  test("sends what is written, taken over at once, and nothing to a peer that is not there", async () => {
    const { sockets, port } = await peer();
    const { open, source } = receiver(port, { reopenAfterMs: 100 });
    expect(source.write(Buffer.from("early"))).toBe(false);
    await open();
    await until(() => sockets.length === 1 && source.counts.opens === 1);
    let text = "";
    sockets[0].on("data", (bytes) => {
      text += bytes;
    });
    const message = Buffer.from("led on\nnever");
    expect([source.write(message, 7), source.write(message, 7)]).toEqual([true, true]);
    message.fill(0);
    await until(() => text === "led on\nled on\n");
    sockets[0].resetAndDestroy();
    await until(() => source.counts.losses === 1);
    expect([source.write(message), source.counts.droppedWrites]).toEqual([false, 2]);
    await until(() => sockets.length === 2);
  });

  test("drops what is written to a peer that never reads, and still reads what that sends", async () => {
    const { sockets, port } = await peer();
    const { open, source, decoder } = receiver(port);
    await open();
    await until(() => sockets.length === 1 && source.counts.opens === 1);
    sockets[0].pause();
    const message = new Uint8Array(1000);
    while (source.write(message)) await new Promise(setImmediate);
    for (let turn = 0; turn < 1000; turn++) expect(source.write(message)).toBe(false);
    expect(source.counts.droppedWrites).toBe(1001);
    sockets[0].write(frames(0, 99));
    await until(() => decoder.counts.samples === 100);
    expect(source.counts.losses).toBe(0);
  });

  test("holds the peer back while its consumer is busy", async () => {
    const { sockets, port } = await peer();
    const source = createTcpSource({ host: "127.0.0.1", port });
    onTestFinished(() => source.close());
    let largest = 0;
    let isBusy = true;
    await source.open((_, end) => {
      largest = Math.max(largest, end);
      const until = performance.now() + (isBusy ? 5 : 0);
      while (performance.now() < until);
    });
    await until(() => sockets.length === 1);
    const total = 1 << 24;
    let sent = false;
    sockets[0].write(Buffer.alloc(total), () => {
      sent = true;
    });
    await until(() => source.counts.bytes > 40 * 4096);
    // What is neither taken nor in the system's buffers is still the peer's.
    expect(sent).toBe(false);
    expect(largest).toBeLessThanOrEqual(4096);
    isBusy = false;
    await until(() => source.counts.bytes === total);
  });

  test("is closed for good while it is connected", async () => {
    const { sockets, port } = await peer();
    const { open, source, told } = receiver(port);
    await open();
    await until(() => sockets.length === 1 && source.counts.opens === 1);
    sockets[0].resume();
    await source.close();
    // By then its own connection has ended too.
    const other = receiver(port);
    await other.open();
    await until(() => sockets[0].destroyed && other.source.counts.opens === 1);
    expect(told.map(([state]) => state)).toEqual(["open", "closed"]);
    expect(source.counts).toMatchObject({ opens: 1, losses: 0, failures: 0 });
  });

  test("that is closed as it is opened makes no connection", async () => {
    const { sockets, port } = await peer();
    const closed = receiver(port);
    const opening = closed.open();
    await closed.source.close();
    await opening;
    // Connections are taken in the order in which they are made.
    const other = receiver(port);
    await other.open();
    await until(() => other.source.counts.opens === 1 && sockets.length > 0);
    expect([sockets.length, closed.source.counts.opens]).toEqual([1, 0]);
  });

  test("is closed for good, also while it waits", async () => {
    const { port, stop } = await peer();
    await stop();
    const { open, source, told } = receiver(port);
    await open();
    await until(() => told.length === 1);
    await source.close();
    await source.close();
    expect(told.at(-1)?.[0]).toBe("closed");
  });
});
