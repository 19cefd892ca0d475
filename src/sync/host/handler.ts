/** Answers the requests of devices and of S3 clients: a function for `node:http`, which any server can mount. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { pathAndQuery } from "../../wording/address.ts";
import { decodeStatus, mostStatusBytes } from "../device-status.ts";
import { checkpointFacts, checkpointFolder, modelDigestIn, statusKey, versionIn } from "../names.ts";
import { authenticate, requireListable, requireReadable, requireWritable } from "./access.ts";
import { Fleet } from "./fleet.ts";
import { HostError } from "./host-error.ts";
import { answered, bucketAndKey, type HostHandler, lengthOf, sendXml } from "./http.ts";
import { type Incoming, type ObjectFacts, ObjectFolder } from "./object-folder.ts";
import { answerPage } from "./page.ts";
import type { KeyHolder, Registry } from "./registry.ts";
import { bucketsXml, listXml, locationXml } from "./xml.ts";

/** The one bucket of a host. */
export const bucket = "fleet";

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

/** A request whose signature is valid. */
interface Asked {
  request: IncomingMessage;
  response: ServerResponse;
  holder: KeyHolder;
  /** Null: the bucket itself. */
  key: string | null;
  query: URLSearchParams;
}

/** Beyond the checkpoints to keep, a device may send so many before it says which is the newest. */
const mostUnsettled = 1024;
const digestPattern = /^[0-9a-f]{64}$/;
const mostKeysOfList = 1000;

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

  async function put({ request, response, holder, key }: Asked & { key: string }): Promise<void> {
    const length = lengthOf(request, mostBodyBytes);
    const payload = String(request.headers["x-amz-content-sha256"] ?? "");
    if (!digestPattern.test(payload) && (holder.device !== null || payload !== "UNSIGNED-PAYLOAD")) {
      throw new HostError(
        400,
        "InvalidRequest",
        "the header x-amz-content-sha256 must be the SHA-256 of the body",
      );
    }
    requireWritable(holder, key, length);
    if (holder.device !== null) await requireSettled(holder.device, key);
    const isFixed = isImmutable(key);
    const once = request.headers["if-none-match"] === "*" || isFixed;
    if (once && (await objects.facts(key)) !== null) throw takenError(key);
    if (request.headers.expect !== undefined) response.writeContinue();
    const incoming = await objects.receive(request, length);
    try {
      if (digestPattern.test(payload) && incoming.sha256 !== payload) {
        throw new HostError(
          400,
          "XAmzContentSHA256Mismatch",
          "the body is not the one that was signed: its SHA-256 differs; it was altered or cut on the way",
        );
      }
      const md5 = request.headers["content-md5"];
      if (md5 !== undefined && md5 !== incoming.md5)
        throw new HostError(400, "BadDigest", "the body does not have the MD5 that its header says");
      await requireFitting(key, incoming);
      if (!(await incoming.commit(key, { once }))) throw takenError(key);
    } catch (error) {
      await incoming.discard();
      throw error;
    }
    const facts = await objects.facts(key);
    response.writeHead(200, { etag: facts?.etag ?? "" }).end();
    if (key.endsWith("/status.json")) await settle(key);
  }

  /** A device that never tells which checkpoint is its newest cannot fill the disk. */
  async function requireSettled(device: string, key: string): Promise<void> {
    if (key === statusKey(device)) return;
    if ((await fleet.checkpointKeys(device)).length < keep + mostUnsettled) return;
    const isShared = (await fleet.status(device))?.status.sync.isShared === true;
    const why = isShared
      ? `two boards send as ${device}, so nothing of either is deleted, and there are ${keep + mostUnsettled} checkpoints; give each a name of its own with rivulet host add`
      : `${device} has sent ${keep + mostUnsettled} checkpoints without a status, expected one after each run`;
    throw new HostError(403, "AccessDenied", why);
  }

  /** A name that tells the content must tell the truth, and a status must not go back. */
  async function requireFitting(key: string, incoming: Incoming): Promise<void> {
    const model = modelDigestIn(key);
    if (model !== null && incoming.sha256 !== model) {
      throw new HostError(400, "BadDigest", `the name ${key} is of another content than the body`);
    }
    const [, device] = /^devices\/([^/]+)\//.exec(key) ?? [];
    if (device === undefined) return;
    if (key.startsWith(checkpointFolder(device))) {
      const named = checkpointFacts(key)?.digest;
      if (named !== undefined && !incoming.sha256.startsWith(named)) {
        throw new HostError(400, "BadDigest", `the name ${key} is of another content than the body`);
      }
      return;
    }
    if (key !== statusKey(device) || incoming.bytes > mostStatusBytes) return;
    const status = decodeStatus(await incoming.read());
    if (status === null || status.device !== device)
      throw new HostError(400, "InvalidRequest", `the body is not the status of ${device}`);
    const before = await fleet.status(device);
    if (before !== null && status.counter < before.status.counter) {
      throw new HostError(
        412,
        "PreconditionFailed",
        `the status has number ${status.counter}, but number ${before.status.counter} is there already`,
      );
    }
  }

  /** A status ends a run: what is too old is deleted, and one line tells how the device does. */
  async function settle(key: string): Promise<void> {
    const device = key.split("/")[1];
    const found = await fleet.status(device);
    if (found === null) return;
    const { newest, report, sync } = found.status;
    // Of two boards with one name, what is new of the one may look old beside the other.
    if (sync.isShared !== true) await fleet.prune(device, newest?.key ?? null, keep);
    const skill = report.skill === null ? "" : `, skill ${Math.round(100 * report.skill)} %`;
    const problems = [...report.problems, ...(sync.problem === null ? [] : [sync.problem])];
    log(
      `${device}: ${newest?.samplesSeen ?? 0} samples${skill}${problems.map((problem) => `; ${problem}`).join("")}`,
    );
  }

  async function get({ request, response, holder, key }: Asked & { key: string }): Promise<void> {
    requireReadable(holder, key);
    const facts = await objects.facts(key);
    if (facts === null) throw new HostError(404, "NoSuchKey", `there is no object ${key}`);
    const { etag, bytes, modifiedMs } = facts;
    const headers = { etag, "last-modified": new Date(modifiedMs).toUTCString(), "accept-ranges": "bytes" };
    if (matches(request.headers["if-none-match"], etag)) {
      response.writeHead(304, headers).end();
      return;
    }
    const range = rangeOf(request.headers.range, bytes);
    const part = range === null ? {} : { "content-range": `bytes ${range.start}-${range.end}/${bytes}` };
    const length = range === null ? bytes : range.end - range.start + 1;
    response.writeHead(range === null ? 200 : 206, {
      ...headers,
      ...part,
      "content-length": length,
      "content-type": "application/octet-stream",
    });
    if (request.method === "HEAD" || length === 0) {
      response.end();
      return;
    }
    const stream = objects.stream(key, range ?? { start: 0, end: bytes - 1 });
    stream.on("error", () => response.destroy());
    response.on("close", () => stream.destroy());
    stream.pipe(response);
  }

  async function list({ response, holder, query }: Asked): Promise<void> {
    const prefix = query.get("prefix") ?? "";
    const delimiter = query.get("delimiter") ?? "";
    const isV2 = query.get("list-type") === "2";
    requireListable(holder, prefix);
    if (delimiter !== "" && delimiter !== "/")
      throw new HostError(501, "NotImplemented", "the only delimiter that this host knows is /");
    const asked = Number(query.get("max-keys") ?? mostKeysOfList);
    const mostKeys = Number.isInteger(asked) && asked >= 0 ? Math.min(asked, mostKeysOfList) : mostKeysOfList;
    const token = query.get("continuation-token");
    const after = isV2
      ? token === null
        ? (query.get("start-after") ?? "")
        : Buffer.from(token, "base64url").toString("utf8")
      : (query.get("marker") ?? "");
    const found: ObjectFacts[] = [];
    const folders: string[] = [];
    let next: string | null = null;
    let last = "";
    for await (const key of objects.keys(prefix, { after, delimiter: delimiter === "/" })) {
      if (found.length + folders.length >= mostKeys) {
        next = mostKeys === 0 ? null : last;
        break;
      }
      last = key;
      if (key.endsWith("/")) {
        folders.push(key);
        continue;
      }
      const facts = await objects.facts(key);
      if (facts !== null) found.push(facts);
    }
    const isEncoded = query.get("encoding-type") === "url";
    sendXml(
      response,
      200,
      listXml({ bucket, prefix, delimiter, mostKeys, isV2, isEncoded, objects: found, folders, next }),
    );
  }

  async function answerObject(asked: Asked): Promise<void> {
    const { request, key, query, response } = asked;
    const { method = "" } = request;
    if (key === null) {
      if (method === "PUT" || method === "HEAD") response.writeHead(200).end();
      else if (method === "GET" && query.has("location")) sendXml(response, 200, locationXml());
      else if (
        method === "GET" &&
        !["acl", "policy", "versioning", "uploads"].some((word) => query.has(word))
      )
        await list(asked);
      else throw new HostError(501, "NotImplemented", `this host does not know ${method} of a bucket`);
      return;
    }
    if ((method === "GET" || method === "HEAD") && !query.has("acl")) await get({ ...asked, key });
    else if (
      method === "PUT" &&
      [...query.keys()].every((word) => word === "x-id") &&
      request.headers["x-amz-copy-source"] === undefined
    ) {
      await put({ ...asked, key });
    } else throw new HostError(501, "NotImplemented", `this host does not know ${method} of an object`);
  }

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
    await answerObject({ request, response, holder, key, query });
  }

  return answered(log, answer);
}

const takenError = (key: string) => new HostError(412, "PreconditionFailed", `${key} is there already`);

/** Checkpoints, models and pointers to them never change. */
const isImmutable = (key: string): boolean =>
  /^devices\/[^/]+\/checkpoints\//.test(key) || modelDigestIn(key) !== null || versionIn(key) !== null;

const matches = (header: string | undefined, etag: string): boolean =>
  header?.split(",").some((each) => bare(each) === bare(etag)) === true;

/** An ETag without what some clients add or leave out. */
const bare = (etag: string): string => etag.trim().replace(/^W\//, "").replaceAll('"', "");

/** Reads one range of a request; null where the whole object is asked for. @throws HostError for one beyond the object */
function rangeOf(header: string | undefined, bytes: number): { start: number; end: number } | null {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (first === undefined || (first === "" && last === "")) return null;
  const start = first === "" ? Math.max(0, bytes - Number(last)) : Number(first);
  const end = first === "" || last === "" ? bytes - 1 : Math.min(Number(last), bytes - 1);
  if (start > end)
    throw new HostError(416, "InvalidRange", `the object has ${bytes} bytes, expected a range in it`);
  return { start, end };
}
