import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { DeviceStatus } from "../../src/sync/device-status.ts";
import { answered } from "../../src/sync/host/http.ts";
import { answerPage } from "../../src/sync/host/page.ts";
import { serveHost } from "../../src/sync/host/serve.ts";
import { checkpointKey, statusKey } from "../../src/sync/names.ts";
import { sha256Of } from "../../src/sync/signature.ts";
import { until } from "../until.ts";
import { type RawRequest, request, startHost, type TestHost } from "./running-host.ts";

const body = Buffer.from("what a board has learned");
const digest = sha256Of(body);
const key = checkpointKey("pump-7", 300, digest);
const path = `/fleet/${key}`;
const host = await startHost();
const device = host.credentials("pump-7");
const admin = host.credentials("admin");

const status = (counter: number, newest: string | null = key, name = "pump-7") =>
  Buffer.from(
    JSON.stringify({
      format: "rivulet-status",
      version: 1,
      device: name,
      counter,
      every: 60_000,
      newest: newest && { key: newest },
    }),
  );

/** All files of a host but its own. */
const objectsOf = ({ folder }: TestHost) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => !name.startsWith(".host") && /\.\w+$/.test(name))
    .sort();
const incomingOf = ({ folder }: TestHost) => readdirSync(join(folder, ".host/incoming"));

test("an object is stored once, and read back whole, in part, or not at all where it is known", async () => {
  const put = { method: "PUT", path, body, headers: { "if-none-match": "*" } };
  expect((await request(host, device, put)).status).toBe(200);
  expect((await request(host, device, put)).status).toBe(412);
  expect(readFileSync(join(host.folder, key))).toEqual(body);
  const whole = await request(host, device, { path });
  expect([whole.status, whole.text]).toEqual([200, body.toString()]);
  const part = await request(host, device, { path, headers: { range: "bytes=5-7" } });
  expect([part.status, part.text, part.headers["content-range"]]).toEqual([
    206,
    "a b",
    `bytes 5-7/${body.length}`,
  ]);
  const end = await request(host, device, { path, headers: { range: "bytes=-7" } });
  expect(end.text).toBe("learned");
  expect((await request(host, device, { path, headers: { range: "bytes=99-" } })).status).toBe(416);
  const known = await request(host, device, {
    path,
    headers: { "if-none-match": String(whole.headers.etag) },
  });
  expect([known.status, known.text]).toEqual([304, ""]);
  const head = await request(host, device, { method: "HEAD", path });
  expect([head.status, head.headers["content-length"], head.text]).toEqual([200, String(body.length), ""]);
});

test("what is published is read by devices of any group, written by the administrator, and never changes", async () => {
  for (const name of ["000000001.json", `${digest}.msgpack`]) {
    const published = { path: `/fleet/models/pumps/${name}`, body };
    expect((await request(host, admin, { method: "PUT", ...published })).status).toBe(200);
    expect((await request(host, device, { path: published.path })).text).toBe(body.toString());
    expect((await request(host, admin, { method: "PUT", ...published })).status).toBe(412);
  }
  const hint = { method: "PUT", path: "/fleet/models/pumps/current.json", body };
  for (let i = 0; i < 2; i++) expect((await request(host, admin, hint)).status).toBe(200);
  expect((await request(host, device, { path: hint.path })).status).toBe(200);
  expect((await request(host, device, { path: "/fleet/models/fans/current.json" })).status).toBe(404);
});

test("of twenty equal uploads at once exactly one is stored", async () => {
  const other = Buffer.from("the same, twenty times");
  const once = {
    method: "PUT",
    path: `/fleet/${checkpointKey("pump-7", 1, sha256Of(other))}`,
    body: other,
    headers: { "if-none-match": "*" },
  };
  const answers = await Promise.all(Array.from({ length: 20 }, () => request(host, device, once)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 412)).toHaveLength(19);
  expect(incomingOf(host)).toEqual([]);
});

describe("refuses in one sentence, and changes nothing:", async () => {
  const strict = await startHost({ mostBodyBytes: 1 << 20 });
  const own = strict.credentials("pump-7");
  const wrong = { ...own, secretAccessKey: "wrong" };
  const another = `/fleet/${checkpointKey("pump-8", 300, digest)}`;
  const put: RawRequest = { method: "PUT", path, body };
  const trials: [
    what: string,
    credentials: typeof own | null,
    raw: RawRequest,
    status: number,
    sentence: RegExp,
  ][] = [
    [
      "a body that was altered on the way",
      own,
      { ...put, sentBody: Buffer.from("what a board has learnet") },
      400,
      /was altered/,
    ],
    ["a wrong MD5", own, { ...put, headers: { "content-md5": "AAAAAAAAAAAAAAAAAAAAAA==" } }, 400, /MD5/],
    ["a name of another content", own, { ...put, body: Buffer.from("other") }, 400, /another content/],
    ["the wrong secret", wrong, put, 403, /signature is not one of the key pump-7/],
    ["no signature", null, put, 403, /not signed/],
    ["a request of 16 minutes ago", own, { ...put, timeMs: Date.now() - 16 * 60_000 }, 403, /15 minutes/],
    ["a request of the future", own, { ...put, timeMs: Date.now() + 16 * 60_000 }, 403, /15 minutes/],
    ["the prefix of another device", own, { ...put, path: another }, 403, /only its own/],
    ["reading what is of another device", own, { path: another }, 403, /only its own/],
    [
      "listing what is of another device",
      own,
      { path: "/fleet?prefix=devices%2Fpump-8%2F" },
      403,
      /may list only/,
    ],
    ["listing everything", own, { path: "/fleet" }, 403, /may list only/],
    [
      "a model's bytes from a device",
      own,
      { ...put, path: `/fleet/models/pumps/${digest}.msgpack` },
      403,
      /only its own/,
    ],
    [
      "reading elsewhere below models",
      own,
      { path: "/fleet/models/pumps/notes.txt" },
      403,
      /published models/,
    ],
    ["reading a folder deeper", own, { path: "/fleet/models/a/b/000000001.json" }, 403, /published models/],
    ["listing models", own, { path: "/fleet?prefix=models%2Fpumps%2F" }, 403, /may list only/],
    [
      "a model of another content than its name, from the administrator too",
      strict.credentials("admin"),
      { ...put, path: `/fleet/models/pumps/${sha256Of(Buffer.from("other"))}.msgpack` },
      400,
      /another content/,
    ],
    [
      "a model from a device",
      own,
      { ...put, path: "/fleet/models/pumps/000000001.json" },
      403,
      /only its own/,
    ],
    [
      "a name that climbs up",
      own,
      { ...put, path: "/fleet/devices/pump-7/../../../../etc/passwd" },
      400,
      /begins with a dot/,
    ],
    [
      "the same in percent-encoding",
      own,
      { ...put, path: "/fleet/devices/pump-7/%2e%2e/%2E%2E/x" },
      400,
      /begins with a dot/,
    ],
    [
      "the same with the slash encoded",
      own,
      { ...put, path: "/fleet/devices/pump-7/checkpoints/..%2f..%2fx" },
      400,
      /begins with a dot/,
    ],
    [
      "a backslash",
      own,
      { ...put, path: "/fleet/devices/pump-7/checkpoints/%5c..%5cx" },
      400,
      /name of an object/,
    ],
    [
      "a zero byte",
      own,
      { ...put, path: "/fleet/devices/pump-7/checkpoints/x%00" },
      400,
      /name of an object/,
    ],
    [
      "the host's own folder",
      strict.credentials("admin"),
      { path: "/fleet/.host/master.key" },
      400,
      /begins with a dot/,
    ],
    ["a path that is not encoded", null, { ...put, path: "/fleet/%E0%A4%A" }, 400, /percent-encoded/],
    ["another bucket", own, { path: "/other/x" }, 404, /no bucket other/],
    [
      "a body of a gigabyte",
      own,
      { ...put, unsigned: { "content-length": "1073741824" } },
      413,
      /at most 1048576/,
    ],
    [
      "a body without its length",
      own,
      { ...put, unsigned: { "transfer-encoding": "chunked" } },
      411,
      /Content-Length/,
    ],
    [
      "a device's body that is not signed",
      own,
      { ...put, payload: "UNSIGNED-PAYLOAD" },
      400,
      /SHA-256 of the body/,
    ],
    ["deleting", own, { method: "DELETE", path }, 501, /does not know DELETE/],
    [
      "uploading in parts",
      strict.credentials("admin"),
      { method: "POST", path: `${path}?uploads=` },
      501,
      /does not know POST/,
    ],
    [
      "copying",
      strict.credentials("admin"),
      { ...put, headers: { "x-amz-copy-source": "/fleet/x" } },
      501,
      /does not know/,
    ],
    [
      "a status that is none",
      own,
      { ...put, path: `/fleet/${statusKey("pump-7")}`, body: Buffer.from("{}") },
      400,
      /not the status of pump-7/,
    ],
    [
      "a status of another device",
      own,
      { ...put, path: `/fleet/${statusKey("pump-7")}`, body: status(1, null, "pump-8") },
      400,
      /not the status of pump-7/,
    ],
    [
      "a status of a megabyte",
      own,
      { ...put, path: `/fleet/${statusKey("pump-7")}`, body: Buffer.alloc(1 << 20, 32) },
      413,
      /at most 4096/,
    ],
  ];
  test.each(trials)("%s", async (_, credentials, raw, expected, sentence) => {
    const answer = await request(strict, credentials, raw);
    expect([answer.status, answer.text]).toEqual([expected, expect.stringMatching(sentence)]);
    expect(answer.text).not.toContain(own.secretAccessKey);
    expect(objectsOf(strict)).toEqual([]);
    expect(incomingOf(strict)).toEqual([]);
  });

  test("a key that was revoked, and nothing but a new one helps", async () => {
    const revoked = await startHost();
    const before = revoked.credentials("pump-9");
    revoked.registry.revoke("pump-9");
    const refused = await request(revoked, before, { path: `/fleet/${statusKey("pump-9")}` });
    expect([refused.status, refused.text]).toEqual([403, expect.stringContaining("revoked")]);
    const secret = revoked.registry.add("pump-9");
    expect(secret).not.toBe(before.secretAccessKey);
    expect((await request(revoked, before, { path: `/fleet/${statusKey("pump-9")}` })).status).toBe(403);
    const after = { ...before, secretAccessKey: secret };
    expect((await request(revoked, after, { path: `/fleet/${statusKey("pump-9")}` })).status).toBe(404);
  });

  test("what is no request, with an answer", async () => {
    const socket = net.connect(host.port, "127.0.0.1");
    let answer = "";
    socket.setEncoding("utf8").on("data", (text: string) => {
      answer += text;
    });
    socket.end("not http\r\n\r\n");
    await until(() => socket.closed);
    expect(answer).toMatch(/^HTTP\/1.1 400/);
  });

  test("a body that hardly moves", async () => {
    const slow = await startHost({ slowBodyMs: 100 });
    const socket = await openUpload(slow, 100_000);
    let answer = "";
    socket.setEncoding("utf8").on("data", (text: string) => {
      answer += text;
    });
    socket.on("error", () => {});
    await until(() => answer.includes("</Error>"));
    expect(answer).toMatch(/HTTP\/1\.1 408[\s\S]*expected at least 4096/);
    expect([objectsOf(slow), incomingOf(slow)]).toEqual([[], []]);
    socket.destroy();
  });
});

/** A connection that has sent the head of an upload, and none of its body. */
async function openUpload(host: TestHost, length: number): Promise<net.Socket> {
  const { signedHeaders } = await import("../../src/sync/signature.ts");
  const content = Buffer.alloc(length);
  const place = `/fleet/${checkpointKey("pump-7", 1, sha256Of(content))}`;
  const headers = signedHeaders(
    { method: "PUT", path: place, host: `127.0.0.1:${host.port}`, headers: {} },
    host.credentials("pump-7"),
    { payload: sha256Of(content), region: "us-east-1", timeMs: Date.now() },
  );
  const socket = net.connect(host.port, "127.0.0.1");
  const lines = Object.entries({ ...headers, "content-length": length }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  socket.write(`PUT ${place} HTTP/1.1\r\n${lines.join("")}\r\n`);
  return socket;
}

test("a connection cut in the middle of a body leaves nothing", async () => {
  const cut = await startHost();
  const socket = await openUpload(cut, 100_000);
  socket.write(Buffer.alloc(50_000));
  await until(() => incomingOf(cut).length === 1);
  socket.destroy();
  await until(() => incomingOf(cut).length === 0);
  expect(objectsOf(cut)).toEqual([]);
});

test("answers others while a thousand connections say nothing", async () => {
  const busy = await startHost();
  const sockets = Array.from({ length: 1000 }, () =>
    net.connect(busy.port, "127.0.0.1").on("error", () => {}),
  );
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
  const put = { method: "PUT", path, body };
  expect((await request(busy, busy.credentials("pump-7"), put)).status).toBe(200);
  for (const socket of sockets) socket.destroy();
});

test("a status is replaced by a later one, and never by an earlier one", async () => {
  const place = `/fleet/${statusKey("pump-7")}`;
  for (const counter of [1, 3, 3]) {
    expect((await request(host, device, { method: "PUT", path: place, body: status(counter) })).status).toBe(
      200,
    );
  }
  const late = await request(host, device, { method: "PUT", path: place, body: status(2) });
  expect([late.status, late.text]).toEqual([412, expect.stringContaining("number 3 is there already")]);
  expect(JSON.parse((await request(host, device, { path: place })).text).counter).toBe(3);
});

test("keeps the newest checkpoints of a device, and those of an earlier life last", async () => {
  const few = await startHost({ keep: 3 });
  const own = few.credentials("pump-7");
  const send = async (samples: number) => {
    const content = Buffer.from(`after ${samples}`);
    const name = checkpointKey("pump-7", samples, sha256Of(content));
    expect((await request(few, own, { method: "PUT", path: `/fleet/${name}`, body: content })).status).toBe(
      200,
    );
    return name;
  };
  const samplesThere = () =>
    objectsOf(few)
      .filter((name) => name.endsWith(".msgpack"))
      .map((name) => Number(/(\d{12})-/.exec(name)?.[1]));
  const settle = (counter: number, newest: string) =>
    request(few, own, {
      method: "PUT",
      path: `/fleet/${statusKey("pump-7")}`,
      body: status(counter, newest),
    });
  // The newest first, as a device sends them.
  let newest = "";
  for (const samples of [500, 400, 300, 200]) {
    const sent = await send(samples);
    newest ||= sent;
  }
  await settle(1, newest);
  await until(() => samplesThere().length === 3);
  expect(samplesThere()).toEqual([300, 400, 500]);
  await settle(2, await send(10));
  await until(() => !samplesThere().includes(300));
  expect(samplesThere()).toEqual([10, 400, 500]);
});

describe("to S3 clients", () => {
  test("it lists keys in order, in pages, and folders where a delimiter is asked for", async () => {
    const listed = await startHost();
    for (const name of [
      "devices/a/checkpoints/1",
      "devices/a/x",
      "devices/a-b/x",
      "devices/a.b/x",
      "devices/c/x",
      "z",
    ]) {
      mkdirSync(join(listed.folder, name, ".."), { recursive: true });
      writeFileSync(join(listed.folder, name), "x");
    }
    const keys = async (query: string) => {
      const { text } = await request(listed, listed.credentials("admin"), { path: `/fleet${query}` });
      const pick = (tag: string) =>
        [...text.matchAll(new RegExp(`<${tag}>([^<]*)</${tag}>`, "g"))].map((match) => match[1]);
      return {
        keys: pick("Key"),
        folders: pick("Prefix").slice(1),
        token: pick("NextContinuationToken")[0],
        marker: pick("NextMarker")[0],
      };
    };
    const all = [
      "devices/a-b/x",
      "devices/a.b/x",
      "devices/a/checkpoints/1",
      "devices/a/x",
      "devices/c/x",
      "z",
    ];
    expect((await keys("?list-type=2")).keys).toEqual(all);
    expect(await keys("?list-type=2&prefix=devices%2F&delimiter=%2F")).toMatchObject({
      keys: [],
      folders: ["devices/a-b/", "devices/a.b/", "devices/a/", "devices/c/"],
    });
    const paged: string[] = [];
    for (let token: string | undefined = ""; token !== undefined; ) {
      const page: Awaited<ReturnType<typeof keys>> = await keys(
        `?list-type=2&max-keys=2${token === "" ? "" : `&continuation-token=${encodeURIComponent(token)}`}`,
      );
      paged.push(...page.keys);
      token = page.token;
    }
    expect(paged).toEqual(all);
    const first = await keys("?max-keys=4");
    expect((await keys(`?marker=${encodeURIComponent(String(first.marker))}`)).keys).toEqual(all.slice(4));
    expect((await keys("?prefix=devices%2Fa%2F")).keys).toEqual(["devices/a/checkpoints/1", "devices/a/x"]);
  });

  test("its bucket is there already", async () => {
    expect((await request(host, admin, { method: "PUT", path: "/fleet" })).status).toBe(200);
    expect((await request(host, admin, { method: "HEAD", path: "/fleet/" })).status).toBe(200);
    expect((await request(host, admin, { path: "/fleet?location" })).text).toContain("LocationConstraint");
    expect((await request(host, admin, { path: "/" })).text).toContain("<Name>fleet</Name>");
  });

  test("a folder is no object", async () => {
    expect((await request(host, admin, { method: "HEAD", path: "/fleet/devices" })).status).toBe(404);
    expect((await request(host, admin, { method: "HEAD", path: "/fleet/devices/pump-7/" })).status).toBe(404);
    const both = await request(host, admin, { method: "PUT", path: "/fleet/devices/pump-7", body });
    expect([both.status, both.text]).toEqual([409, expect.stringContaining("cannot both be named")]);
  });
});

describe("the page", () => {
  const form = (secret: string): RawRequest => ({
    method: "POST",
    path: "/login",
    body: Buffer.from(`key=${secret}`),
  });

  test("asks for the key, exchanges it for a cookie once, and shows the devices", async () => {
    const asked = await request(host, null, { path: "/" });
    expect([asked.status, asked.text]).toEqual([401, expect.stringContaining("<form")]);
    expect(asked.text).not.toContain("pump-7");
    const entered = await request(host, null, form(admin.secretAccessKey));
    const cookie = String(entered.headers["set-cookie"]);
    expect([entered.status, cookie]).toEqual([303, expect.stringMatching(/; HttpOnly; SameSite=Strict$/)]);
    const shown = await request(host, null, { path: "/", headers: { cookie: cookie.split(";")[0] } });
    expect([shown.status, shown.text]).toEqual([200, expect.stringContaining("<td>pump-7</td>")]);
    const altered = cookie.split(";")[0].replace(/=\d+\./, "=9999999999.");
    expect((await request(host, null, { path: "/", headers: { cookie: altered } })).status).toBe(401);
  });

  test("refuses another key", async () => {
    expect((await request(host, null, form("wrong"))).status).toBe(403);
    expect((await request(host, null, form(device.secretAccessKey))).status).toBe(403);
    expect((await request(host, null, form("x".repeat(5000)))).status).toBe(403);
  });

  test("shows what a device writes as text, whatever it is", async () => {
    const hostile = await startHost();
    const place = `/fleet/${statusKey("pump-7")}`;
    const evil = {
      ...JSON.parse(status(1).toString()),
      rivulet: "<script>alert(1)</script>",
      report: {
        problems: ["\u001b[31m<b>"],
        model: { version: 17, state: "went back", reason: "worse <i>", samples: 500, difference: 0.031 },
      },
    };
    await request(hostile, hostile.credentials("pump-7"), {
      method: "PUT",
      path: place,
      body: Buffer.from(JSON.stringify(evil)),
    });
    const { text } = await request(hostile, null, {
      path: "/metrics",
      headers: { authorization: `Bearer ${hostile.credentials("admin").secretAccessKey}` },
    });
    expect(text).toContain('rivulet_device_silent{device="pump-7"} 0');
    expect(text).toContain('rivulet_device_model_version{device="pump-7"} 17');
    const entered = await request(hostile, null, form(hostile.credentials("admin").secretAccessKey));
    const cookie = String(entered.headers["set-cookie"]).split(";")[0];
    const page = (await request(hostile, null, { path: "/", headers: { cookie } })).text;
    expect(page).not.toMatch(/<script>|<b>/);
    expect(page).not.toContain("\u001b");
    expect(page).toContain("&lt;script&gt;");
    expect(page).toContain("<td>17 went back, loss +0.031</td>");
    expect(page).toContain("model 17 went back: worse &lt;i&gt;");
  });

  test("a fault while it is put together is in the log, and cuts the answer", async () => {
    const { registry, credentials } = await startHost();
    const fault = new TypeError("no such column");
    const rows = async () => [
      {
        ...{ device: "pump-7", lastSeenMs: 0, isSilent: false },
        get status(): DeviceStatus {
          throw fault;
        },
      },
    ];
    const log: string[] = [];
    const handler = answered(
      (sentence) => log.push(sentence),
      async (incoming, response) => {
        await answerPage(incoming, response, "/", { fleet: { rows }, registry, clock: Date.now });
      },
    );
    const broken = await serveHost(handler, { address: "127.0.0.1", port: 0, tls: null });
    const authorization = `Bearer ${credentials("admin").secretAccessKey}`;
    const answer = fetch(`http://127.0.0.1:${broken.port}/`, { headers: { authorization } });
    await expect(answer.then((begun) => begun.text())).rejects.toThrow();
    expect(log).toEqual([expect.stringContaining("refused GET /: TypeError: no such column")]);
    await broken.close();
  });

  test("a silent device stands out, on the page and in the metrics", async () => {
    const quiet = await startHost();
    await request(quiet, quiet.credentials("pump-7"), {
      method: "PUT",
      path: `/fleet/${statusKey("pump-7")}`,
      body: status(1),
    });
    const past = (Date.now() - 181_000) / 1000;
    utimesSync(join(quiet.folder, statusKey("pump-7")), past, past);
    const bearer = { authorization: `Bearer ${quiet.credentials("admin").secretAccessKey}` };
    expect((await request(quiet, null, { path: "/metrics", headers: bearer })).text).toContain(
      'rivulet_device_silent{device="pump-7"} 1',
    );
    const page = (await request(quiet, null, { path: "/", headers: bearer })).text;
    expect(page).toMatch(/<tr class="silent">.*silent, expected every 1 min</);
    expect((await request(quiet, null, { path: "/metrics" })).status).toBe(401);
  });
});

test("its secrets are in files that only its user reads", async () => {
  const { statSync } = await import("node:fs");
  for (const name of ["master.key", "admin.key"]) {
    expect(statSync(join(host.folder, ".host", name)).mode & 0o777).toBe(0o600);
  }
});
