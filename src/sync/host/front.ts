/**
 * A host without objects: it checks the key of a device and sends it on to an S3 store, by a URL that is signed for this one
 * request. Devices hold no key of the store, bodies do not pass through here, and any number of fronts may run side by side.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { RivuletError } from "../../errors/errors.ts";
import { pathAndQuery } from "../../wording/address.ts";
import type { ObjectStore } from "../client/object-store.ts";
import { parseAddress, pathOf } from "../client/store-request.ts";
import { type Credentials, presignedPath } from "../signature.ts";
import {
  type AuthenticatedRequest,
  authenticate,
  requireListable,
  requireReadable,
  requireWritable,
} from "./access.ts";
import { HostError } from "./host-error.ts";
import { answered, bucket, bucketAndKey, type HostHandler, lengthOf, sendXml } from "./http.ts";
import { answerPage } from "./page.ts";
import type { KeyHolder, Registry } from "./registry.ts";
import { StoreFleet } from "./store-fleet.ts";
import { bucketsXml, listXml, locationXml } from "./xml.ts";

export interface FrontOptions {
  /** Keys of devices, which follow from the front's master key, and what was revoked. */
  registry: Registry;
  /** URL of the store's bucket and prefix, such as `https://s3.eu-central-1.amazonaws.com/my-bucket/fleet`. */
  to: string;
  region: string;
  /** Called for each request, so that keys that expire can be renewed. */
  credentials: () => Promise<Credentials>;
  /** Lists for devices, which must not see the prefix; shows what the devices report of themselves. */
  store: Pick<ObjectStore, "list" | "get" | "folders">;
  log?: (sentence: string) => void;
  /** Largest body of a request. Default: 64 MiB. */
  mostBodyBytes?: number;
  /** Time by the front's clock. */
  clock?: () => number;
}

/** How long a URL is valid: an upload begins within this time, however long it takes. */
const validSeconds = 300;
/** Names in the answer to one list. */
const mostKeysOfList = 1000;

/** The condition of a request, which only counts at the store where it is signed as well. */
function conditionOf({ headers }: IncomingMessage): Record<string, string> {
  const condition = headers["if-none-match"];
  return condition === undefined ? {} : { "if-none-match": condition };
}

/**
 * Creates a front for a server of your own: it checks the keys of devices and sends them on to an S3-compatible store.
 *
 * @example
 * import assert from "node:assert/strict";
 * import http from "node:http";
 * import { createFrontHandler, createObjectStore, openRegistry } from "rivulet/sync";
 *
 * const to = "https://s3.eu-central-1.amazonaws.com/my-bucket/fleet";
 * const region = "eu-central-1";
 * const credentials = async () => ({ accessKeyId: "AKIAEXAMPLE", secretAccessKey: "secret" });
 * const store = createObjectStore({ to, region, credentials, fingerprint: null });
 * const registry = openRegistry("front", { create: true });
 * const handler = createFrontHandler({ registry, to, region, credentials, store });
 * const server = http.createServer(handler).on("checkContinue", handler);
 * await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
 * const answer = await fetch(`http://127.0.0.1:${server.address().port}/fleet/devices/pump-7/status.json`);
 * assert.equal(answer.status, 403);
 * server.close();
 */
export function createFrontHandler(options: FrontOptions): HostHandler {
  const { registry, region, credentials, store, log = () => {} } = options;
  const { mostBodyBytes = 64 << 20, clock = Date.now } = options;
  const { origin, bucketPath, prefix } = parseAddress(options.to);
  const { host } = new URL(origin);
  const fleet = new StoreFleet(store);

  async function redirect({ request, response, holder }: AuthenticatedRequest, key: string): Promise<void> {
    const { method = "" } = request;
    const headers =
      method === "PUT" ? uploadHeaders(request, holder, key, mostBodyBytes) : conditionOf(request);
    if (method !== "PUT") requireReadable(holder, key);
    const signed = { method, path: pathOf(bucketPath, prefix + key, {}), host, headers };
    const path = presignedPath(signed, await credentials(), {
      region,
      timeMs: clock(),
      seconds: validSeconds,
    });
    // The body goes to the store: of a client that did not wait for this answer it is not read.
    if (!request.complete && request.headers.expect === undefined) response.shouldKeepAlive = false;
    response.writeHead(307, { location: `${origin}${path}`, "content-length": 0 }).end();
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { path, query } = pathAndQuery(request.url);
    const { method = "" } = request;
    const isSigned = request.headers.authorization?.startsWith("AWS4-") === true;
    if (!isSigned && (await answerPage(request, response, path, { fleet, registry, clock }))) return;
    const [named, key] = bucketAndKey(path);
    const holder = authenticate(request, registry, clock());
    const authenticated = { request, response, holder, key, query };
    if (named === "") return sendXml(response, 200, bucketsXml(bucket));
    if (named !== bucket) {
      const sentence = `there is no bucket ${named}, the one of this host is ${bucket}`;
      throw new HostError(404, "NoSuchBucket", sentence);
    }
    const isPlain = [...query.keys()].every((word) => word === "x-id");
    if (key !== null && isPlain && ["GET", "HEAD", "PUT"].includes(method))
      return redirect(authenticated, key);
    if (key === null && (method === "HEAD" || method === "PUT")) {
      response.writeHead(200).end();
      return;
    }
    if (key === null && method === "GET" && query.has("location"))
      return sendXml(response, 200, locationXml());
    if (key === null && method === "GET" && query.get("list-type") === "2")
      return answerList(store, authenticated);
    throw new HostError(501, "NotImplemented", `this front does not know ${method} of that`);
  }

  return answered(log, async (request, response) => {
    try {
      await answer(request, response);
    } catch (error) {
      if (!(error instanceof RivuletError)) throw error;
      // The client of a device tries again after that.
      throw new HostError(503, "ServiceUnavailable", `the store behind this host: ${error.message}`);
    }
  });
}

/** What the store must insist on: the body's digest, and that no object is replaced where the device said so. */
function uploadHeaders(
  request: IncomingMessage,
  holder: KeyHolder,
  key: string,
  mostBodyBytes: number,
): Record<string, string> {
  requireWritable(holder, key, lengthOf(request, mostBodyBytes));
  const md5 = request.headers["content-md5"];
  if (typeof md5 !== "string" || Buffer.from(md5, "base64").length !== 16) {
    throw new HostError(
      400,
      "InvalidDigest",
      "the header Content-MD5 must be the MD5 of the body: the store refuses any other body by it",
    );
  }
  return { "content-md5": md5, ...conditionOf(request) };
}

/** Answers with one page of the names below a prefix. */
async function answerList(
  store: FrontOptions["store"],
  { response, holder, query }: AuthenticatedRequest,
): Promise<void> {
  const begin = query.get("prefix") ?? "";
  requireListable(holder, begin);
  if ((query.get("delimiter") ?? "") !== "")
    throw new HostError(501, "NotImplemented", "this front lists without a delimiter");
  const token = query.get("continuation-token");
  const after = token === null ? "" : Buffer.from(token, "base64url").toString("utf8");
  const keys = (await store.list(begin)).filter((key) => key > after);
  const page = keys.slice(0, mostKeysOfList);
  const next = keys.length > page.length ? (page.at(-1) ?? null) : null;
  sendXml(
    response,
    200,
    listXml({
      ...{ bucket, prefix: begin, delimiter: "", mostKeys: mostKeysOfList, isV2: true, isEncoded: false },
      ...{ objects: page.map((key) => ({ key })), folders: [], next },
    }),
  );
}
