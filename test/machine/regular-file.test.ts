/** Files that a user names may be pipes to which nobody writes: nothing waits for them. */
import { execFileSync } from "node:child_process";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readWindows } from "../../src/commands/replay/anomaly-windows.ts";
import { loadConfig } from "../../src/config/config.ts";
import { WebhookOutput } from "../../src/daemon/outputs/webhook-output.ts";
import { leftPins, recordPins } from "../../src/device/gpio/pin-record.ts";
import { readNamedText } from "../../src/machine/regular-file.ts";
import { createFileSource } from "../../src/samples/sources/file-source.ts";
import { openRegistry } from "../../src/sync/host/registry.ts";
import { serveHost } from "../../src/sync/host/serve.ts";
import { folderWith } from "../rivulet.ts";

/** A pipe without a writer, of the given name in a new folder. */
function pipeNamed(name: string, files: Record<string, string> = {}): string {
  const path = join(folderWith(files), name);
  execFileSync("mkfifo", ["-m", "600", path]);
  return path;
}

const webhook = {
  ...{ url: "https://host.example/", on: "all" as const, everyMs: 1000 },
  alarm: null,
};

const readers: Record<string, (pipe: string) => unknown> = {
  "a config": loadConfig,
  "the secret of a webhook": (secretFile) => new WebhookOutput({ ...webhook, secretFile }, "pump", () => {}),
  "the certificate of a host": (cert) =>
    serveHost(async () => {}, { address: "127.0.0.1", port: 0, tls: { cert, key: cert } }),
  "known windows of anomalies": readWindows,
  "a file of samples": (path) =>
    createFileSource({ path, prepare: async () => ({ isText: true }) }).open(() => {}),
};

test.each(Object.entries(readers))("%s is refused where it is a pipe", async (_, read) => {
  const pipe = pipeNamed("pipe");
  await expect(async () => read(pipe)).rejects.toThrow(/is (a pipe|not a regular file), expected/);
});

test("a host refuses a master key that is a pipe", () => {
  const pipe = pipeNamed(".host/master.key", { ".host/other": "" });
  expect(() => openRegistry(join(pipe, "../.."), { create: true })).toThrow(
    "master.key cannot be used: it is a pipe, expected a regular file; move it away",
  );
});

test("a record of pins is passed over where it is a pipe, and never written through a link", () => {
  expect(leftPins(pipeNamed("gpio.json"))).toBeNull();
  const folder = folderWith({ precious: "mine" });
  symlinkSync(join(folder, "precious"), join(folder, "gpio.json"));
  recordPins(join(folder, "gpio.json"), { outputs: [22], inputs: [] });
  expect(readFileSync(join(folder, "precious"), "utf8")).toBe("mine");
  expect(leftPins(join(folder, "gpio.json"))).toEqual({ outputs: [22], inputs: [] });
});

test("a text beyond its limit is not read", () => {
  const file = join(folderWith({}), "large");
  writeFileSync(file, "x".repeat(20));
  expect(() => readNamedText(file, 19)).toThrow("it has 20 bytes, expected at most 19");
  expect(readNamedText(file, 20)).toHaveLength(20);
});
