/** The three ways from a device to where its checkpoints are kept: what `sync.to` names, and with which key. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createConnections, exchange } from "../../src/sync/client/http-exchange.ts";
import {
  createObjectStore,
  type ObjectStore,
  type ObjectStoreOptions,
} from "../../src/sync/client/object-store.ts";
import { openRegistry } from "../../src/sync/host/registry.ts";
import { type Credentials, sha256Of, signedHeaders } from "../../src/sync/signature.ts";
import type { Engine } from "./engine.ts";
import { freePort, type Processes, untilListening } from "./processes.ts";

export const cli = resolve(import.meta.dirname, "../../dist/bin/rivulet.cjs");
export const device = "pump-7";
const bucket = "rivulet";

export interface Way {
  name: string;
  to: string;
  region: string;
  credentials: Credentials;
  /** Whether an object is written only where there is none. */
  honoursConditions: boolean;
  /** Whether the objects lie in the engine. */
  isEngine: boolean;
  /** Process of `rivulet host`, where one is on the way. */
  host: string | null;
  /** Its folder. */
  folder: string | null;
}

/** Straight to the engine with a key of its own. */
export async function directWay(engine: Engine): Promise<Way> {
  await makeBucket(engine);
  const { origin, region, credentials, honoursConditions } = engine;
  const to = `${origin}/${bucket}/direct`;
  return {
    name: "directly",
    to,
    region,
    credentials,
    honoursConditions,
    isEngine: true,
    host: null,
    folder: null,
  };
}

/** Through a front, which holds the key of the engine. */
export async function frontWay(engine: Engine, folder: string, processes: Processes): Promise<Way> {
  const { origin, region, credentials, honoursConditions } = engine;
  const secret = join(folder, "store.key");
  writeFileSync(secret, `${credentials.secretAccessKey}\n`, { mode: 0o600 });
  const store = ["--store", `${origin}/${bucket}/front`, "--region", region];
  const words = [...store, "--store-key", credentials.accessKeyId, "--store-secret", secret];
  const host = await startHost("front", join(folder, "front"), words, processes);
  return { name: "rivulet host --store", ...host, honoursConditions, isEngine: true, host: "front" };
}

/** To a host that keeps the objects itself: the same suite, without the engine. */
export async function folderWay(folder: string, processes: Processes): Promise<Way> {
  const host = await startHost("host", join(folder, "fleet"), ["--keep", "100000"], processes);
  return { name: "rivulet host FOLDER", ...host, honoursConditions: true, isEngine: false, host: "host" };
}

async function startHost(name: string, folder: string, words: readonly string[], processes: Processes) {
  mkdirSync(folder);
  const secretAccessKey = openRegistry(folder, { create: true }).add(device);
  const port = await freePort();
  processes.start(name, [process.execPath, cli, "host", folder, "--listen", `127.0.0.1:${port}`, ...words]);
  await untilListening(port, processes, name);
  const credentials = { accessKeyId: device, secretAccessKey };
  return { to: `http://127.0.0.1:${port}/fleet`, folder, region: "us-east-1", credentials };
}

/** A new engine makes its pools at the first request, which takes some seconds. */
async function makeBucket({ origin, region, credentials }: Engine): Promise<void> {
  const url = new URL(`/${bucket}`, origin);
  const asked = { method: "PUT", path: url.pathname, host: url.host, headers: {} };
  const payload = sha256Of(new Uint8Array(0));
  const headers = signedHeaders(asked, credentials, { payload, region, timeMs: Date.now() });
  const connections = createConnections(null);
  const request = { url, method: "PUT", headers: { ...headers, "content-length": "0" }, mostBytes: 1 << 16 };
  const { status, body } = await exchange(request, { connections, progress: () => {} });
  connections.destroy();
  if (status !== 200 && status !== 409) throw new Error(`no bucket: status ${status}, ${body}`);
}

/** The client of a device. */
export function clientOf(way: Way, options: Partial<ObjectStoreOptions> = {}): ObjectStore {
  const { to, region, credentials } = way;
  return createObjectStore({
    to,
    region,
    fingerprint: null,
    credentials: async () => credentials,
    ...options,
  });
}

/** Runs the command line to its end. */
export function rivulet(
  words: readonly string[],
  cwd: string,
): Promise<{ code: number | null; text: string }> {
  const child: ChildProcess = spawn(process.execPath, [cli, ...words], { cwd });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
  return new Promise((ended) => child.once("close", (code) => ended({ code, text })));
}
