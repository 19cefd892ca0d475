/**
 * Sends what listens requests that nobody should send, by the hundred thousand: the status page of a daemon and a host of
 * checkpoints. Each is answered or closed, none with a fault of the server, and none changes anything: all lack the token
 * or a valid signature.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRandom, type Random } from "../../../src/engine/model/random.ts";
import { createHostHandler } from "../../../src/sync/host/handler.ts";
import { openRegistry } from "../../../src/sync/host/registry.ts";
import { serveHost } from "../../../src/sync/host/serve.ts";
import type { Outcome } from "../account.ts";
import { mutate, mutateContent } from "./mutate.ts";

/** A server under test. */
interface Target {
  name: string;
  port: number;
  /** Requests that are changed at random. */
  requests: string[];
  /** What must not change, as text. */
  state(): string;
  close(): Promise<void>;
}

const atOnce = 8;
/** Statuses by which a server says that the fault is its own. Node answers 501 and 505 to what it does not speak. */
const isFault = (status: number) => status === 500 || status === 502 || status === 503;

/** @param count requests to each server */
export async function proveHttp(count: number): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-http-"));
  const faults: string[] = [];
  const figures: string[] = [];
  try {
    for (const open of [openStatusPage, openHost]) {
      const target = await open(folder);
      const before = target.state();
      const statuses = await bombard(target, count, createRandom(23));
      if (target.state() !== before)
        faults.push(`${target.name}: a request without a right changed something`);
      for (const [status, { number, example }] of statuses) {
        if (!isFault(status)) continue;
        faults.push(
          `${target.name}: ${number} requests were answered with ${status}, the first ${JSON.stringify(example)}`,
        );
      }
      if (!(await answers(target))) faults.push(`${target.name}: answers no more`);
      await target.close();
      figures.push(`${target.name}: ${summary(statuses)}`);
    }
    return { figures: `${count} requests to each of 2 servers; ${figures.join("; ")}`, faults };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Statuses = Map<number, { number: number; example: string }>;

/** 0: closed without an answer. */
function summary(statuses: Statuses): string {
  const parts = [...statuses].sort(([one], [other]) => one - other);
  return parts
    .map(([status, { number }]) => `${number} ${status === 0 ? "closed" : `x ${status}`}`)
    .join(", ");
}

async function bombard({ port, requests }: Target, count: number, random: Random): Promise<Statuses> {
  const statuses: Statuses = new Map();
  let left = count;
  const worker = async () => {
    while (left-- > 0) {
      const request = requests[Math.floor(requests.length * random.uniform())];
      const change = random.uniform() < 0.3 ? mutate : mutateContent;
      const bytes = change(Buffer.from(request.replaceAll("PORT", String(port)), "latin1"), random);
      for (const status of await send(port, bytes)) {
        const seen = statuses.get(status);
        if (seen === undefined)
          statuses.set(status, { number: 1, example: bytes.toString("latin1", 0, 300) });
        else seen.number++;
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return statuses;
}

/** Sends bytes and an end; gives the statuses that came, [0] where the connection was closed without one. */
function send(port: number, bytes: Buffer): Promise<number[]> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect({ port, host: "127.0.0.1" });
    const done = () => {
      socket.destroy();
      const found = [...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status));
      resolve(found.length > 0 ? found : [0]);
    };
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      // A stream of events does not end.
      if (text.includes("text/event-stream")) done();
    });
    socket.on("error", done);
    socket.on("close", done);
    socket.end(bytes);
  });
}

const answers = async ({ port }: Target) =>
  (await send(port, Buffer.from(`GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)))[0] > 0;

const post = (path: string, body: string) =>
  `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nAuthorization: Bearer 0123456789abcdef0123456789abcdef\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const get = (path: string) =>
  `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nCookie: rivulet=0123456789abcdef\r\n\r\n`;

/** As it was built: the files of the page are nowhere else. */
const built = (path: string) => new URL(`../../../dist/${path}`, import.meta.url).href;

async function openStatusPage(folder: string): Promise<Target> {
  const { parseConfig }: typeof import("../../../src/config/config.ts") = await import(
    built("config/config.js")
  );
  const { Daemon }: typeof import("../../../src/daemon/daemon.ts") = await import(built("daemon/daemon.js"));
  const text = `
source: { tcp: { host: 127.0.0.1, port: 9 }, framing: lines, fields: [a, b, label] }
target: { column: label, classes: 3 }
labels: { keep: 10min }
status: { listen: 127.0.0.1:0 }
checkpoint: { directory: ${join(folder, "checkpoints")} }
`;
  const daemon = new Daemon(parseConfig(text, join(folder, "http.yaml")), { log: () => {} });
  await daemon.start();
  const state = () => {
    const { paused, labels, samples, checkpoints } = daemon.status();
    return JSON.stringify({ paused, labels, samples, checkpoints });
  };
  return {
    name: "status page",
    port: daemon.statusAddress?.port ?? 0,
    requests: [
      ...["/", "/status.json", "/metrics", "/healthz", "/events", "/history.json?ring=1", "/page.js"].map(
        get,
      ),
      ...["/checkpoint", "/pause", "/resume", "/token"].map((path) => post(path, "{}")),
      post("/labels", '{"samples":{"last":10000},"class":1,"id":"a"}'),
    ],
    state,
    close: async () => void (await daemon.stop()),
  };
}

async function openHost(folder: string): Promise<Target> {
  const fleet = join(folder, "fleet");
  const registry = openRegistry(fleet, { create: true });
  registry.add("barn");
  const host = await serveHost(createHostHandler({ folder: fleet, registry, keep: 5 }), {
    address: "127.0.0.1",
    port: 0,
    tls: null,
  });
  const authorization =
    "AWS4-HMAC-SHA256 Credential=barn/20260101/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=0000";
  const signed = (method: string, path: string, body = "") =>
    `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nx-amz-date: 20260101T000000Z\r\nx-amz-content-sha256: ${"0".repeat(64)}\r\nAuthorization: ${authorization}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const contents = () =>
    readdirSync(fleet, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(
        ({ parentPath, name }) => `${join(parentPath, name)} ${readFileSync(join(parentPath, name), "hex")}`,
      )
      .sort()
      .join("\n");
  return {
    name: "host",
    port: host.port,
    requests: [
      ...["/", "/metrics", "/fleet?list-type=2&prefix=devices/barn/", "/fleet/devices/barn/status.json"].map(
        get,
      ),
      signed("PUT", "/fleet/devices/barn/checkpoints/00000001-0000.msgpack", "x".repeat(200)),
      signed("PUT", "/fleet/devices/barn/status.json", "{}"),
      signed("GET", "/fleet?list-type=2&prefix=devices/barn/"),
      signed("DELETE", "/fleet/devices/barn/status.json"),
      "POST /login HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nContent-Length: 9\r\n\r\nkey=secret",
    ],
    state: contents,
    close: () => host.close(),
  };
}
