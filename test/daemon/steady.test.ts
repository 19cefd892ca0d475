/** The daemon beside a clock that is set and a device that is too slow: in this process, where both can be made. */
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { parseConfig } from "../../src/config/config.ts";
import { Daemon } from "../../src/daemon/daemon.ts";
import type { LogEntry } from "../../src/daemon/log.ts";
import { createSteadyClock } from "../../src/samples/sources/clock.ts";
import { folderWith } from "../rivulet.ts";
import { until } from "../until.ts";

/** A daemon at a peer, the hands of its clock, and a way to let its timers see time pass. */
async function bench() {
  const server = createServer();
  const connected = () => new Promise<Socket>((resolve) => server.once("connection", resolve));
  const peer = connected();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const config = parseConfig(
    `source: { tcp: { host: 127.0.0.1, port: ${port} }, framing: lines, fields: [a, b, label], rate: 10 }
target: { column: label, classes: 2 }
`,
    join(folderWith(), "c.yaml"),
  );
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const hands = { system: 1_000_000, uptime: 3 };
  const clock = createSteadyClock({ system: () => hands.system, uptime: () => hands.uptime });
  const entries: LogEntry[] = [];
  const daemon = new Daemon(config, { log: (entry) => entries.push(entry), clock });
  await daemon.start();
  let socket = await peer;
  onTestFinished(async () => {
    vi.useRealTimers();
    await daemon.stop();
    socket.destroy();
    server.close();
  });
  const restOfLine = "the rest of a line\n";
  socket.write(restOfLine);
  const reconnect = async () => {
    const next = connected();
    socket.destroy();
    socket = await next;
    socket.write(restOfLine);
  };
  let sent = 0;
  const samples = async (count: number) => {
    sent += count;
    socket.write("0.25,0.5,1\n".repeat(count));
    await until(() => daemon.status().samples === sent);
  };
  const pass = (seconds: number) => {
    hands.uptime += seconds;
    hands.system += 1000 * seconds;
    vi.advanceTimersByTime(1000 * seconds);
  };
  const told = (event: string) => entries.filter((entry) => entry.event === event);
  return { daemon, hands, samples, pass, told, reconnect };
}

test("a clock that is set is reported once, and harms no rate", async () => {
  const { daemon, hands, samples, pass, told } = await bench();
  pass(10); // the window in which the connection was made
  await samples(100);
  hands.system += 400 * 86_400_000;
  pass(10);
  await samples(100);
  pass(10);
  expect(daemon.status().rate).toEqual({ declared: 10, measured: 10, farWindows: 0, isFar: false });
  expect(told("clock-set").map(({ text }) => text)).toEqual([
    "the system's clock was set forward by 400 d; the times of samples go on as they were until the next start",
  ]);
});

test("a rate that is far from the declared one is reported once, and silence is not a rate", async () => {
  const { daemon, samples, pass, told } = await bench();
  pass(10);
  for (const count of [100, 30, 30, 0, 0, 100]) {
    if (count > 0) await samples(count);
    pass(10);
  }
  expect(told("rate-far").map(({ text }) => text)).toEqual([
    "3 samples a second come, and source.rate declares 10; see what the device does, or correct it",
  ]);
  expect(told("rate-right")).toHaveLength(1);
  expect(daemon.status().rate).toEqual({ declared: 10, measured: 10, farWindows: 2, isFar: false });
});

test("a rate is not judged by the time in which a connection is away", async () => {
  const { daemon, samples, pass, told, reconnect } = await bench();
  pass(10);
  await samples(20);
  await reconnect();
  await samples(10);
  pass(10);
  expect(daemon.status().rate).toMatchObject({ measured: null, farWindows: 0 });
  await samples(100);
  pass(10);
  expect(daemon.status().rate).toMatchObject({ measured: 10, farWindows: 0 });
  expect(told("rate-far")).toEqual([]);
});
