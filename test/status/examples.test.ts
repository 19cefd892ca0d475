/** Dashboards and flows for other programs, held against what a daemon really sends. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { discoveryOf } from "../../src/commands/mqtt/discovery.ts";
import type { StatusDocument } from "../../src/status/document.ts";
import { root } from "../documents.ts";
import { startWatched } from "./bench.ts";

const example = (path: string) => readFileSync(join(root, "devices/examples", path), "utf8");

/** The metrics that a daemon of classes and one of a number send, by name, with the names of their labels. */
async function metricsSent(): Promise<Map<string, Set<string>>> {
  const sent = new Map<string, Set<string>>();
  for (const target of ["{ column: label, classes: 3 }", "{ column: label }"]) {
    const { samples, get, post } = await startWatched({ target });
    await samples(50);
    await post("/checkpoint");
    const text = await (await get("/metrics")).text();
    for (const [, name, labels = ""] of text.matchAll(/^(rivulet_\w+)(?:\{(.*)\})? /gm)) {
      const known = sent.get(name) ?? sent.set(name, new Set()).get(name);
      for (const [, label] of labels.matchAll(/(\w+)="/g)) known?.add(label);
    }
  }
  return sent;
}

test("the Grafana dashboard asks for metrics and labels that a daemon sends, in panels that do not overlap", async () => {
  const dashboard = JSON.parse(example("grafana/rivulet.json"));
  const sent = await metricsSent();
  const queries: { expr: string; legendFormat?: string }[] = dashboard.panels.flatMap(
    ({ targets }: { targets: [] }) => targets,
  );
  for (const { expr, legendFormat = "" } of [...queries, ...dashboard.annotations.list]) {
    const [name] = /rivulet_\w+/.exec(expr) ?? [""];
    const labels = sent.get(name);
    expect(labels, `${name} in ${expr}`).toBeDefined();
    const used = [...expr.matchAll(/(\w+)=~?"/g), ...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(
      ([, label]) => label,
    );
    for (const label of used) expect(["job", "instance", ...(labels ?? [])], expr).toContain(label);
  }
  const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }: { gridPos: Record<string, number> }) =>
    Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
  expect(new Set(dashboard.panels.map(({ id }: { id: number }) => id)).size).toBe(dashboard.panels.length);
});

/** What a path of a template leads to: `value_json.scores.mae` in a document. */
const valueAt = (document: object, path: string) =>
  path.split(".").reduce((value, key) => (value as Record<string, unknown>)?.[key], document as unknown);
const pathsIn = (template: string) =>
  [...template.matchAll(/value_json((?:\.\w+)+)/g)].map(([, path]) => path.slice(1));

test("Home Assistant's templates read what a daemon sends, by REST and by MQTT", async () => {
  const { samples, get } = await startWatched();
  await samples(50);
  const document = (await (await get("/status.json")).json()) as StatusDocument;
  const [rest] = parse(example("home-assistant/rivulet.yaml"), {
    customTags: [{ tag: "!secret", resolve: (name: string) => name }],
  }).rest;
  const byRest = [...rest.sensor, ...rest.binary_sensor];
  const discovery = discoveryOf(document, { topic: "rivulet/bench", everyMs: 10_000, hasAlarm: true }) as {
    components: Record<string, Record<string, string>>;
  };
  const byMqtt = Object.values(discovery.components).filter(({ state_topic }) =>
    state_topic.endsWith("/status"),
  );
  const { accuracy, health, prediction, alarm } = discovery.components;
  expect(accuracy).toMatchObject({ unit_of_measurement: "%", state_class: "measurement" });
  expect(health["options"]).toContain(document.health);
  expect(prediction).toMatchObject({ state_topic: "rivulet/bench/prediction" });
  expect(prediction).not.toHaveProperty("state_class");
  expect(alarm).toMatchObject({ state_topic: "rivulet/bench/alarm" });
  const options = { topic: "rivulet/bench", everyMs: 10_000, hasAlarm: false };
  expect(discoveryOf(document, options)).not.toHaveProperty("components.alarm");
  expect(byRest.length + byMqtt.length).toBeGreaterThan(7);
  for (const { value_template, json_attributes = [] } of [...byRest, ...byMqtt]) {
    const paths = [...pathsIn(value_template), ...json_attributes];
    expect(paths).not.toEqual([]);
    for (const path of paths) expect(valueAt(document, path), path).toBeDefined();
  }
});

test("the flows of Node-RED are whole: each wire leads to a node of its tab", () => {
  const names = readdirSync(join(root, "devices/examples/node-red")).filter((name) => name.endsWith(".json"));
  expect(names).toEqual(["run.json", "status.json"]);
  for (const name of names) {
    const nodes: { id: string; type: string; z?: string; wires?: string[][] }[] = JSON.parse(
      example(`node-red/${name}`),
    );
    const [tab, ...others] = nodes;
    expect(tab.type).toBe("tab");
    expect(new Set(nodes.map(({ id }) => id)).size).toBe(nodes.length);
    for (const { z, wires = [] } of others) {
      expect(z).toBe(tab.id);
      for (const id of wires.flat()) expect(others.map((node) => node.id)).toContain(id);
    }
  }
});
