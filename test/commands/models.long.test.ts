import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { encodeCheckpoint } from "../../src/checkpoint/format.ts";
import { openStore } from "../../src/checkpoint/store.ts";
import type { Report } from "../../src/commands/command-line/command.ts";
import { run as runHost } from "../../src/commands/host.ts";
import { run as runModels } from "../../src/commands/models.ts";
import { run as runSync } from "../../src/commands/sync.ts";
import { parseConfig } from "../../src/config/config.ts";
import { checkpointOf } from "../../src/continuing/learner-checkpoint.ts";
import { createLearner } from "../../src/learner/create-learner.ts";
import { openRegistry } from "../../src/sync/host/registry.ts";
import { folderWith, rivulet, startRivulet } from "../rivulet.ts";
import { startHost } from "../sync/running-host.ts";

const pump =
  "source: { stdin: true, framing: lines, fields: [x, label] }\ntarget: { column: label, classes: 2 }\n";

/** Saves what a learner of that config has learned of so many rows. */
function saveLearned(
  directory: string,
  rows: number,
  options: { fields?: string[]; model?: object } = {},
): string {
  const { fields = ["x", "label"], ...rest } = options;
  const learner = createLearner({ fields, target: { column: "label", classes: 2 }, ...rest });
  for (let i = 0; i < rows; i++) learner.observe(Float64Array.of(Math.sin(i), Number(Math.sin(i) > 0)), 0);
  const store = openStore(directory, { keep: 5 });
  const { path } = store.saveSync(encodeCheckpoint(checkpointOf(learner)));
  store.close();
  return path;
}

function call(
  run: (invocation: never) => Promise<Report | null>,
  positionals: string[],
  { switches = [] as string[], ...options }: Record<string, string | string[]> = {},
): Promise<{ text: string; data: Record<string, unknown>; failed?: boolean }> {
  return run({ positionals, options, switches: new Set(switches), json: false } as never) as never;
}

/** A host's folder, a key and a checkpoint to publish. */
function scene() {
  const folder = folderWith();
  const to = join(folder, "fleet");
  openRegistry(to, { create: true });
  const key = join(folder, "models.key");
  const checkpoint = saveLearned(join(folder, "learned"), 60);
  return { folder, to, key, checkpoint, group: "pumps" };
}

describe("rivulet models", () => {
  test("makes a key once, and shows what boards need of it and nothing more", async () => {
    const { key } = scene();
    const made = await call(runModels, ["key", key]);
    const secret = readFileSync(key, "utf8").split("\n")[1];
    expect(statSync(key).mode & 0o777).toBe(0o600);
    expect(made.data).toEqual({ file: key, isNew: true, trust: expect.stringMatching(/^ed25519:.{44}$/) });
    expect(made.text).toContain(`  models: { group: GROUP, trust: "${made.data["trust"]}" }`);
    const again = await call(runModels, ["key", key]);
    expect(again.data).toMatchObject({ isNew: false, trust: made.data["trust"] });
    for (const said of [made, again]) expect(JSON.stringify(said)).not.toContain(secret);
  });

  test("publishes the newest checkpoint of a folder, rolls back and lists", async () => {
    const { to, key, group, folder, checkpoint } = scene();
    const options = { to, key, group };
    await expect(call(runModels, ["publish", checkpoint], options)).rejects.toThrow(
      /there is no key to sign models in .*; make one with rivulet models key/,
    );
    await call(runModels, ["key", key]);
    const dry = await call(runModels, ["publish", checkpoint], { ...options, switches: ["dry-run"] });
    expect([dry.text, existsSync(join(to, "models"))]).toEqual([
      expect.stringMatching(/^would publish .* as version 1/),
      false,
    ]);
    const published = await call(runModels, ["publish", join(folder, "learned")], options);
    expect(published.text).toMatch(
      /^published the network of .*checkpoint-00000001.msgpack, 60 samples learned, .* as version 1 for pumps in /,
    );
    expect(published.data).toMatchObject({ version: 1, isNew: true, group, samplesSeen: 60, base: null });
    const same = await call(runModels, ["publish", checkpoint], options);
    expect(same.text).toContain("nothing was published");
    await call(runModels, ["publish", saveLearned(join(folder, "learned"), 90)], options);
    const back = await call(runModels, ["rollback"], options);
    expect(back.text).toMatch(/^published the network of version 1 again, as version 3 for pumps/);
    const listed = await call(runModels, ["list"], options);
    expect(listed.text.split("\n").slice(2)).toEqual([
      expect.stringMatching(/^ +3 .* the newest, again that of 1$/),
      expect.stringMatching(/^ +2 .*$/),
      expect.stringMatching(/^ +1 .*$/),
    ]);
    const texts = JSON.stringify([dry, published, same, back, listed]);
    expect(texts).not.toContain(readFileSync(key, "utf8").split("\n")[1]);
  });

  test("publishes at a host by its URL and the key of its administrator, and at a store by the environment", async () => {
    const host = await startHost();
    const { key, group, checkpoint, folder } = scene();
    await call(runModels, ["key", key]);
    const secret = join(folder, "admin.key");
    writeFileSync(secret, `${host.credentials("admin").secretAccessKey}\n`, { mode: 0o600 });
    const options = { to: host.to, key, group, "store-key": "admin", "store-secret": secret };
    expect((await call(runModels, ["publish", checkpoint], options)).data).toMatchObject({ version: 1 });
    const byEnvironment = { to: host.to, key, group };
    await expect(call(runModels, ["list"], byEnvironment)).rejects.toThrow(
      /found no key of the store in AWS_ACCESS_KEY_ID/,
    );
    process.env["AWS_ACCESS_KEY_ID"] = "admin";
    process.env["AWS_SECRET_ACCESS_KEY"] = host.credentials("admin").secretAccessKey;
    try {
      expect((await call(runModels, ["list"], byEnvironment)).data).toMatchObject({
        models: [{ version: 1 }],
      });
    } finally {
      delete process.env["AWS_ACCESS_KEY_ID"];
      delete process.env["AWS_SECRET_ACCESS_KEY"];
    }
  });

  test.each<[string, string[], Record<string, string>, RegExp]>([
    ["an unknown action", ["push"], {}, /does not know "push", expected publish, rollback, list or key/],
    ["nothing to publish", ["publish"], {}, /publish needs CHECKPOINT/],
    ["no group", ["list"], {}, /needs --group/],
    ["a group that climbs", ["list"], { group: "../x" }, /a group cannot be named "..\/x"/],
    ["a folder that is no host's", ["list"], { group: "g", to: "/" }, /is not the folder of a host/],
    ["a folder that is not there", ["list"], { group: "g", to: "/nowhere" }, /there is no folder \/nowhere/],
    [
      "a store's key for a folder",
      ["list"],
      { group: "g", to: "/", "store-key": "x" },
      /--to names the folder/,
    ],
    ["a file to roll back", ["rollback", "x"], { group: "g" }, /takes no file/],
  ])("refuses %s", async (_, words, options, sentence) => {
    const key = join(folderWith(), "models.key");
    await call(runModels, ["key", key]);
    await expect(call(runModels, words, { key, ...options })).rejects.toThrow(sentence);
  });
});

/** A board beside a host that runs in this process, with the block that `host add` prints. */
async function boardOf(words: Record<string, string> = {}, more = "") {
  const host = await startHost();
  const { key, group, folder } = scene();
  await call(runModels, ["key", key]);
  const to = host.folder;
  await call(runModels, ["publish", saveLearned(join(folder, "other"), 80)], { to, key, group });
  const added = await call(runHost as never, ["add", "pump-7"], {
    folder: to,
    url: host.to,
    group,
    ...words,
  });
  const [, secret] = /echo (\S+) > pump-7.key/.exec(added.text) ?? [];
  writeFileSync(join(folder, "pump-7.key"), `${secret}\n`, { mode: 0o600 });
  const file = join(folder, "pump.yaml");
  writeFileSync(
    file,
    `name: pump\n${pump}${more}checkpoint: { directory: ${folder}/saved }\n${added.data["sync"]}\n`,
  );
  mkdirSync(join(folder, "saved"));
  saveLearned(join(folder, "saved"), 40);
  return { host, key, group, to, folder, file, added };
}

const inboxOf = (folder: string) =>
  existsSync(join(folder, "saved/inbox")) ? readdirSync(join(folder, "saved/inbox")) : [];

describe("a board of a group", () => {
  test("gets the key in its block, and with rivulet sync the model, which a dry run announces", async () => {
    const { added, file, folder, key, to, group } = await boardOf();
    const { trust } = (await call(runModels, ["key", key])).data;
    expect(added.data["sync"]).toContain(`\n  models: { group: pumps, trust: "${trust}" }`);
    expect(parseConfig(readFileSync(file, "utf8"), file).sync?.models).toEqual({
      group,
      trust,
      sideBySide: 500,
    });
    const dry = await call(runSync, [file], { switches: ["dry-run"] });
    expect(dry.text).toMatch(
      /would send 1 checkpoint .*\n.*\nwould fetch version 1 of the models for pumps \(/,
    );
    expect([inboxOf(folder), existsSync(join(folder, "saved/sync.json"))]).toEqual([[], false]);
    const sent = await call(runSync, [file]);
    expect(sent.text).toMatch(/\nfetched version 1 of the models for pumps .* where the daemon takes it$/);
    expect(inboxOf(folder)).toEqual([expect.stringMatching(/^000000001-[0-9a-f]{16}-[0-9a-f]{8}\.msgpack$/)]);
    const network = saveLearned(join(folder, "narrow"), 20, { model: {} });
    await call(runModels, ["publish", network], { to, key, group });
    const refused = await call(runSync, [file]);
    expect(refused.text).toMatch(
      /\nno model: version 2 of the models for pumps was trained for something else: model/,
    );
    expect(refused.data).toMatchObject({ models: { version: null, known: 2 } });
    expect(inboxOf(folder)).toHaveLength(1);
    expect((await call(runSync, [file])).data).toMatchObject({
      status: { sync: { problem: expect.stringContaining("trained for something else") } },
      models: { refused: null },
    });
  });

  test("that has a network of its own takes one of the same layers", async () => {
    const { file, folder, key, to, group } = await boardOf(
      {},
      "model: { layers: [{ dense: 4 }, relu, { dense: 2 }] }\n",
    );
    const layers = [{ dense: 4 }, "relu", { dense: 2 }];
    await call(runModels, ["publish", saveLearned(join(folder, "fit"), 50, { model: { layers } })], {
      to,
      key,
      group,
    });
    expect((await call(runSync, [file])).data).toMatchObject({ models: { version: 2, refused: null } });
    expect(inboxOf(folder)).toHaveLength(1);
  });

  test("is told how to get the key where nobody knows it yet", async () => {
    const { to } = scene();
    const before = process.env["XDG_CONFIG_HOME"];
    process.env["XDG_CONFIG_HOME"] = folderWith();
    try {
      const block = async () =>
        (await call(runHost as never, ["add", "pump-8"], { folder: to, group: "pumps" })).data["sync"];
      expect(await block()).toContain(
        "\n  # models: { group: pumps, trust: KEY } with the KEY that rivulet models key prints",
      );
      const { trust } = (await call(runModels, ["key"])).data;
      expect(await block()).toContain(`\n  models: { group: pumps, trust: "${trust}" }`);
    } finally {
      if (before === undefined) delete process.env["XDG_CONFIG_HOME"];
      else process.env["XDG_CONFIG_HOME"] = before;
    }
  });

  test("that cannot read the models has sent its checkpoints all the same", async () => {
    const { file, host } = await boardOf();
    const forbidden = join(host.folder, "models/pumps/000000001.json");
    writeFileSync(forbidden, Buffer.alloc(1 << 20));
    const { text, data } = await call(runSync, [file]);
    expect(text).toMatch(
      /^sent 1 checkpoint .*\n.*\nno model: the host answers with more than 262144 bytes/s,
    );
    expect(data).toMatchObject({ failure: null, sent: [{ isNew: true }] });
  });
});

test("the real commands bring a model from a laptop to a board", async () => {
  const cwd = folderWith({ "home/.keep": "" });
  const environment = { XDG_CONFIG_HOME: join(cwd, "home") };
  const saved = saveLearned(join(cwd, "learned"), 60);
  const host = startRivulet(["host", "./fleet", "--listen", "127.0.0.1:0", "--json"], { cwd });
  await host.event("listening");
  expect((await rivulet(["models", "key"], { cwd, environment })).code).toBe(0);
  const published = await rivulet(["models", "publish", saved, "--group", "pumps", "--json"], {
    cwd,
    environment,
  });
  expect([published.code, published.stderr]).toEqual([0, ""]);
  const added = await rivulet(["host", "add", "pump-7", "--group", "pumps"], { cwd, environment });
  const [, secret] = /echo (\S+) > pump-7.key/.exec(added.stdout) ?? [];
  writeFileSync(join(cwd, "pump-7.key"), `${secret}\n`, { mode: 0o600 });
  const block = /^sync:\n(?: {2}.*\n)+/m.exec(`${added.stdout}\n`)?.[0] ?? "";
  writeFileSync(join(cwd, "pump.yaml"), `name: pump\n${pump}${block}`);
  saveLearned(join(cwd, "checkpoints/pump"), 40);
  const sync = await rivulet(["sync", "pump.yaml", "--json"], { cwd });
  expect([sync.code, sync.stderr, JSON.parse(sync.stdout)]).toMatchObject([
    0,
    "",
    { models: { version: 1, refused: null } },
  ]);
  const { sha256 } = JSON.parse(published.stdout);
  const [name] = readdirSync(join(cwd, "checkpoints/pump/inbox"));
  expect(name).toMatch(new RegExp(`^000000001-${sha256.slice(0, 16)}-[0-9a-f]{8}\\.msgpack$`));
  expect(readFileSync(join(cwd, "checkpoints/pump/inbox", name))).toEqual(
    readFileSync(join(cwd, "fleet/models/pumps", `${sha256}.msgpack`)),
  );
  host.process.kill("SIGTERM");
  expect((await host.ended).code).toBe(0);
});
