/** `rivulet mqtt` between a daemon and Debian's broker, which is killed and started again. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../free-port.ts";
import { needing } from "../needs.ts";
import { folderWith, rivulet, startRivulet } from "../rivulet.ts";
import { until } from "../until.ts";

const broker = ["mosquitto", "/usr/sbin/mosquitto"].find(
  (name) => spawnSync(name, ["-h"]).error === undefined,
);
const withBroker = needing(broker !== undefined, "apt install mosquitto");

const source = `source: { stdin: true, framing: lines, fields: [a, b, label] }
target: { column: label, classes: 3 }
predictions: { alarm: { class: 2, on: 0.9, atLeast: 1ms } }
`;
const rowsFrom = (start: number, count: number) =>
  Array.from(
    { length: count },
    (_, row) => `${((start + row) % 3) + 0.1},${row % 7},${(start + row) % 3}\n`,
  ).join("");

async function startBroker(folder: string, port: number): Promise<ChildProcess> {
  writeFileSync(join(folder, "mosquitto.conf"), `listener ${port} 127.0.0.1\nallow_anonymous true\n`);
  const child = spawn(broker as string, ["-c", join(folder, "mosquitto.conf")], { stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** What comes from the broker by topic, the latest last. */
async function subscribe(port: number): Promise<{ client: MqttClient; heard: Map<string, string[]> }> {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 200 });
  onTestFinished(() => void client.end(true));
  const heard = new Map<string, string[]>();
  client.on("message", (topic, payload) =>
    heard.set(topic, [...(heard.get(topic) ?? []), payload.toString()]),
  );
  await client.subscribeAsync("#");
  return { client, heard };
}

test(
  "predictions reach a broker that is killed and started again, labels come back, and its end is told",
  withBroker,
  async () => {
    const [cwd, port] = [folderWith(), await freePort()];
    const configWith = (status: number) =>
      writeFileSync(
        join(cwd, "pump.yaml"),
        `${source}status: { listen: 127.0.0.1:${status} }\nmqtt: { url: "mqtt://127.0.0.1:${port}", discovery: homeassistant, every: 200ms }\n`,
      );
    configWith(await freePort());
    const daemon = startRivulet(["run", "pump.yaml", "--json"], { cwd, stdin: "pipe" });
    await daemon.event("status-page");
    let sent = 0;
    const feed = setInterval(() => {
      daemon.process.stdin?.write(rowsFrom(sent, 30));
      sent += 30;
    }, 100);
    onTestFinished(() => clearInterval(feed));
    const first = await startBroker(cwd, port);
    const bridge = startRivulet(["mqtt", "pump.yaml"], { cwd });
    await until(
      () => bridge.stdout.includes("connected to mqtt://"),
      () => bridge.stderr,
    );
    const { client, heard } = await subscribe(port);
    const latest = (name: string) => heard.get(`rivulet/pump/${name}`)?.at(-1);
    await until(
      () => latest("prediction") !== undefined && latest("alarm") === "ON",
      () => bridge.stderr,
    );
    expect(latest("availability")).toBe("online");
    expect(JSON.parse(latest("status") ?? "")).toMatchObject({ name: "pump", health: "learning" });
    expect(JSON.parse(latest("prediction") ?? "")).toMatchObject({
      sequence: expect.any(Number),
      alarm: expect.any(Boolean),
    });
    const discovery = JSON.parse(heard.get("homeassistant/device/rivulet-pump/config")?.at(-1) ?? "");
    expect(discovery).toMatchObject({
      availability_topic: "rivulet/pump/availability",
      device: { name: "pump" },
    });
    for (const component of Object.values(discovery.components)) {
      expect(component).toMatchObject({
        platform: expect.any(String),
        unique_id: expect.stringMatching(/^rivulet-pump-/),
      });
    }

    first.kill("SIGKILL");
    await until(() => bridge.stderr.includes("is tried again") || bridge.stderr.includes("is away"));
    heard.clear();
    await startBroker(cwd, port);
    await until(
      () =>
        latest("prediction") !== undefined &&
        latest("status") !== undefined &&
        latest("availability") === "online",
    );
    await client.publishAsync("rivulet/pump/label", '{"sequence":1,"label":0}');
    await until(() => latest("label/result") !== undefined);

    bridge.process.kill("SIGKILL");
    await until(() => latest("availability") === "offline");
    clearInterval(feed);
    daemon.process.stdin?.end();
    expect((await daemon.ended).code).toBe(0);
  },
);

test("says what is missing from a config, and from the machine", async () => {
  const cwd = folderWith({ "bare.yaml": `${source}status: { listen: 127.0.0.1:9 }\n` });
  const { code, stderr } = await rivulet(["mqtt", "bare.yaml"], { cwd });
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining('add a line such as mqtt: { url: "mqtt://localhost" }'),
  ]);
});
