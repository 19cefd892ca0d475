/** What version 0.1.0 left on its users' disks: made by it, with what it computed when it continued from there. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { decodeCheckpoint } from "../../src/checkpoint/format.ts";
import { loadNetwork } from "../../src/library/network-file.ts";
import { folderWith, rivulet } from "../rivulet.ts";
import { continued, hashes } from "./continue-network.ts";

const made = fileURLToPath(new URL("0.1.0/", import.meta.url));
const expected = JSON.parse(readFileSync(join(made, "expected.json"), "utf8"));

/** A board on which 0.1.0 has learned: its config, its newest checkpoint, and samples that it recorded afterwards. */
function boardOf(name: string) {
  const folder = folderWith();
  const checkpoints = join(folder, "checkpoints", name);
  mkdirSync(checkpoints, { recursive: true });
  copyFileSync(join(made, `${name}.yaml`), join(folder, `${name}.yaml`));
  copyFileSync(join(made, "stream.recording"), join(folder, "stream.recording"));
  copyFileSync(join(made, `${name}.msgpack`), join(checkpoints, "checkpoint-00000001.msgpack"));
  return { folder, newest: () => join(checkpoints, readdirSync(checkpoints).sort().at(-1) as string) };
}

describe.each(["classification", "regression"])("a daemon of 0.1.0 that learned a %s", (name) => {
  test("continues bit for bit", async () => {
    const { folder, newest } = boardOf(name);
    const ran = await rivulet(["run", `${name}.yaml`, "--json"], { cwd: folder });
    expect(ran.code, ran.stderr).toBe(0);
    // For a config without a model 0.1.0 trained a single network; a new daemon would take the ensemble.
    const isWithoutModel = !readFileSync(join(folder, `${name}.yaml`), "utf8").includes("model:");
    expect(isWithoutModel).toBe(name === "classification");
    expect(ran.stdout.match(/"event":"single-network"/g) ?? []).toHaveLength(isWithoutModel ? 1 : 0);
    const path = newest();
    const { step, samplesSeen, parameters, optimizerState } = decodeCheckpoint(readFileSync(path), path);
    const inspected = await rivulet(["inspect", path, "--json"], { cwd: folder });
    expect({
      step,
      samplesSeen,
      metrics: JSON.parse(inspected.stdout).metrics,
      sha256: hashes([...parameters, ...optimizerState]),
    }).toMatchObject(expected[name].continued);
  });

  test("has its recording replayed", async () => {
    const { folder } = boardOf(name);
    const config = join(folder, `${name}.yaml`);
    const text = readFileSync(config, "utf8");
    // It was replayed with the network that is still the default one, where a config names one.
    if (!text.includes("model:")) writeFileSync(config, `${text}\nmodel: {}\n`);
    const replayed = await rivulet(["replay", `${name}.yaml`, "--data", "stream.recording", "--json"], {
      cwd: folder,
    });
    expect(replayed.code, replayed.stderr).toBe(0);
    expect(JSON.parse(replayed.stdout)).toMatchObject(expected[name].replayed);
  });
});

test("a daemon of 0.1.0 without a model continues as that network once this version has saved it", async () => {
  const { folder } = boardOf("classification");
  for (const start of ["first", "second"]) {
    const ran = await rivulet(["run", "classification.yaml", "--json"], { cwd: folder });
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stdout.match(/"event":"single-network"/g) ?? [], start).toHaveLength(1);
  }
});

test("a network that 0.1.0 saved in the middle of an update continues bit for bit", () => {
  const network = loadNetwork(join(made, "network.msgpack"), { deterministic: true, accumulate: true });
  expect(continued(network)).toEqual(expected.network);
});
