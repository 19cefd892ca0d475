/** The few requests of S3 that Rivulet uses, on any store that understands them. */
import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { RivuletError } from "../../errors/errors.ts";
import { safe } from "../../wording/safe.ts";
import { type Credentials, clockToleranceMs, sha256Of, signedHeaders } from "../signature.ts";
import { type Answer, type Connections, createConnections, exchange } from "./http-exchange.ts";

/** An object as it was read. */
export interface StoredObject {
  body: Buffer;
  /** Tells this content from others of the same name; null where the store gives none. */
  etag: string | null;
  /** Time at which it was written, by the store's clock; null where the store does not say. */
  modifiedMs: number | null;
}

export interface GetOptions {
  /** Largest object that is read. */
  mostBytes: number;
  /** Of the object that is known. */
  etag?: string | null;
  /** Whether an object that the key may not read counts as missing; a key that is not accepted is refused. Default false. */
  isForbiddenMissing?: boolean;
}

/** Objects below one prefix of a bucket. Every method throws RivuletError where the store cannot be reached or refuses. */
export interface ObjectStore {
  /** Writes an object; one of that name is replaced. */
  put(key: string, body: Uint8Array): Promise<void>;
  /**
   * Writes an object whose name follows from its content, unless it is there already. Returns false where the store says
   * that it was; a store that cannot tell writes the same bytes again.
   */
  putOnce(key: string, body: Uint8Array): Promise<boolean>;
  /** Reads an object; null where there is none, `unchanged` where it still is the one with `etag`. */
  get(key: string, options: GetOptions): Promise<StoredObject | "unchanged" | null>;
  /** Names of the objects whose names begin with `prefix`, sorted. A store that was restarted may list too few. */
  list(prefix: string): Promise<string[]>;
  /** Names of the folders directly below `prefix`, each with a slash at its end, sorted. */
  folders(prefix: string): Promise<string[]>;
  /** False once the store has refused to write an object only where there is none. */
  createsOnce(): boolean;
  /** Closes its connections. */
  close(): void;
}

export interface ObjectStoreOptions {
  /** URL with bucket and prefix. */
  to: string;
  /** Called before each request, so that credentials that expire can be renewed. */
  credentials: () => Promise<Credentials>;
  region: string;
  fingerprint: string | null;
  /** Called whenever bytes move. */
  progress?: () => void;
  /** Reports something worth a line that is no error. */
  note?: (sentence: string) => void;
  /** Pauses before the second and each later attempt. Default: 1 s, 4 s, 16 s. */
  retryMs?: readonly number[];
  /** A request ends after so long without a byte. Default: a minute. */
  silenceMs?: number;
  /** Time by the local clock. Default: that of the machine. */
  clock?: () => number;
}

interface Request {
  method: string;
  /** Below the prefix; null: the bucket itself. */
  key: string | null;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: Uint8Array;
  mostBytes?: number;
}

/** A list of more pages or names than this does not end: of a hundred thousand devices each has a folder, or some files. */
const mostPages = 10_000;
const mostNames = 1_000_000;
const mostNamesLength = 64 << 20;

/** Answers of the store about itself are small. */
const mostMessageBytes = 1 << 20;

/**
 * Creates the client of a host or of any S3-compatible store: requests are signed, retried, and end when nothing moves.
 *
 * @example
 * import assert from "node:assert/strict";
 * import { createObjectStore } from "rivulet/sync";
 *
 * const store = createObjectStore({
 *   to: "http://127.0.0.1:1/fleet",
 *   credentials: async () => ({ accessKeyId: "pump-7", secretAccessKey: "secret" }),
 *   region: "us-east-1",
 *   fingerprint: null,
 *   retryMs: [],
 * });
 * await assert.rejects(store.list("devices/pump-7/"), { code: "sync.unreachable" });
 * store.close();
 */
export function createObjectStore(options: ObjectStoreOptions): ObjectStore {
  const { progress = () => {}, note = () => {}, retryMs = [1000, 4000, 16_000], clock = Date.now } = options;
  const { origin, bucketPath, prefix } = parseAddress(options.to);
  const connections: Connections = createConnections(options.fingerprint);
  /** What must be added to the local clock to have the host's. */
  let clockOffsetMs = 0;
  let refusesConditions = false;

  async function attempt(request: Request): Promise<Answer> {
    const { method, key, query = {}, headers = {}, body, mostBytes = mostMessageBytes } = request;
    const path = pathOf(bucketPath, key === null ? null : prefix + key, query);
    const url = new URL(path, origin);
    const payload = sha256Of(body ?? new Uint8Array(0));
    const signed = signedHeaders({ method, path, host: url.host, headers }, await options.credentials(), {
      payload,
      region: options.region,
      timeMs: clock() + clockOffsetMs,
    });
    const transport = { connections, progress, silenceMs: options.silenceMs };
    const answer = await exchange({ url, method, headers: signed, body, mostBytes }, transport);
    return answer.status === 307 ? follow(url, answer, request) : answer;
  }

  /** Follows one redirect, without the key: what its URL allows is in the URL. */
  async function follow(from: URL, { headers }: Answer, request: Request): Promise<Answer> {
    const to = new URL(String(headers.location ?? ""), from);
    if (to.protocol !== from.protocol && to.protocol !== "https:") {
      throw new RivuletError(
        "sync.bad-answer",
        `${from.host} redirects to ${to.protocol}//${to.host}, expected the same protocol or https; check the host`,
      );
    }
    const allowed = (to.searchParams.get("X-Amz-SignedHeaders") ?? "").split(";");
    const own = Object.entries(request.headers ?? {}).filter(([name]) => allowed.includes(name));
    const { method, body, mostBytes = mostMessageBytes } = request;
    const transport = { connections, progress, silenceMs: options.silenceMs };
    return exchange({ url: to, method, headers: Object.fromEntries(own), body, mostBytes }, transport);
  }

  /** Sends a request until it is answered by something other than a passing fault. */
  async function send(request: Request): Promise<Answer> {
    let hasCorrectedClock = false;
    for (let tries = 0; ; tries++) {
      let fault: Error;
      try {
        const answer = await attempt(request);
        if (!hasCorrectedClock && isSkewed(answer)) {
          hasCorrectedClock = true;
          clockOffsetMs = Date.parse(String(answer.headers.date)) - clock();
          note(
            `the host's clock differs by ${Math.round(clockOffsetMs / 1000)} s; requests are signed with its time`,
          );
          tries--;
          continue;
        }
        if (answer.status < 500 || answer.status === 501) return answer;
        fault = refusal(answer, request, options.to);
      } catch (error) {
        if (!(error instanceof RivuletError) || error.code !== "sync.unreachable") throw error;
        fault = error;
      }
      if (tries >= retryMs.length) throw fault;
      progress();
      await pause(retryMs[tries]);
    }
  }

  /** Whether the host refuses only because of the time, which its own `Date` then corrects. */
  function isSkewed({ status, headers }: Answer): boolean {
    const dateMs = Date.parse(String(headers.date));
    return status === 403 && Math.abs(dateMs - (clock() + clockOffsetMs)) > clockToleranceMs / 2;
  }

  async function put(key: string, body: Uint8Array, once: boolean): Promise<boolean> {
    const conditional = once && !refusesConditions;
    // What a front signs into a URL, so that an altered body is refused there too.
    const md5 = createHash("md5").update(body).digest("base64");
    const headers = { "content-md5": md5, ...(conditional ? { "if-none-match": "*" } : {}) };
    const request = { method: "PUT", key, headers, body };
    const answer = await send(request);
    if (answer.status === 501 && conditional) {
      refusesConditions = true;
      note(`${origin} refuses conditional requests; it overwrites equal objects instead`);
      return put(key, body, once);
    }
    if (answer.status === 412 && conditional) return false;
    if (answer.status === 200 || answer.status === 201) return true;
    throw refusal(answer, request, options.to);
  }

  /** Names that a list of several pages shows, without the prefix of the store. */
  async function names(begin: string, asked: Record<string, string>, shown: RegExp): Promise<string[]> {
    const found: string[] = [];
    let length = 0;
    let token: string | undefined;
    for (let page = 0; page < mostPages && found.length < mostNames && length < mostNamesLength; page++) {
      const query = {
        "list-type": "2",
        prefix: prefix + begin,
        ...asked,
        ...(token === undefined ? {} : { "continuation-token": token }),
      };
      const request = { method: "GET", key: null, query, mostBytes: 8 << 20 };
      const answer = await send(request);
      if (answer.status !== 200) throw refusal(answer, request, options.to);
      const text = answer.body.toString("utf8");
      for (const [, name] of text.matchAll(shown)) {
        found.push(unescapeXml(name).slice(prefix.length));
        length += name.length;
      }
      const next = /<NextContinuationToken>([^<]*)<\/NextContinuationToken>/.exec(text)?.[1];
      if (!text.includes("<IsTruncated>true</IsTruncated>") || next === undefined) return found.sort();
      // It would go on in a circle.
      if (unescapeXml(next) === token) break;
      token = unescapeXml(next);
    }
    throw new RivuletError(
      "sync.bad-answer",
      `the list of ${prefix}${begin} at ${options.to} does not end, expected at most ${mostNames} names in ${mostPages} pages; check what answers there`,
    );
  }

  return {
    async put(key, body) {
      await put(key, body, false);
    },
    putOnce: (key, body) => put(key, body, true),
    async get(key, { mostBytes, etag = null, isForbiddenMissing = false }) {
      const headers: Record<string, string> = etag === null ? {} : { "if-none-match": etag };
      const request = { method: "GET", key, mostBytes, headers };
      const answer = await send(request);
      const isDenied = answer.status === 403 && answer.body.includes("<Code>AccessDenied</Code>");
      if (answer.status === 404 || (isDenied && isForbiddenMissing)) return null;
      if (answer.status === 304) return "unchanged";
      if (answer.status !== 200) throw refusal(answer, request, options.to);
      const { etag: found = null, "last-modified": modified = "" } = answer.headers;
      const modifiedMs = Date.parse(modified);
      return { body: answer.body, etag: found, modifiedMs: Number.isNaN(modifiedMs) ? null : modifiedMs };
    },
    list: (begin) => names(begin, {}, /<Key>([^<]*)<\/Key>/g),
    folders: (begin) => names(begin, { delimiter: "/" }, /<CommonPrefixes>\s*<Prefix>([^<]*)<\/Prefix>/g),
    createsOnce: () => !refusesConditions,
    close: () => connections.destroy(),
  };
}

/** Parts of an address: `http://nas.local:9000/fleet/barn` is the prefix `barn/` in the bucket `fleet`. */
export function parseAddress(to: string): { origin: string; bucketPath: string; prefix: string } {
  const { origin, pathname } = new URL(to);
  const [bucket, ...folders] = decodeURIComponent(pathname)
    .split("/")
    .filter((part) => part !== "");
  return {
    origin,
    bucketPath: `/${encodeURIComponent(bucket)}`,
    prefix: folders.map((folder) => `${folder}/`).join(""),
  };
}

/** Path of an object, or of its bucket, with a query. */
export function pathOf(bucketPath: string, key: string | null, query: Record<string, string>): string {
  const encoded = key === null ? "" : `/${key.split("/").map(encoded3986).join("/")}`;
  const words = Object.entries(query).map(([name, value]) => `${encoded3986(name)}=${encoded3986(value)}`);
  return `${bucketPath}${encoded}${words.length === 0 ? "" : `?${words.sort().join("&")}`}`;
}

const encoded3986 = (text: string) =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );

const unescapeXml = (text: string) =>
  text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");

/** Says what the store refused, in its own words where it has any. */
function refusal({ status, body }: Answer, { method, key }: Request, to: string): RivuletError {
  const text = body.subarray(0, 4096).toString("utf8");
  const code = /<Code>([\w.-]{1,64})<\/Code>/.exec(text)?.[1];
  const said = printable(/<Message>([^<]{1,300})<\/Message>/.exec(text)?.[1] ?? "");
  const region = /<Region>([\w-]{1,64})<\/Region>/.exec(text)?.[1];
  const what = `${method} ${key ?? "of the list"} at ${to}`;
  const why = [`status ${status}`, code, said].filter(Boolean).join(", ");
  if (region !== undefined) {
    return new RivuletError(
      "sync.refused",
      `the store refuses ${what}: it is in the region ${region}; set sync.region to that`,
    );
  }
  if (status === 401 || status === 403) {
    return new RivuletError(
      "sync.refused",
      `the host refuses the key for ${what} (${why}); make a new one there with rivulet host add, and put it into the secret file`,
    );
  }
  if (status === 507)
    return new RivuletError("sync.refused", `the disk of the host is full (${why}); free some space there`);
  return new RivuletError("sync.refused", `the host refuses ${what} (${why}); see its log`);
}

/** Text from outside, safe to print. */
const printable = (text: string) => safe(unescapeXml(text)).trim();
