/** The few requests of S3 that Rivulet uses, on any store that understands them. */
import { createHash } from "node:crypto";
import { RivuletError } from "../../errors/errors.ts";
import {
  createStoreClient,
  type ObjectStoreOptions,
  type StoreClient,
  unescapeXml,
} from "./store-request.ts";

export type { ObjectStoreOptions };

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

/** A list of more pages or names than this does not end: of a hundred thousand devices each has a folder, or some files. */
const mostPages = 10_000;
const mostNames = 1_000_000;
const mostNamesLength = 64 << 20;

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
  const client = createStoreClient(options);
  let refusesConditions = false;

  async function put(key: string, body: Uint8Array, once: boolean): Promise<boolean> {
    const conditional = once && !refusesConditions;
    // What a front signs into a URL, so that an altered body is refused there too.
    const md5 = createHash("md5").update(body).digest("base64");
    const headers = { "content-md5": md5, ...(conditional ? { "if-none-match": "*" } : {}) };
    const request = { method: "PUT", key, headers, body };
    const answer = await client.send(request);
    if (answer.status === 501 && conditional) {
      refusesConditions = true;
      client.note(
        `${new URL(client.to).origin} refuses conditional requests; it overwrites equal objects instead`,
      );
      return put(key, body, once);
    }
    if (answer.status === 412 && conditional) return false;
    if (answer.status === 200 || answer.status === 201) return true;
    throw client.refusal(answer, request);
  }

  return {
    async put(key, body) {
      await put(key, body, false);
    },
    putOnce: (key, body) => put(key, body, true),
    async get(key, { mostBytes, etag = null, isForbiddenMissing = false }) {
      const headers: Record<string, string> = etag === null ? {} : { "if-none-match": etag };
      const request = { method: "GET", key, mostBytes, headers };
      const answer = await client.send(request);
      const isDenied = answer.status === 403 && answer.body.includes("<Code>AccessDenied</Code>");
      if (answer.status === 404 || (isDenied && isForbiddenMissing)) return null;
      if (answer.status === 304) return "unchanged";
      if (answer.status !== 200) throw client.refusal(answer, request);
      const { etag: found = null, "last-modified": modified = "" } = answer.headers;
      const modifiedMs = Date.parse(modified);
      return { body: answer.body, etag: found, modifiedMs: Number.isNaN(modifiedMs) ? null : modifiedMs };
    },
    list: (begin) => listNames(client, begin, {}, /<Key>([^<]*)<\/Key>/g),
    folders: (begin) =>
      listNames(client, begin, { delimiter: "/" }, /<CommonPrefixes>\s*<Prefix>([^<]*)<\/Prefix>/g),
    createsOnce: () => !refusesConditions,
    close: () => client.close(),
  };
}

/** Names that a list of several pages shows, without the prefix of the store. */
async function listNames(
  client: StoreClient,
  begin: string,
  asked: Record<string, string>,
  shown: RegExp,
): Promise<string[]> {
  const { to, prefix } = client;
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
    const answer = await client.send(request);
    if (answer.status !== 200) throw client.refusal(answer, request);
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
    `the list of ${prefix}${begin} at ${to} does not end, expected at most ${mostNames} names in ${mostPages} pages; check what answers there`,
  );
}
