/** The status server as scrapers, browsers and strangers meet it. */
import { chmodSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { type ClientRequest, request } from "node:http";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { StatusDocument } from "../../src/status/document.ts";
import { StatusServer, type StatusServerOptions, type Watched } from "../../src/status/server.ts";
import { folderWith } from "../rivulet.ts";
import { until } from "../until.ts";
import { startWatched } from "./bench.ts";

const statusOf = async (response: Promise<Response>) => (await response).status;

/** Sends a request whose headers a browser's script could not set. */
function rawRequest(port: number, path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent: ClientRequest = request({ host: "127.0.0.1", port, path, headers }, (response) => {
      response.resume();
      resolve(response.statusCode as number);
    });
    sent.on("error", reject);
    sent.end();
  });
}

describe("a daemon with status in its config", () => {
  test("tells what it has learned, and from what", async () => {
    const { samples, get } = await startWatched();
    await samples(300);
    const response = await get("/status.json");
    expect(response.headers.get("content-security-policy")).toMatch(/^default-src 'none'; script-src 'self'/);
    expect(response.headers.get("cache-control")).toBe("no-store");
    const document = (await response.json()) as StatusDocument;
    expect(document).toMatchObject({
      name: "bench",
      version: "1.2.3",
      health: "learning",
      target: { column: "label", classes: ["0", "1", "2"] },
      source: { state: "open", losses: 0 },
      samples: { learned: 300, missing: 0, unlabelled: 0 },
      training: { samplesSeen: 300, paused: false },
      problems: [],
    });
    const [a, b, label] = document.fields;
    expect(a).toMatchObject({ name: "a", minimum: 0, isTarget: false, range: null });
    expect(a.importance).toBeGreaterThan(b.importance as number);
    expect(b).toMatchObject({ range: [-2, 2], outOfRange: 0 });
    expect(label).toMatchObject({ isTarget: true, importance: null, minimum: 0, maximum: 2 });
    expect(label.mean).toBeCloseTo(1);
  });

  test("says in words what is wrong", async () => {
    const { samples, peer, get, daemon } = await startWatched();
    await samples(20);
    peer.sockets[0].write("0,9,1\n0,10,1\n");
    await until(() => daemon.status().rejected === 2);
    const { problems } = (await (await get("/status.json")).json()) as StatusDocument;
    expect(problems).toEqual([expect.stringMatching(/^b: .*2 .*range/)]);
    peer.close();
    await until(() => daemon.status().source === "waiting");
    let answer = "";
    while (!answer.startsWith("200 waiting")) {
      const response = await get("/healthz");
      answer = `${response.status} ${await response.text()}`;
    }
    expect(answer).toMatch(/: the connection to 127\.0\.0\.1:\d+ was .*; (reconnecting|retrying)/);
  });

  test("does not ask for a newer checkpoint while nothing comes that could be saved", async () => {
    const { samples, peer, get, post, daemon } = await startWatched({ more: "checkpoint: { every: 1s }" });
    const status = async () => (await (await get("/status.json")).json()) as StatusDocument;
    await samples(20);
    await post("/checkpoint");
    peer.close();
    await until(() => daemon.status().source === "waiting");
    let seen = await status();
    while ((seen.checkpoint.ageSeconds ?? 0) <= 3 || seen.health !== "waiting") seen = await status();
    expect(seen.problems).toEqual([expect.stringContaining("the connection to")]);
  });

  test("shows that it cannot save until it can, whatever is asked of it meanwhile", async () => {
    const { samples, get, post, config } = await startWatched();
    const { directory } = config.checkpoint;
    const problems = async () => ((await (await get("/status.json")).json()) as StatusDocument).problems;
    await samples(30);
    renameSync(directory, `${directory}-away`);
    const asked = async () => ((await (await post("/checkpoint")).json()) as { text: string }).text;
    for (let time = 0; time < 2; time++) {
      expect(await asked()).toBe("nothing new was saved");
      expect(await problems()).toEqual([expect.stringMatching(/^cannot save a checkpoint in .*the folder/)]);
    }
    renameSync(`${directory}-away`, directory);
    expect(await asked()).toMatch(/^saved /);
    expect(await problems()).toEqual([]);
  });

  test("pauses, goes on and saves when it is told to", async () => {
    const { samples, post, get, daemon, config, peer } = await startWatched();
    await samples(30);
    expect(await (await post("/pause")).json()).toMatchObject({ done: true, paused: true });
    expect(daemon.status().paused).toBe(true);
    expect(await (await get("/healthz")).text()).toMatch(/^paused: /);
    peer.sockets[0].write("0,0,0\n1,0,1\n");
    await until(() => daemon.status().passedInPause === 2);
    expect(daemon.status().samples).toBe(30);
    expect(await (await post("/resume")).json()).toMatchObject({ paused: false });
    const timed = await post("/pause", {}, '{"for":"30min"}');
    expect(await timed.json()).toMatchObject({ done: true, paused: true });
    expect(await (await get("/healthz")).text()).toMatch(/^paused: .*; learning continues in (30|29) min/);
    expect((await post("/pause", {}, '{"for":"soon"}')).status).toBe(409);
    expect(daemon.status().pauseLeftMs).toBeGreaterThan(0);
    await post("/resume");
    expect(daemon.status().pauseLeftMs).toBeNull();
    expect(await (await get("/healthz")).text()).toMatch(/^learning: /);
    const { path } = (await (await post("/checkpoint")).json()) as { path: string };
    expect(existsSync(path)).toBe(true);
    expect(path.startsWith(config.checkpoint.directory)).toBe(true);
    expect(((await (await get("/status.json")).json()) as StatusDocument).checkpoint).toMatchObject({
      path,
      saved: 1,
    });
  });

  test("sends its state to whoever listens", async () => {
    const { samples, get } = await startWatched();
    await samples(10);
    const response = await get("/events?any");
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let text = "";
    while ((text.match(/event: status/g) ?? []).length < 2)
      text += Buffer.from((await reader.read()).value ?? []);
    await reader.cancel();
    const data = /data: (.*)\n/.exec(text)?.[1] as string;
    expect(JSON.parse(data)).toMatchObject({ samples: { learned: 10 } });
  });

  test("goes on learning where its address is taken, and serves once it is free", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as { port: number };
    const reports: string[] = [];
    const server = serverOf({
      listen: { host: "127.0.0.1", port },
      retryMs: 20,
      report: (text) => reports.push(text),
    });
    await server.start();
    expect(reports).toEqual([
      expect.stringMatching(/^cannot serve the status page at .* learning continues/),
    ]);
    taken.close();
    await until(() => reports.length === 2);
    expect(reports[1]).toBe(`the status page is at http://127.0.0.1:${port}/`);
  });
});

interface Watches {
  document: Partial<StatusDocument>;
  commands: Watched["commands"];
}

/** A server in front of a daemon that is but a document. */
function serverOf(options: Partial<StatusServerOptions> & Partial<Watches> = {}) {
  const { document = {}, commands = {} } = options;
  const server = new StatusServer({
    listen: { host: "127.0.0.1", port: 0 },
    token: "a-token-of-enough-bits-1",
    names: [],
    watched: {
      document: () => document as StatusDocument,
      history: () => {
        throw new Error("no history here");
      },
      commands,
    },
    report: () => {},
    ...options,
  });
  onTestFinished(() => server.close());
  return server;
}

describe("what stands beside the samples", () => {
  test("is what the clock of the device has shown", async () => {
    const { samples, get } = await startWatched({ source: ", time: a" });
    await samples(12);
    const { clock } = (await (await get("/status.json")).json()) as StatusDocument;
    // Its values rise from class 0 to class 2, as a clock does that starts over at each third sample.
    expect(clock).toMatchObject({ columns: ["a"], back: 3, repeated: 0, absent: 0 });
    expect(await (await get("/metrics")).text()).toContain(
      'rivulet_clock_faults_total{kind="step back"} 3\n',
    );
  });

  test("is how far the host has been reached, without asking it", async () => {
    const folder = folderWith();
    const { samples, get, daemon } = await startWatched({
      folder,
      more: "checkpoint: { directory: ./kept, keep: 3 }\nsync: { to: 'http://127.0.0.1:9/fleet', secretFile: key }",
    });
    await samples(30);
    const sync = async () => ((await (await get("/status.json")).json()) as StatusDocument).sync;
    expect(await sync()).toEqual({ ageSeconds: null, sent: 0, waiting: 0, dropped: 0, problem: null });
    expect(await (await get("/metrics")).text()).toContain("rivulet_sync_pending 0\n");
    expect(daemon.status().portFailures).toBe(0);
  });
});

describe("strangers", () => {
  test("a name that was rebound to this machine is refused, its own names are not", async () => {
    const { port } = await startWatched({ status: "listen: 127.0.0.1:0, names: [Pump.example]" });
    const ask = (host: string) => rawRequest(port, "/status.json", { Host: host });
    for (const host of ["127.0.0.1", `localhost:${port}`, "[::1]:9", "pump.example:80"])
      expect(await ask(host)).toBe(200);
    for (const host of ["evil.example", `127.0.0.1.evil.example:${port}`, "local host"]) {
      expect(await ask(host)).toBe(421);
    }
  });

  test("a command needs the token, a page of its own, and says what it sends", async () => {
    const { post, base, daemon, token } = await startWatched();
    expect(await statusOf(fetch(`${base}/pause`, { method: "POST" }))).toBe(401);
    expect(await statusOf(post("/pause", { Authorization: "Bearer guessed" }))).toBe(401);
    expect(await statusOf(post("/pause", { Authorization: `Bearer ${token}x` }))).toBe(401);
    expect(await statusOf(post("/pause", { Origin: "https://evil.example" }))).toBe(403);
    expect(await statusOf(post("/pause", { Origin: "null" }))).toBe(403);
    expect(await statusOf(post("/pause", { "Content-Type": "text/plain" }))).toBe(415);
    expect(await statusOf(fetch(`${base}/pause`))).toBe(404);
    expect(await statusOf(fetch(`${base}/status.json`, { method: "DELETE" }))).toBe(405);
    expect(await statusOf(post("/__proto__"))).toBe(404);
    expect(daemon.status().paused).toBe(false);
    expect(await statusOf(post("/pause", { Origin: base }))).toBe(200);
  });

  test("the token becomes a cookie that scripts cannot read and other sites cannot use", async () => {
    const { post, base, port } = await startWatched();
    const header = (await post("/session")).headers.get("set-cookie") as string;
    expect(header).toMatch(
      new RegExp(`^rivulet-${port}=[0-9a-f]{64}; Path=/; Max-Age=\\d+; HttpOnly; SameSite=Strict$`),
    );
    const Cookie = header.split(";")[0];
    const ask = (headers: Record<string, string>) =>
      statusOf(
        fetch(`${base}/pause`, {
          method: "POST",
          headers: { "Content-Type": "application/json", Cookie, ...headers },
        }),
      );
    expect(await ask({ Origin: base })).toBe(200);
    expect(await ask({ Origin: "http://evil.example" })).toBe(403);
    expect(await ask({ Cookie: `${Cookie.slice(0, -1)}x` })).toBe(401);
    // A cookie renews no cookie: only the token does.
    expect(await statusOf(fetch(`${base}/session`, { method: "POST", headers: { Cookie } }))).toBe(404);
  });

  test("where others can reach it, reading needs the token too, all but the health", async () => {
    const { get, token } = await startWatched({ status: "listen: 0.0.0.0:0" });
    for (const path of ["/status.json", "/metrics", "/events", "/history.json"]) {
      expect(await statusOf(get(path))).toBe(401);
    }
    expect(await statusOf(get("/healthz"))).toBe(200);
    for (const path of ["/status.json", "/metrics", "/history.json?step=1d"]) {
      expect(await statusOf(get(path, { Authorization: `Bearer ${token}` }))).toBe(200);
    }
  });

  test("a megabyte of headers, a long body, half a request and an address that is none are refused", async () => {
    const commands = { x: () => ({ done: true, text: "done" }) };
    const [patient, hasty] = [serverOf({ commands }), serverOf({ longestRequestMs: 200, commands })];
    await Promise.all([patient.start(), hasty.start()]);
    const answerTo = (text: string, { address } = patient) =>
      new Promise<string>((resolve) => {
        let answer = "";
        const socket = connect(address.port, "127.0.0.1", () => socket.write(text));
        socket.on("data", (chunk) => {
          answer += chunk;
        });
        socket.on("error", () => {});
        socket.on("close", () => resolve(answer));
      });
    const start = "POST /x HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer a-token-of-enough-bits-1\r\n";
    const answers = await Promise.all([
      answerTo(`${start}X: ${"x".repeat(1 << 20)}\r\n\r\n`),
      answerTo(`${start}Content-Type: application/json\r\nContent-Length: 10`, hasty),
      answerTo(`${start}Content-Type: application/json\r\nContent-Length: 10\r\n\r\n{`, hasty),
      answerTo("not http\r\n\r\n"),
      answerTo("GET /// HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
      answerTo("GET //status.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
    ]);
    expect(answers[0]).toMatch(/^(HTTP\/1.1 (431|408)|$)/);
    for (const answer of answers.slice(1, 3)) expect(answer).toMatch(/^HTTP\/1.1 408/);
    expect(answers[3]).toMatch(/^HTTP\/1.1 400/);
    for (const answer of answers.slice(4)) expect(answer).toMatch(/^HTTP\/1.1 404/);
  });

  test("a body of more than 64 KiB is refused, whether its length is said or not", async () => {
    const { base, token } = await startWatched();
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    const long = "x".repeat(65_537);
    expect(await statusOf(fetch(`${base}/pause`, { method: "POST", headers, body: long }))).toBe(413);
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(Buffer.from(long));
        controller.close();
      },
    });
    const init = { method: "POST", headers, body, duplex: "half" } as RequestInit;
    expect(await statusOf(fetch(`${base}/pause`, init))).toBe(413);
  });

  test("a client that does not read what it asked for is dropped, and the others go on", async () => {
    const server = serverOf({ document: { name: "x".repeat(2 ** 21) } });
    await server.start();
    const { port } = server.address;
    const slow: Socket = connect(port, "127.0.0.1", () => {
      slow.write("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
      slow.pause();
    });
    slow.on("error", () => {});
    onTestFinished(() => void slow.destroy());
    await until(() => server.counts.watching === 1);
    await until(() => server.counts.slowReaders === 1 && server.counts.watching === 0);
    expect(await statusOf(fetch(`http://127.0.0.1:${port}/status.json`))).toBe(200);
  });

  test("an answer that waits for its turn is whole, though the next request of the connection renews the state", async () => {
    const { get } = await startWatched();
    const document = (await (await get("/status.json")).json()) as StatusDocument;
    let made = 0;
    const watched = {
      document: () => ({ ...document, name: String.fromCharCode(97 + made).repeat(5000 - 1000 * made++) }),
      history: () => {
        throw new Error("no history here");
      },
      commands: {},
    };
    const server = serverOf({ watched });
    await server.start();
    const socket = connect(server.address.port, "127.0.0.1");
    const ask = (path: string, more = "") => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;
    socket.write(ask("/status.json") + ask("/metrics", "Connection: close\r\n"));
    let text = "";
    for await (const chunk of socket.setEncoding("utf8")) text += chunk;
    expect(made).toBe(2);
    const [, first, second] = text.split("HTTP/1.1 200 OK\r\n");
    expect(JSON.parse(first.split("\r\n\r\n")[1]).name).toBe("a".repeat(5000));
    expect(second).toContain("\nrivulet_uptime_seconds ");
  });

  test("the ninth who wants to watch is refused", async () => {
    const server = serverOf();
    await server.start();
    const url = `http://127.0.0.1:${server.address.port}/events`;
    const watching = await Promise.all(Array.from({ length: 8 }, () => fetch(url)));
    expect(watching.map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect((await fetch(url)).status).toBe(503);
    for (const { body } of watching) await body?.cancel();
    await until(() => server.counts.watching === 0);
  });

  test("a failure of the server is counted, and answered", async () => {
    const server = serverOf();
    await server.start();
    expect(await statusOf(fetch(`http://127.0.0.1:${server.address.port}/history.json`))).toBe(500);
    expect(server.counts.errors).toBe(1);
  });

  test("a daemon that handles nothing is not healthy", async () => {
    const server = serverOf({ document: { health: "hung", reason: "30 samples are queued" } });
    await server.start();
    const answer = await fetch(`http://127.0.0.1:${server.address.port}/healthz`);
    expect([answer.status, await answer.text()]).toEqual([503, "hung: 30 samples are queued\n"]);
  });
});

describe("the token", () => {
  const start = (folder: string) =>
    startWatched({ folder, status: `listen: 127.0.0.1:0, tokenFile: ${join(folder, "token")}` });

  test("is made at the first start, for its owner alone, and stays", async () => {
    const folder = folderWith();
    const first = await start(folder);
    const file = join(folder, "token");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(first.token).toMatch(/^[\w-]{22}$/);
    await first.stop();
    const again = await start(folder);
    expect(readFileSync(file, "utf8").trim()).toBe(again.token);
    expect(again.token).toBe(first.token);
  });

  test("that others can read, or guess, is refused, and nothing starts", async () => {
    const folder = folderWith({ token: "0123456789abcdef0123456789abcdef\n" });
    const file = join(folder, "token");
    chmodSync(file, 0o640);
    await expect(start(folder)).rejects.toThrow(`run: chmod 600 ${file}`);
    chmodSync(file, 0o600);
    writeFileSync(file, "short\n");
    await expect(start(folder)).rejects.toThrow("must hold a token of at least 22 printable characters");
    expect(existsSync(join(folder, "checkpoints"))).toBe(false);
  });
});
