/** What a hostile broker sends to `rivulet mqtt`. */
import { createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { connectBroker } from "../../src/commands/mqtt/broker.ts";
import { until } from "../until.ts";

const accepted = Buffer.of(0x20, 2, 0, 0);
/** The begin of a message of 256 MB, by the digits of its length. */
const announced = Buffer.of(0x30, 0xff, 0xff, 0xff, 0x7f);

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
  const config = {
    ...{ url: `mqtt://127.0.0.1:${port}`, username: null, passwordFile: null },
    ...{ prefix: "rivulet", discovery: null, everyMs: 1000 },
  };
  const broker = await connectBroker(config, "pump", ({ text }) => void told.push(text));
  onTestFinished(() => {
    void broker.close();
    server.close();
  });
  await until(() => received.length >= 2);
  expect(told).toContainEqual(expect.stringContaining("sends a packet of more than 1048576 bytes"));
  // It is connected to again, and ended again. What the kernel holds between the two is not in the memory of this process.
  expect(Math.max(...received)).toBeLessThan(32 << 20);
});
