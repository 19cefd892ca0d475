/** What others see of a daemon that watches for anomalies. */
import { expect, test } from "vitest";
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
