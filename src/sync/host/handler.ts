/** Answers the requests of devices and of S3 clients: a function for `node:http`, which any server can mount. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { pathAndQuery } from "../../wording/address.ts";
import { type AuthenticatedRequest, authenticate } from "./access.ts";
import { sendList, sendObject } from "./downloads.ts";
import { Fleet } from "./fleet.ts";
import { HostError } from "./host-error.ts";
import type { HostParts } from "./host-parts.ts";
import { answered, bucket, bucketAndKey, type HostHandler, sendXml } from "./http.ts";
import { ObjectFolder } from "./object-folder.ts";
import { answerPage } from "./page.ts";
import type { Registry } from "./registry.ts";
import { receiveObject } from "./uploads.ts";
import { bucketsXml, locationXml } from "./xml.ts";

export interface HostOptions {
  /** Folder of the objects. */
  folder: string;
  registry: Registry;
  /** Checkpoints to keep of each device. */
  keep: number;
  /** Reports an event in one sentence. */
  log?: (sentence: string) => void;
  /** Largest body of a request. Default: 64 MiB. */
  mostBodyBytes?: number;
  /** A body that brings fewer than 4096 bytes in such an interval is refused. Default: 30 s. */
  slowBodyMs?: number;
  /** Time by the host's clock. */
  clock?: () => number;
}

/**
 * Creates a host for a server of your own: it keeps what devices send in a folder, as `rivulet host` does.
 *
 * @throws the file system's error where the folder cannot be used
 *
 * @example
 * import assert from "node:assert/strict";
 * import http from "node:http";
 * import { createHostHandler, createObjectStore, openRegistry } from "rivulet/sync";
 *
 * const registry = openRegistry("fleet", { create: true });
 * const handler = createHostHandler({ folder: "fleet", registry, keep: 20 });
 * const server = http.createServer(handler).on("checkContinue", handler);
 * await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
 *
 * const store = createObjectStore({
 *   to: `http://127.0.0.1:${server.address().port}/fleet`,
 *   credentials: async () => ({ accessKeyId: "pump-7", secretAccessKey: registry.add("pump-7") }),
 *   region: "us-east-1",
 *   fingerprint: null,
 * });
 * assert.deepEqual(await store.list("devices/pump-7/"), []);
 * store.close();
 * server.close();
 */
export function createHostHandler(options: HostOptions): HostHandler {
  const { folder, registry, keep, log = () => {}, mostBodyBytes = 64 << 20, clock = Date.now } = options;
  const objects = new ObjectFolder(folder, { slowBodyMs: options.slowBodyMs });
  const fleet = new Fleet(objects);
  const parts: HostParts = { objects, fleet, keep, mostBodyBytes, log };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { path, query } = pathAndQuery(request.url);
    const isSigned = request.headers.authorization?.startsWith("AWS4-") === true;
    if (!isSigned && (await answerPage(request, response, path, { fleet, registry, clock }))) return;
    const [named, key] = bucketAndKey(path);
    const holder = authenticate(request, registry, clock());
    if (named === "") {
      sendXml(response, 200, bucketsXml(bucket));
      return;
    }
    if (named !== bucket)
      throw new HostError(
        404,
        "NoSuchBucket",
        `there is no bucket ${named}, the one of this host is ${bucket}`,
      );
    await answerObject(parts, { request, response, holder, key, query });
  }

  return answered(log, answer);
}

/** Answers what is asked of an object, or of the bucket. @throws HostError for what this host does not know */
async function answerObject(parts: HostParts, authenticated: AuthenticatedRequest): Promise<void> {
  const { request, key, query, response } = authenticated;
  const { method = "" } = request;
  if (key === null) {
    if (method === "PUT" || method === "HEAD") response.writeHead(200).end();
    else if (method === "GET" && query.has("location")) sendXml(response, 200, locationXml());
    else if (method === "GET" && !["acl", "policy", "versioning", "uploads"].some((word) => query.has(word)))
      await sendList(parts, authenticated);
    else throw new HostError(501, "NotImplemented", `this host does not know ${method} of a bucket`);
    return;
  }
  if ((method === "GET" || method === "HEAD") && !query.has("acl"))
    await sendObject(parts, { ...authenticated, key });
  else if (
    method === "PUT" &&
    [...query.keys()].every((word) => word === "x-id") &&
    request.headers["x-amz-copy-source"] === undefined
  ) {
    await receiveObject(parts, { ...authenticated, key });
  } else throw new HostError(501, "NotImplemented", `this host does not know ${method} of an object`);
}
