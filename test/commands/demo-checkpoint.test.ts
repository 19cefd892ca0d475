import { join } from "node:path";
import { expect, test } from "vitest";
import { stopAtCheckpoint } from "../../src/commands/demo/last-checkpoint.ts";
import { parseConfig } from "../../src/config/config.ts";
import { Daemon } from "../../src/daemon/daemon.ts";
import { folderWith } from "../rivulet.ts";

test("a demo whose last sample was saved in passing names that checkpoint", async () => {
  const folder = folderWith({ "a.csv": `level\n${"1\n2\n".repeat(100)}` });
  const daemonOn = async (source: string) => {
    const text = `source: { ${source}, rate: 1, fields: [level] }\nanomaly: {}\ncheckpoint: { directory: saved }\n`;
    const daemon = new Daemon(parseConfig(text, join(folder, "c.yaml")), { log: () => {}, isWatched: true });
    await daemon.start();
    return daemon;
  };
  const fed = await daemonOn("file: a.csv");
  await fed.ended;
  const path = await stopAtCheckpoint(fed);
  expect(path).toMatch(/checkpoint-0*1\.msgpack$/);
  const unfed = await daemonOn("tcp: { host: 127.0.0.1, port: 9 }, framing: lines");
  expect(await stopAtCheckpoint(unfed)).toBe(path);
});
