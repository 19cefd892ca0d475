/** What a hostile broker sends to `rivulet mqtt`. */
import { createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { connectBroker } from "../../src/commands/mqtt/broker.ts";
import { until } from "../until.ts";

const accepted = Buffer.of(0x20, 2, 0, 0);
/** The begin of a message of 256 MB, by the digits of its length. */
const announced = Buffer.of(0x30, 0xff, 0xff, 0xff, 0x7f);

const configFor = (port: number) => ({
  ...{ url: `mqtt://127.0.0.1:${port}`, username: null, passwordFile: null },
  ...{ prefix: "rivulet", discovery: null, everyMs: 1000 },
});

test("a packet that does not end is not kept in memory", async () => {
  const received: number[] = [];
  const server = createServer((socket: Socket) => {
    const index = received.push(0) - 1;
    socket.on("error", () => {});
    socket.write(accepted);
    socket.write(announced);
    const chunk = Buffer.alloc(1 << 18);
    const pour = (): void => {
      socket.write(chunk, (error) => {
        if (error) return;
        received[index] += chunk.length;
        pour();
      });
    };
    pour();
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as { port: number };
  const told: string[] = [];
  const broker = await connectBroker(configFor(port), "pump", ({ text }) => void told.push(text));
  onTestFinished(() => void server.close());
  await until(() => received.length >= 2);
  expect(told).toContainEqual(expect.stringContaining("sends a packet of more than 1048576 bytes"));
  // It is connected to again, and ended again. What the kernel holds between the two is not in the memory of this process.
  expect(Math.max(...received)).toBeLessThan(32 << 20);
  await broker.close();
});

test("its own end is not told as a broker that is away", async () => {
  const server = createServer((socket: Socket) => {
    socket.on("error", () => {});
    socket.write(accepted);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  const told: string[] = [];
  const broker = await connectBroker(configFor(port), "pump", ({ text }) => void told.push(text));
  await until(() => told.length > 0);
  await broker.close();
  expect(told).toEqual([`connected to mqtt://127.0.0.1:${port}`]);
});
