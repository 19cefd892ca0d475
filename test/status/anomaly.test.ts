/** What others see of a daemon that watches for anomalies. */
import { spawnSync } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { discoveryOf } from "../../src/commands/mqtt/discovery.ts";
import { deviceReport } from "../../src/daemon/device-report.ts";
import type { StatusDocument } from "../../src/status/document.ts";
import { until } from "../until.ts";
import { startWatched } from "./bench.ts";

test("state and metrics say what is watched and that it is learned yet, and nothing can be normal so early", async () => {
  const bench = await startWatched({ more: "anomaly: { alarmsPerWeek: 3 }" });
  await bench.samples(30);
  const { anomaly } = (await (await bench.get("/status.json")).json()) as { anomaly: object };
  expect(anomaly).toMatchObject({
    columns: ["a", "b"],
    alarmsPerWeek: 3,
    alarms: 0,
    isWarm: false,
    isOpen: false,
    samplesToWarm: 470,
    text: "learning what is normal, no alarm for another 470 samples",
  });
  const metrics = await (await bench.get("/metrics")).text();
  expect(metrics).toContain("rivulet_anomaly_ready 0\n");
  expect(metrics).toContain("rivulet_anomaly_open 0\n");
  expect(metrics).toContain("rivulet_anomalies_total 0\n");
  const answer = await bench.post("/normal", {}, "{}");
  expect([answer.status, await answer.json()]).toEqual([
    409,
    { done: false, text: "there has been no anomaly that could be normal" },
  ]);
  const stranger = await fetch(`${bench.base}/normal`, { method: "POST" });
  expect(stranger.status).toBe(401);
});

/** What an address is sent. */
async function receiver() {
  const bodies: { [key: string]: unknown }[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    request.on("end", () => {
      bodies.push(...JSON.parse(text).predictions);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { bodies, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

/** The first status of `/events`, and whether it said so within the same stream. */
async function firstEvent(get: (path: string) => Promise<Response>): Promise<StatusDocument> {
  const response = await get("/events");
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  let text = "";
  while (!/^data: .*\n\n/m.test(text)) text += new TextDecoder().decode((await reader.read()).value);
  await reader.cancel();
  return JSON.parse(/^data: (.*)$/m.exec(text)?.[1] as string);
}

const valueAt = (document: object, path: string) =>
  path.split(".").reduce<unknown>((part, name) => (part as Record<string, unknown>)[name], document);

test("an episode is in state, events, metrics, discovery, the host's problems, and the webhook hears of both ends", async () => {
  const { bodies, url } = await receiver();
  const { daemon, samples, get, post, peer } = await startWatched({
    more: `anomaly: { alarmsPerWeek: 3 }\npredictions: { webhook: { url: "${url}", on: alarm }, alarm: { of: anomaly, atLeast: 5ms } }`,
  });
  await samples(900);
  expect(daemon.status().anomaly).toMatchObject({ isWarm: true, alarms: 0 });
  const far = 3;
  peer.sockets[0].write("90,0,1\n".repeat(far));
  await until(() => daemon.status().samples >= 900 + far);

  const document = await firstEvent(get);
  expect(document.anomaly).toMatchObject({ isOpen: true, alarms: 1 });
  const [episode] = (document.anomaly as NonNullable<StatusDocument["anomaly"]>).episodes;
  expect(episode).toMatchObject({ column: "a", seen: 90, until: null, outcome: null });
  expect(document.recent.some(({ event, problem }) => event === "anomaly" && problem)).toBe(true);
  const metrics = await (await get("/metrics")).text();
  expect(metrics).toContain("rivulet_anomaly_open 1\n");
  expect(metrics).toContain("rivulet_anomalies_total 1\n");
  const checked = spawnSync("promtool", ["check", "metrics"], { input: metrics, encoding: "utf8" });
  if (checked.error === undefined) expect([checked.stderr, checked.status]).toEqual(["", 0]);
  // By when the samples come, the second or the third is a little more unusual than the first.
  const { problems } = deviceReport(daemon.status());
  expect(problems).toEqual([
    expect.stringMatching(/^anomaly in a since .*: evidence \d+\.\d(, up to \d+\.\d.* seen.*)?$/),
  ]);

  // Home Assistant is told of values that the status has.
  const { components } = discoveryOf(document, {
    topic: "rivulet/bench",
    everyMs: 10_000,
    hasAlarm: false,
  }) as {
    components: Record<string, { value_template: string }>;
  };
  expect(components["alarm"]).toMatchObject({ state_topic: "rivulet/bench/alarm" });
  for (const id of ["anomaly", "evidence"]) {
    const path = /value_json\.([\w.]+)/.exec(components[id].value_template)?.[1] as string;
    expect(valueAt(document, path)).toBeDefined();
  }

  await until(() => bodies.length === 1);
  expect(bodies[0]).toMatchObject({ alarm: true, episode: { number: 1, column: "a", seen: 90 } });
  expect(await (await post("/normal", {}, "{}")).json()).toMatchObject({ done: true });
  await until(() => {
    peer.sockets[0].write("1,0,1\n");
    return bodies.length === 2;
  });
  expect(bodies[1]).toMatchObject({ alarm: false });
  expect(bodies[1]).not.toHaveProperty("episode");
  expect(deviceReport(daemon.status()).problems).toEqual([]);
  expect(await (await get("/metrics")).text()).toContain("rivulet_anomalies_said_normal_total 1\n");
});
