import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { folderWith, type Run, rivulet, startRivulet } from "../rivulet.ts";

const rows = Array.from({ length: 200 }, (_, i) => `${Math.sin(i)},${Math.sin(i) > 0 ? 1 : 0}\n`).join("");
const pump = "source: { file: d.csv, fields: [x, label] }\ntarget: { column: label, classes: 2 }\n";

/** A host that listens, and the folder in which it was started. */
async function startHost(
  cwd = folderWith(),
  words: string[] = [],
): Promise<{ host: Run; cwd: string; url: string }> {
  const host = startRivulet(["host", "./fleet", "--listen", "127.0.0.1:0", "--json", ...words], { cwd });
  const { url } = await host.event("listening");
  return { host, cwd, url };
}

/** Does on a board what `rivulet host add` prints. */
async function pasteBlock(cwd: string, board: string, words: string[] = []): Promise<string> {
  const { code, stdout } = await rivulet(["host", "add", "pump-7", ...words], { cwd });
  expect(code).toBe(0);
  const [, secret] = /^\(umask 077; echo (\S+) > pump-7.key\)$/m.exec(stdout) ?? [];
  writeFileSync(join(board, "pump-7.key"), `${secret}\n`, { mode: 0o600 });
  const block = /^sync:\n(?: {2}.*\n)+/m.exec(`${stdout}\n`)?.[0] ?? "";
  writeFileSync(join(board, "pump.yaml"), pump + block);
  return secret;
}

async function board(): Promise<string> {
  const cwd = folderWith({ "d.csv": `x,label\n${rows}`, "pump.yaml": pump });
  expect((await rivulet(["run", "pump.yaml"], { cwd })).code).toBe(0);
  return cwd;
}

describe.concurrent("rivulet host and rivulet sync", () => {
  test("bring a board's checkpoint to a laptop in three commands", async () => {
    const [{ host, cwd }, device] = await Promise.all([startHost(), board()]);
    const secret = await pasteBlock(cwd, device);
    const dry = await rivulet(["sync", "pump.yaml", "--dry-run"], { cwd: device });
    expect([dry.code, dry.stdout]).toEqual([0, expect.stringContaining("would send 1 checkpoint as pump-7")]);
    expect(existsSync(join(cwd, "fleet/devices"))).toBe(false);
    const sent = await rivulet(["sync", "pump.yaml"], { cwd: device });
    expect([sent.code, sent.stderr, sent.stdout]).toEqual([
      0,
      "",
      expect.stringMatching(/^sent 1 checkpoint .* as pump-7 to http/),
    ]);
    const [name] = readdirSync(join(cwd, "fleet/devices/pump-7/checkpoints"));
    expect(name).toMatch(/^000000000200-[0-9a-f]{16}\.msgpack$/);
    expect(readFileSync(join(cwd, "fleet/devices/pump-7/checkpoints", name))).toEqual(
      readFileSync(join(device, "checkpoints/pump/checkpoint-00000001.msgpack")),
    );
    const again = await rivulet(["sync", "pump.yaml", "--json"], { cwd: device });
    expect(JSON.parse(again.stdout)).toMatchObject({
      sent: [],
      waiting: 0,
      status: { newest: { samplesSeen: 200 } },
    });
    const list = await rivulet(["host", "list"], { cwd });
    expect([list.code, list.stdout]).toEqual([0, expect.stringMatching(/pump-7 .* 200 .*\n1 device$/m)]);
    expect((await rivulet(["host", "revoke", "pump-7"], { cwd })).code).toBe(0);
    const refused = await rivulet(["sync", "pump.yaml"], { cwd: device });
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("the key pump-7 is revoked")]);
    host.process.kill("SIGTERM");
    const ended = await host.ended;
    expect([ended.code, ended.stderr]).toEqual([0, ""]);
    const texts = [ended.stdout, refused.stderr, sent.stdout, again.stdout, dry.stdout, list.stdout];
    for (const text of texts) expect(text).not.toContain(secret);
  });

  test("bring what was learned to a new card, the newest that is whole, and to no folder that is in use", async () => {
    const [{ host, cwd }, device] = await Promise.all([startHost(), board()]);
    await pasteBlock(cwd, device);
    writeFileSync(join(device, "d.csv"), `x,label\n${rows}${rows}`);
    expect((await rivulet(["run", "pump.yaml"], { cwd: device })).code).toBe(0);
    expect((await rivulet(["sync", "pump.yaml"], { cwd: device })).code).toBe(0);
    const inUse = await rivulet(["sync", "pump.yaml", "--restore"], { cwd: device });
    expect([inUse.code, inUse.stderr]).toEqual([1, expect.stringContaining("expected an empty folder")]);
    const card = folderWith({
      "pump.yaml": readFileSync(join(device, "pump.yaml"), "utf8"),
      "d.csv": `x,label\n${rows}`,
    });
    writeFileSync(join(card, "pump-7.key"), readFileSync(join(device, "pump-7.key")), { mode: 0o600 });
    const folder = join(cwd, "fleet/devices/pump-7/checkpoints");
    const [older, newest] = readdirSync(folder).sort();
    writeFileSync(join(folder, newest), readFileSync(join(folder, newest)).fill(7, 300, 301));
    const restored = await rivulet(["sync", "pump.yaml", "--restore", "--json"], { cwd: card });
    expect([restored.code, restored.stderr]).toEqual([0, ""]);
    expect(JSON.parse(restored.stdout)).toMatchObject({
      samplesSeen: 200,
      refused: [expect.stringContaining("has another content than its name says")],
    });
    expect(readFileSync(join(card, "checkpoints/pump/checkpoint-00000001.msgpack"))).toEqual(
      readFileSync(join(folder, older)),
    );
    const goesOn = await rivulet(["run", "pump.yaml"], { cwd: card });
    expect(goesOn.stdout).toContain("after 200 samples");
    const after = await rivulet(["sync", "pump.yaml", "--json"], { cwd: card });
    expect(JSON.parse(after.stdout)).toMatchObject({ sent: [{ isNew: true }], status: { counter: 2 } });
    host.process.kill("SIGTERM");
    await host.ended;
  });

  test("a daemon without systemd sends by itself, from a process of its own", async () => {
    const { host, cwd } = await startHost();
    const device = folderWith();
    await pasteBlock(cwd, device);
    const text = readFileSync(join(device, "pump.yaml"), "utf8");
    writeFileSync(
      join(device, "pump.yaml"),
      `${text.replace("file: d.csv", "stdin: true, framing: lines").trimEnd()}\n  every: 1s\n`,
    );
    const daemon = startRivulet(["run", "pump.yaml", "--json"], {
      cwd: device,
      stdin: "pipe",
    });
    await host.event("device", ({ text }) => text.startsWith("pump-7: 0 samples"));
    daemon.process.kill("SIGTERM");
    expect((await daemon.ended).code).toBe(0);
    host.process.kill("SIGTERM");
    await host.ended;
  });

  test("a silent device makes host list fail", async () => {
    const { cwd, host } = await startHost();
    const status = { format: "rivulet-status", version: 1, device: "pump-7", counter: 1, every: 1 };
    const { mkdirSync } = await import("node:fs");
    mkdirSync(join(cwd, "fleet/devices/pump-7"), { recursive: true });
    writeFileSync(join(cwd, "fleet/devices/pump-7/status.json"), JSON.stringify(status));
    const { code, stdout } = await rivulet(["host", "list", "--json"], { cwd });
    expect([code, JSON.parse(stdout)]).toMatchObject([
      1,
      { silent: 1, devices: [{ device: "pump-7", silent: true }] },
    ]);
    host.process.kill("SIGTERM");
    await host.ended;
  });

  test("a secret that others may read is refused, with the command that corrects it", async () => {
    const [{ cwd, host }, device] = await Promise.all([startHost(), board()]);
    const secret = await pasteBlock(cwd, device);
    chmodSync(join(device, "pump-7.key"), 0o640);
    const { code, stderr } = await rivulet(["sync", "pump.yaml"], { cwd: device });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/has mode 640, so others may read the secret in it; run: chmod 600 /),
    ]);
    expect(stderr).not.toContain(secret);
    host.process.kill("SIGTERM");
    await host.ended;
  });

  test("a host's folder belongs to one host at a time", async () => {
    const { cwd, host } = await startHost();
    const second = await rivulet(["host", "./fleet", "--listen", "127.0.0.1:0"], { cwd });
    expect([second.code, second.stderr]).toEqual([
      1,
      expect.stringContaining("is in use by the process with id"),
    ]);
    expect(statSync(join(cwd, "fleet/.host")).mode & 0o777).toBe(0o700);
    host.process.kill("SIGTERM");
    await host.ended;
  });

  test.each([
    [["host", "add"], 2, /needs the name of a device/],
    [["host", "add", "../x"], 2, /cannot be named "\.\.\/x", expected up to 64 letters/],
    [["host", "add", "admin"], 2, /cannot be named "admin"/],
    [["host", "add", "pump-7"], 1, /is not the folder of a host/],
    [["host", "list"], 1, /is not the folder of a host/],
    [["host", "./fleet", "x"], 2, /does not know "\.\/fleet"/],
    [["host", "./fleet", "--listen", "a b"], 2, /--listen must be an address and a port/],
    [["host", "./fleet", "--cert", "x"], 2, /belong together/],
    [["sync", "pump.yaml"], 1, /pump\.yaml has no key sync/],
  ])("%j is refused in one sentence", async (words, code, sentence) => {
    const cwd = folderWith({ "pump.yaml": pump });
    const outcome = await rivulet(words, { cwd });
    expect([outcome.code, outcome.stderr]).toEqual([code, expect.stringMatching(sentence)]);
  });
});

describe("the key sync of a config", () => {
  test.each([
    ["to: http://nas.local:9000", /sync\.to must be a URL with a bucket/],
    ["to: http://a:b@nas.local/fleet\n  secretFile: x", /sync\.to must be a URL with a bucket/],
    ["to: http://nas.local/fleet", /sync: the key "secretFile" is missing/],
    ["to: http://nas.local/fleet\n  secretFile: x\n  credentials: { command: [a] }", /keep one of them/],
    ["to: http://nas.local/fleet\n  secretFile: x\n  device: ../x", /sync\.device must be up to 64 letters/],
    ["to: http://nas.local/fleet\n  secretFile: x\n  fingerprint: abc", /64 hexadecimal digits/],
  ])("%j is refused", async (text, sentence) => {
    const cwd = folderWith({ "pump.yaml": `${pump}sync:\n  ${text}\n` });
    const { code, stderr } = await rivulet(["sync", "pump.yaml", "--dry-run"], { cwd });
    expect([code, stderr]).toEqual([2, expect.stringMatching(sentence)]);
  });
});
