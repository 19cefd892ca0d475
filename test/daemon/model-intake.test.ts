/** Models that come back from the host enter a daemon between two samples. */
import { createHash } from "node:crypto";
import fs, { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/checkpoint/format.ts";
import { parseConfig } from "../../src/config/config.ts";
import { configuredLearner } from "../../src/config/configured-learner.ts";
import { guestBytesOf, planConfig, planNetworkLabels } from "../../src/config/plan-config.ts";
import { checkpointOf } from "../../src/continuing/learner-checkpoint.ts";
import { modelOf, readModel } from "../../src/continuing/model-file.ts";
import { resume } from "../../src/continuing/resume.ts";
import { Daemon } from "../../src/daemon/daemon.ts";
import type { LogEntry } from "../../src/daemon/log.ts";
import { recordRun } from "../../src/daemon/run-recording.ts";
import { createRandom } from "../../src/engine/model/random.ts";
import { HeldSamples } from "../../src/learner/held-samples.ts";
import type { ModelHost } from "../../src/learner/outside-model.ts";
import type { PrequentialLearner } from "../../src/learner/prequential-learner.ts";
import { classNamesOf } from "../../src/learner/target.ts";
import { recordingFile } from "../../src/library/data-files.ts";
import type { State } from "../../src/state.ts";
import { waitingNameOf } from "../../src/sync/inbox.ts";
import { evaluatePrequentially } from "../../src/training/prequential.ts";
import { temporaryFolder } from "../checkpoint/folder.ts";
import { until } from "../until.ts";
import { pathOf } from "./path.ts";

const trust = `ed25519:${Buffer.alloc(32).toString("base64")}`;
const configIn = (directory: string, source: string, more = "") => `name: pump
source: ${source}
target: { column: label, classes: 2 }
checkpoint: { directory: ${directory}, every: 50ms }
sync: { to: "http://127.0.0.1:9/fleet", secretFile: k, models: { group: pumps, trust: "${trust}" } }
${more}`;
const overTcp =
  "{ tcp: { host: 127.0.0.1, port: 9 }, framing: lines, fields: [{ name: a }, { name: b }, { name: label }] }";

/** Two numbers, and whether both lie on the same side. */
function rows(count: number, seed = 7): Float64Array[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => {
    const [a, b] = [10 + random.uniform(), random.uniform()];
    return Float64Array.of(a, b, Number(a > 10.5 === b > 0.5));
  });
}

/** The model of another device that has learned 300 rows. */
function modelFile(directory: string, more = ""): Uint8Array {
  const config = parseConfig(configIn(directory, overTcp, more), "c.yaml");
  const publisher = configuredLearner(config, ["a", "b", "label"]);
  for (const row of rows(300, 3)) publisher.observe(row, 0);
  return modelOf(decodeCheckpoint(Buffer.concat(encodeCheckpoint(checkpointOf(publisher))), "it")).bytes;
}

function deliver(directory: string, version: number, bytes: Uint8Array, group = "pumps"): void {
  const inbox = join(directory, "inbox");
  mkdirSync(inbox, { recursive: true });
  const digest = createHash("sha256").update(bytes).digest("hex");
  writeFileSync(join(inbox, waitingNameOf(version, digest, { group, trust })), bytes);
}

const waiting = (directory: string) => readdirSync(join(directory, "inbox"));

/** All that a learner has come to. */
const stateOf = (learner: PrequentialLearner) =>
  Buffer.concat(
    encodeCheckpoint({ ...checkpointOf(learner), createdAt: "2026-01-01T00:00:00.000Z" }),
  ).toString("hex");

describe("a model in the inbox", () => {
  test("is taken in between two samples, with the bits of an offline computation", () => {
    const directory = temporaryFolder();
    const bytes = modelFile(directory);
    const { path, learner, take, entries } = pathOf(configIn(directory, overTcp));
    const offline = pathOf(configIn(directory, overTcp)).learner;
    for (const row of rows(200)) take(row);
    path.lookForModel();
    expect(path.stations.modelIntake?.status()).toBeNull();
    const { progress } = path;
    deliver(directory, 3, bytes);
    path.lookForModel();
    expect(path.progress).toBeGreaterThan(progress);
    for (const row of rows(400).slice(200)) take(row);
    for (const row of rows(200)) offline.observe(row, 0);
    (offline as PrequentialLearner & ModelHost).takeIn(readModel(bytes, "it").model);
    for (const row of rows(400).slice(200)) offline.observe(row, 0);
    expect(stateOf(learner)).toBe(stateOf(offline));
    expect(path.stations.modelIntake?.status()).toMatchObject({
      version: 3,
      group: "pumps",
      state: "in use",
      samples: 200,
    });
    expect(entries.map(({ event, text }) => `${event}: ${text}`)).toEqual([
      "model-taken: version 3 of the models for pumps answers beside the experts after 200 samples; it had learned from 300",
    ]);
  });

  test("is taken in again by a daemon that was killed before a checkpoint knew of it, and once only after one", () => {
    const directory = temporaryFolder();
    const bytes = modelFile(directory);
    const checkpointed = (of: ReturnType<typeof pathOf>) => {
      const daemonState = of.path.state();
      const whole = Buffer.concat(encodeCheckpoint({ ...checkpointOf(of.learner), daemonState }));
      const started = pathOf(configIn(directory, overTcp));
      const checkpoint = decodeCheckpoint(whole, "it");
      resume(started.learner, checkpoint, "it");
      started.path.restore(checkpoint.daemonState ?? null);
      started.path.stations.modelIntake?.begin();
      return started;
    };
    const first = pathOf(configIn(directory, overTcp));
    for (const row of rows(50)) first.take(row);
    const before = checkpointed(first);
    deliver(directory, 1, bytes);
    first.path.lookForModel();
    // Killed here: what it has learned since its checkpoint is lost, the model is not.
    expect(waiting(directory)).toHaveLength(1);
    before.path.lookForModel();
    expect(before.entries.map(({ event }) => event)).toEqual(["model-taken"]);
    const after = checkpointed(before);
    before.path.saved();
    expect(waiting(directory)).toEqual([]);
    deliver(directory, 1, bytes);
    after.path.lookForModel();
    expect(after.entries).toEqual([]);
    expect(after.path.stations.modelIntake?.status()).toMatchObject({ version: 1, state: "in use" });
  });

  test("is as old as it was where a config goes to another group and back, and then nothing is told of it", () => {
    const directory = temporaryFolder();
    const bytes = modelFile(directory);
    const started = (group: string, state: State = null) => {
      const { path } = pathOf(configIn(directory, overTcp).replace("group: pumps", `group: ${group}`));
      if (state !== null) path.restore(structuredClone(state));
      return path;
    };
    const pumps = started("pumps");
    deliver(directory, 3, bytes);
    pumps.lookForModel();
    const fans = started("fans", pumps.state());
    deliver(directory, 1, bytes, "fans");
    fans.lookForModel();
    expect(fans.stations.modelIntake?.status()).toMatchObject({ version: 1, group: "fans" });
    const back = started("pumps", fans.state());
    expect(structuredClone(started("pumps", back.state()).state())).toEqual(structuredClone(back.state()));
    for (const version of [2, 3]) deliver(directory, version, bytes);
    back.lookForModel();
    expect(back.stations.modelIntake?.status()).toBeNull();
    deliver(directory, 4, bytes);
    back.lookForModel();
    expect(back.stations.modelIntake?.status()).toMatchObject({ version: 4, group: "pumps" });
  });

  test("is refused in one line where it is not sound or of something else, and not looked at again", () => {
    const directory = temporaryFolder();
    const { path, learner, take, entries } = pathOf(configIn(directory, overTcp));
    for (const row of rows(30)) take(row);
    const before = stateOf(learner);
    const damaged = Uint8Array.from(modelFile(directory));
    damaged[500] ^= 1;
    const checkpoint = Buffer.concat(encodeCheckpoint(checkpointOf(learner)));
    const deliveries: [Uint8Array, RegExp][] = [
      [damaged, /version 1 of the models for pumps is damaged: .*; it is not used/],
      [checkpoint, /version 2 of the models for pumps is a checkpoint, expected a model file/],
      [modelFile(directory, "model: {}"), /version 3 .* was trained for something else: model.published/],
      [new Uint8Array(3_000_000), /version 4 of the models for pumps .*bytes/],
    ];
    for (const [index, [bytes, reason]] of deliveries.entries()) {
      deliver(directory, index + 1, bytes);
      path.lookForModel();
      path.lookForModel();
      expect(entries.splice(0).map(({ event, text }) => `${event}: ${text}`)).toEqual([
        expect.stringMatching(reason),
      ]);
      expect(path.stations.modelIntake?.status()).toMatchObject({
        version: index + 1,
        state: "refused",
        reason: expect.stringMatching("version"),
      });
      path.state();
      path.saved();
      expect(waiting(directory)).toEqual([]);
    }
    expect(stateOf(learner)).toBe(before);
  });

  test("stays until a checkpoint that knows of it is on the disk, not one that began before", () => {
    const directory = temporaryFolder();
    const { path } = pathOf(configIn(directory, overTcp));
    path.state();
    deliver(directory, 1, modelFile(directory));
    path.lookForModel();
    path.saved();
    expect(waiting(directory)).toHaveLength(1);
    path.state();
    path.saved();
    expect(waiting(directory)).toEqual([]);
  });

  test.each([
    ["ENOENT", []],
    ["EIO", ["model-unread"]],
  ])("is looked at again where the file system fails with %s", (code, events) => {
    const directory = temporaryFolder();
    const { path, entries } = pathOf(configIn(directory, overTcp));
    deliver(directory, 1, modelFile(directory));
    const failing = vi.spyOn(fs, "openSync").mockImplementation(() => {
      throw Object.assign(new Error(code), { code });
    });
    onTestFinished(() => failing.mockRestore());
    for (let round = 0; round < 3; round++) path.lookForModel();
    expect(entries.map(({ event }) => event)).toEqual(events);
    expect(path.stations.modelIntake?.status()).toBeNull();
    path.state();
    path.saved();
    failing.mockRestore();
    path.lookForModel();
    expect(path.stations.modelIntake?.status()).toMatchObject({ version: 1, state: "in use" });
  });

  test.each(["", "model: {}"])("brings the names of its classes, in its order: %s", (more) => {
    const directory = temporaryFolder();
    const named = (given: string) => given.replace("classes: 2", "classes: { max: 4 }");
    const text = named(configIn(directory, overTcp, more));
    const publisher = configuredLearner(parseConfig(text, "c.yaml"), ["a", "b", "label"]);
    publisher.adoptClassNames(["ok", "leak", "dry"]);
    for (const row of rows(100, 3)) publisher.observe(row, 0);
    const { bytes } = modelOf(
      decodeCheckpoint(Buffer.concat(encodeCheckpoint(checkpointOf(publisher))), "it"),
    );
    const { path, learner, input } = pathOf(text);
    deliver(directory, 1, bytes);
    path.lookForModel();
    expect(path.stations.modelIntake?.status()).toMatchObject({ version: 1, samples: 0 });
    expect(classNamesOf(learner)).toEqual(["ok", "leak", "dry"]);
    // What reads the stream numbers its words by the same list.
    expect(input.fields.at(-1)?.classes).toEqual(["ok", "leak", "dry"]);
  });

  test("is part of a recording, whose replay comes to the same bits", async () => {
    const directory = temporaryFolder();
    const { path, learner, take, input, log } = pathOf(configIn(directory, overTcp));
    const file = join(directory, "pump.rec");
    const recording = recordRun(file, "pump", input, path, log);
    for (const [index, row] of rows(300).entries()) {
      if (index === 120) deliver(directory, 1, modelFile(directory));
      if (index === 120) path.lookForModel();
      take(row);
    }
    await recording.close();
    const replayed = pathOf(configIn(directory, overTcp)).learner as PrequentialLearner & ModelHost;
    const { rows: count, events } = await evaluatePrequentially(replayed, recordingFile(file), {
      takeModel(bytes) {
        replayed.takeIn(readModel(bytes, "it").model);
        return true;
      },
    });
    expect([count, events.models, events.lostModels]).toEqual([300, 1, 0]);
    expect(stateOf(replayed)).toBe(stateOf(learner));
    const { events: without } = await evaluatePrequentially(
      configuredLearner(parseConfig(configIn(directory, overTcp), "c.yaml"), ["a", "b", "label"]),
      recordingFile(file),
    );
    expect(without.lostModels).toBe(1);
  });

  test.each([
    ["of another group", "group: pumps", "group: fans"],
    ["of another key", trust, `ed25519:${Buffer.alloc(32, 1).toString("base64")}`],
  ])("%s counts from its own first version", (_, before, after) => {
    const directory = temporaryFolder();
    const first = pathOf(configIn(directory, overTcp));
    deliver(directory, 7, modelFile(directory));
    first.path.lookForModel();
    expect(first.path.stations.modelIntake?.status()).toMatchObject({ version: 7 });
    const second = pathOf(configIn(directory, overTcp).replace(before, after));
    second.path.restore(structuredClone(first.path.state()));
    expect(second.path.stations.modelIntake?.status()).toBeNull();
  });

  test.each([
    ["for another group", "group: pumps", "group: fans"],
    ["signed by another key", trust, `ed25519:${Buffer.alloc(32, 1).toString("base64")}`],
  ])("is passed over by a daemon that now takes models %s", (_, before, after) => {
    const directory = temporaryFolder();
    deliver(directory, 7, modelFile(directory));
    const { path, entries } = pathOf(configIn(directory, overTcp).replace(before, after));
    path.lookForModel();
    path.saved();
    expect([entries, path.stations.modelIntake?.status()]).toEqual([[], null]);
    // What it does not know may have been fetched for its next start.
    expect(waiting(directory)).toHaveLength(1);
  });
});

test("the plan of a config with a model has the bytes of both networks, and of what both keep of a sample", () => {
  const more = "model: {}\nlabels: { samples: 10 }\n";
  const config = parseConfig(configIn("saved", overTcp, more), "c.yaml");
  const columns = ["a", "b", "label"];
  const learner = configuredLearner(config, columns);
  const planned = planConfig(config, columns);
  expect(planned.totalBytes + guestBytesOf(config, planned)).toBe(learner.memory.bytes);
  expect(planNetworkLabels(config, planned, config.source.rate)?.bytes).toBe(
    HeldSamples.bytes(learner.heldSizes, 10),
  );
});

test("a daemon at full speed loses no sample while it takes a model in, and its recording says where", async () => {
  const folder = temporaryFolder();
  const directory = join(folder, "saved");
  const stream = rows(12_000);
  const file = join(folder, "pump.csv");
  writeFileSync(file, `a,b,label\n${stream.map((row) => [...row].join()).join("\n")}\n`);
  const config = parseConfig(
    configIn(directory, `{ file: ${file}, fields: [{ name: a }, { name: b }, { name: label }] }`),
    join(folder, "c.yaml"),
  );
  const bytes = modelFile(directory);
  const taken: unknown[] = [];
  const log = ({ event, text }: LogEntry) => {
    if (event.startsWith("model")) taken.push(text);
  };
  const daemon = new Daemon(config, { log, recording: join(folder, "run.rec") });
  await daemon.start();
  await until(() => daemon.learner.samplesSeen > 500);
  deliver(directory, 1, bytes);
  await daemon.ended;
  await daemon.stop();
  expect(taken).toEqual([expect.stringMatching(/^version 1 .* after [1-9]\d* samples/)]);
  expect(daemon.status()).toMatchObject({
    samples: 12_000,
    dropped: 0,
    model: { version: 1, state: "in use" },
  });
  expect(existsSync(join(directory, "inbox"))).toBe(true);
  expect(waiting(directory)).toEqual([]);
  const replayed = configuredLearner(config, ["a", "b", "label"]) as PrequentialLearner & ModelHost;
  await evaluatePrequentially(replayed, recordingFile(join(folder, "run.rec")), {
    takeModel(model) {
      replayed.takeIn(readModel(model, "it").model);
      return true;
    },
  });
  expect(stateOf(replayed)).toBe(stateOf(daemon.learner));
});
