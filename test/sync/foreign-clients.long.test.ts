import { execFile, spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { sendCheckpoints } from "../../src/sync/client/send.ts";
import { needing } from "../needs.ts";
import { folderWith } from "../rivulet.ts";
import { saveCheckpoints } from "./checkpoints.ts";
import { clientOf, startHost, type TestHost } from "./running-host.ts";

/** Whether a program is here; for curl, one that signs. */
const isHere = (program: string, words: string[], text: string): boolean =>
  spawnSync(program, words, { encoding: "utf8" }).stdout?.includes(text) === true;

interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program beside the host, which is in this process. */
function run(program: string, words: string[], environment: Record<string, string> = {}): Promise<Result> {
  // Debian's rclone does not start where that is set.
  const { AWS_CA_BUNDLE: _, ...own } = process.env;
  return new Promise((resolve) => {
    const options = { env: { ...own, ...environment }, encoding: "utf8", cwd: folderWith() } as const;
    execFile(program, words, options, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

/** Contents by name, in folders, and with letters that must be encoded in URLs and in XML. */
const contents: Record<string, Buffer> = {
  "note.txt": Buffer.from("a note"),
  "empty.bin": Buffer.alloc(0),
  "winter/a b+c & <d>.bin": randomBytes(100_000),
  "winter/é~(1)'.bin": randomBytes(3_000_000),
};

/** What takes part in comparisons: comparing large buffers element by element takes seconds. */
const digestOf = (body: Buffer) => createHash("sha256").update(body).digest("hex");
const digests = Object.fromEntries(Object.entries(contents).map(([name, body]) => [name, digestOf(body)]));

function write(files: Record<string, Buffer>): string {
  const folder = folderWith();
  for (const [name, body] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), body);
  }
  return folder;
}

/** Digests of the files of a folder, by name. */
const read = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .map((path) => [path.slice(folder.length + 1), digestOf(readFileSync(path))]),
  );

/** A host to which a device has sent what it learned. */
async function hostWithDevice(): Promise<{ host: TestHost; sent: Record<string, string> }> {
  const host = await startHost();
  const directory = folderWith();
  saveCheckpoints(directory, 3);
  const store = clientOf(host, "pump-7");
  const credentials = { secretFile: "/nowhere", keyId: "pump-7" };
  const config = {
    ...{ to: host.to, device: "pump-7", credentials, region: "us-east-1", fingerprint: null },
    ...{ everyMs: 3_600_000, backlog: 24, models: null },
  };
  const outcome = await sendCheckpoints({ directory, config, store, version: "1.2.3" });
  store.close();
  expect(outcome.failure).toBeNull();
  const sent = outcome.sent.map(({ key, path }) => [key.split("/").at(-1), digestOf(readFileSync(path))]);
  return { host, sent: Object.fromEntries(sent) };
}

/** Digests of what a program put there under `notes/`, as the client of Rivulet reads it. */
async function readNotes(host: TestHost): Promise<Record<string, string>> {
  const admin = clientOf(host, "admin");
  const found: Record<string, string> = {};
  for (const name of Object.keys(contents)) {
    const object = await admin.get(`notes/${name}`, { mostBytes: 64 << 20 });
    if (object !== null && object !== "unchanged") found[name] = digestOf(object.body);
  }
  admin.close();
  return found;
}

describe("rclone", needing(isHere("rclone", ["version"], "rclone"), "apt install rclone"), () => {
  const rclone = (host: TestHost, words: string[]) => {
    const { accessKeyId, secretAccessKey } = host.credentials("admin");
    return run("rclone", ["--config", "", "--retries", "1", ...words], {
      RCLONE_CONFIG_HOST_TYPE: "s3",
      RCLONE_CONFIG_HOST_PROVIDER: "Other",
      RCLONE_CONFIG_HOST_ENDPOINT: `http://127.0.0.1:${host.port}`,
      RCLONE_CONFIG_HOST_REGION: "us-east-1",
      RCLONE_CONFIG_HOST_ACCESS_KEY_ID: accessKeyId,
      RCLONE_CONFIG_HOST_SECRET_ACCESS_KEY: secretAccessKey,
    });
  };

  test("uploads to a host, lists and reads back identical what it and a device have sent", async () => {
    const { host, sent } = await hostWithDevice();
    expect(await rclone(host, ["copy", write(contents), "host:fleet/notes"])).toMatchObject({ code: 0 });
    expect(await readNotes(host)).toEqual(digests);
    const { stdout } = await rclone(host, ["lsf", "-R", "--files-only", "host:fleet/notes"]);
    expect(stdout.trim().split("\n").sort()).toEqual(Object.keys(contents).sort());
    const back = folderWith();
    expect(await rclone(host, ["copy", "host:fleet/notes", back])).toMatchObject({ code: 0 });
    expect(read(back)).toEqual(digests);
    const checkpoints = folderWith();
    await rclone(host, ["copy", "host:fleet/devices/pump-7/checkpoints", checkpoints]);
    expect(read(checkpoints)).toEqual(sent);
  });

  test("with the key of a device reads no other device", async () => {
    const { host } = await hostWithDevice();
    const foreign = { ...host, credentials: () => host.credentials("pump-8") };
    const { code, stderr } = await rclone(foreign, ["lsf", "host:fleet/devices/pump-7/"]);
    expect([code > 0, stderr]).toEqual([true, expect.stringContaining("AccessDenied")]);
  });
});

describe("s3cmd", needing(isHere("s3cmd", ["--version"], "s3cmd"), "apt install s3cmd"), () => {
  const s3cmd = (host: TestHost, words: string[]) => {
    const { accessKeyId, secretAccessKey } = host.credentials("admin");
    const address = `127.0.0.1:${host.port}`;
    const place = ["-c", "/dev/null", "--no-ssl", `--host=${address}`, `--host-bucket=${address}`];
    const key = [`--access_key=${accessKeyId}`, `--secret_key=${secretAccessKey}`, "--region=us-east-1"];
    return run("s3cmd", [...place, ...key, ...words]);
  };

  test("uploads to a host, lists and reads back identical what it and a device have sent", async () => {
    const { host, sent } = await hostWithDevice();
    const from = `${write(contents)}/`;
    expect(await s3cmd(host, ["put", "--recursive", from, "s3://fleet/notes/"])).toMatchObject({ code: 0 });
    expect(await readNotes(host)).toEqual(digests);
    const { stdout } = await s3cmd(host, ["ls", "--recursive", "s3://fleet/notes/"]);
    for (const name of Object.keys(contents)) expect(stdout).toContain(`s3://fleet/notes/${name}\n`);
    const back = folderWith();
    const get = ["get", "--recursive", "s3://fleet/notes/", `${back}/`];
    expect(await s3cmd(host, get)).toMatchObject({ code: 0 });
    expect(read(back)).toEqual(digests);
    const checkpoints = folderWith();
    await s3cmd(host, ["get", "--recursive", "s3://fleet/devices/pump-7/checkpoints/", `${checkpoints}/`]);
    expect(read(checkpoints)).toEqual(sent);
  });
});

describe("curl", needing(isHere("curl", ["--help", "all"], "--aws-sigv4"), "curl with --aws-sigv4"), () => {
  const curl = (host: TestHost, signedBody: Buffer, words: string[]) => {
    const { accessKeyId, secretAccessKey } = host.credentials("admin");
    const sign = ["--aws-sigv4", "aws:amz:us-east-1:s3", "--user", `${accessKeyId}:${secretAccessKey}`];
    return run("curl", [
      "-sS",
      "--fail",
      ...sign,
      "-H",
      `x-amz-content-sha256: ${digestOf(signedBody)}`,
      ...words,
    ]);
  };
  const nothing = Buffer.alloc(0);

  test("uploads to a host, lists and reads back identical what it and a device have sent", async () => {
    const { host, sent } = await hostWithDevice();
    const name = "note.txt";
    const path = join(write(contents), name);
    const put = await curl(host, contents[name], ["-T", path, `${host.to}/notes/${name}`]);
    expect(put).toMatchObject({ code: 0, stderr: "" });
    expect((await curl(host, nothing, [`${host.to}/notes/${name}`])).stdout).toBe("a note");
    const list = await curl(host, nothing, [`${host.to}?list-type=2`]);
    expect(list.stdout).toContain("<Key>notes/note.txt</Key>");
    for (const [key, digest] of Object.entries(sent)) {
      const file = join(folderWith(), "back.msgpack");
      await curl(host, nothing, ["-o", file, `${host.to}/devices/pump-7/checkpoints/${key}`]);
      expect(digestOf(readFileSync(file))).toBe(digest);
    }
  });

  test("is refused where the body is not the one that was signed", async () => {
    const host = await startHost();
    const path = join(write(contents), "note.txt");
    const put = await curl(host, Buffer.from("another note"), ["-T", path, `${host.to}/notes/other.txt`]);
    expect(put.stderr).toContain("400");
    expect((await curl(host, nothing, [`${host.to}/notes/other.txt`])).stderr).toContain("404");
  });
});
