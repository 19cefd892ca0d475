/** A host as `rivulet host` runs it, in this process, for the tests of both sides of the wire. */
import http from "node:http";
import { join } from "node:path";
import { afterAll } from "vitest";
import {
  createObjectStore,
  type ObjectStore,
  type ObjectStoreOptions,
} from "../../src/sync/client/object-store.ts";
import { createHostHandler, type HostOptions } from "../../src/sync/host/handler.ts";
import { openRegistry, type Registry } from "../../src/sync/host/registry.ts";
import { type RunningHost, serveHost } from "../../src/sync/host/serve.ts";
import { type Credentials, sha256Of, signedHeaders } from "../../src/sync/signature.ts";
import { folderWith } from "../rivulet.ts";

export interface TestHost {
  folder: string;
  registry: Registry;
  port: number;
  /** Bucket of the host, as a config names it. */
  to: string;
  log: string[];
  credentials(device: string): Credentials;
  stop(): Promise<void>;
}

const running: RunningHost[] = [];
afterAll(async () => {
  for (const host of running.splice(0)) await host.close();
});

export async function startHost(
  options: Partial<HostOptions> & { port?: number; tls?: { cert: string; key: string } } = {},
): Promise<TestHost> {
  const folder = options.folder ?? join(folderWith(), "fleet");
  const registry = options.registry ?? openRegistry(folder, { create: true });
  const log: string[] = [];
  const handler = createHostHandler({
    folder,
    registry,
    keep: 20,
    log: (text) => log.push(text),
    ...options,
  });
  const host = await serveHost(handler, {
    address: "127.0.0.1",
    port: options.port ?? 0,
    tls: options.tls ?? null,
  });
  running.push(host);
  const scheme = options.tls === undefined ? "http" : "https";
  return {
    folder,
    registry,
    port: host.port,
    to: `${scheme}://127.0.0.1:${host.port}/fleet`,
    log,
    credentials: (device) => ({
      accessKeyId: device,
      secretAccessKey: registry.holder(device)?.secret ?? "",
    }),
    stop: () => host.close(),
  };
}

/** The client of a device at a host; it does not wait between its attempts. */
export function clientOf(
  host: TestHost,
  device: string,
  options: Partial<ObjectStoreOptions> = {},
): ObjectStore {
  const credentials = host.credentials(device);
  return createObjectStore({
    to: host.to,
    credentials: async () => credentials,
    region: "us-east-1",
    fingerprint: null,
    retryMs: [10, 10],
    ...options,
  });
}

export interface RawRequest {
  method?: string;
  /** As it is sent, not encoded here. */
  path: string;
  body?: Uint8Array;
  headers?: Record<string, string>;
  /** Digest that is signed; default: that of the body. */
  payload?: string;
  timeMs?: number;
  /** What is sent in place of the body that was signed. */
  sentBody?: Uint8Array;
  /** Headers that are added without being signed. */
  unsigned?: Record<string, string>;
}

export interface RawAnswer {
  status: number;
  text: string;
  headers: http.IncomingHttpHeaders;
  /** Whether the host asked for the body, where the request has `Expect: 100-continue`. */
  isAsked: boolean;
}

/** Sends one signed request exactly as it is described. */
export function request(
  { port }: TestHost,
  credentials: Credentials | null,
  raw: RawRequest,
): Promise<RawAnswer> {
  const {
    method = "GET",
    path,
    body = new Uint8Array(0),
    headers = {},
    timeMs = Date.now(),
    sentBody = body,
    unsigned = {},
  } = raw;
  const host = `127.0.0.1:${port}`;
  const payload = raw.payload ?? sha256Of(body);
  const signed =
    credentials === null
      ? headers
      : signedHeaders({ method, path, host, headers }, credentials, { payload, region: "us-east-1", timeMs });
  const isChunked = "transfer-encoding" in unsigned;
  const length =
    !isChunked && (method === "PUT" || method === "POST")
      ? { "content-length": String(sentBody.length) }
      : {};
  return new Promise((resolve, reject) => {
    const client = http.request({
      host: "127.0.0.1",
      port,
      method,
      path,
      headers: { ...length, ...signed, ...unsigned },
      agent: false,
    });
    let isAsked = false;
    client.on("continue", () => {
      isAsked = true;
    });
    client.on("error", reject);
    client.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, text, headers: response.headers, isAsked }),
      );
      response.on("error", reject);
    });
    client.end(sentBody);
  });
}
