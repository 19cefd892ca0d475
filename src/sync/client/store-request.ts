/** Requests to an S3-compatible store: signed, sent again after a passing fault, and with its time where the clocks differ. */
import { setTimeout as pause } from "node:timers/promises";
import { RivuletError } from "../../errors/errors.ts";
import { safe } from "../../wording/safe.ts";
import { type Credentials, clockToleranceMs, sha256Of, signedHeaders } from "../signature.ts";
import {
  type Answer,
  type Connections,
  createConnections,
  exchange,
  type Transport,
} from "./http-exchange.ts";

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
  /** A request ends after this long without a byte. Default: a minute. */
  silenceMs?: number;
  /** Time by the local clock. Default: that of the machine. */
  clock?: () => number;
}

/** A request for an object, or for the bucket itself. */
export interface StoreRequest {
  method: string;
  /** Below the prefix; null: the bucket itself. */
  key: string | null;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: Uint8Array;
  mostBytes?: number;
}

/** Answers of the store about itself are small. */
const mostMessageBytes = 1 << 20;

/** Sends requests to one store. */
export interface StoreClient {
  /** URL with bucket and prefix. */
  to: string;
  /** Before the names of all objects. */
  prefix: string;
  /** Sends a request until it is answered by something other than a passing fault. */
  send(request: StoreRequest): Promise<Answer>;
  /** The error for an answer that refuses a request. */
  refusal(answer: Answer, request: StoreRequest): RivuletError;
  /** Reports something worth a line that is no error. */
  note(sentence: string): void;
  /** Closes the connections. */
  close(): void;
}

/** Creates the sender of requests to one store. */
export function createStoreClient(options: ObjectStoreOptions): StoreClient {
  const { progress = () => {}, note = () => {}, retryMs = [1000, 4000, 16_000] } = options;
  const address = parseAddress(options.to);
  const connections: Connections = createConnections(options.fingerprint);
  const transport = { connections, progress, silenceMs: options.silenceMs };
  const time = createHostClock(options.clock ?? Date.now);

  async function send(request: StoreRequest): Promise<Answer> {
    for (let tries = 0; ; tries++) {
      const outcome = await attempt(request);
      if (outcome instanceof RivuletError) {
        if (tries >= retryMs.length) throw outcome;
        progress();
        await pause(retryMs[tries]);
      } else return outcome;
    }
  }

  /** The answer, or the error of a fault that may pass. @throws RivuletError for any other fault */
  async function attempt(request: StoreRequest): Promise<Answer | RivuletError> {
    try {
      let answer = await signedRequest(request);
      if (time.isRefusedFor(answer)) {
        time.follow(answer);
        note(`the host's clock differs by ${time.offsetSeconds()} s; requests are signed with its time`);
        answer = await signedRequest(request);
      }
      return answer.status < 500 || answer.status === 501 ? answer : refusal(answer, request, options.to);
    } catch (error) {
      if (error instanceof RivuletError && error.code === "sync.unreachable") return error;
      throw error;
    }
  }

  /** Sends a request once, signed with the host's time, and follows one redirect. */
  async function signedRequest(request: StoreRequest): Promise<Answer> {
    const { method, key, query = {}, headers = {}, body, mostBytes = mostMessageBytes } = request;
    const path = pathOf(address.bucketPath, key === null ? null : address.prefix + key, query);
    const url = new URL(path, address.origin);
    const payload = sha256Of(body ?? new Uint8Array(0));
    const signed = signedHeaders({ method, path, host: url.host, headers }, await options.credentials(), {
      payload,
      region: options.region,
      timeMs: time.now(),
    });
    const answer = await exchange({ url, method, headers: signed, body, mostBytes }, transport);
    return answer.status === 307 ? follow(url, answer, request, transport) : answer;
  }

  return {
    to: options.to,
    prefix: address.prefix,
    send,
    refusal: (answer, request) => refusal(answer, request, options.to),
    note,
    close: () => connections.destroy(),
  };
}

/** The time by which requests are signed: the local clock, until the host refuses it and states its own. */
function createHostClock(clock: () => number) {
  let offsetMs = 0;
  const now = () => clock() + offsetMs;
  const dateOf = ({ headers }: Answer) => Date.parse(String(headers.date));
  return {
    now,
    offsetSeconds: () => Math.round(offsetMs / 1000),
    /** Whether the host refuses only because of the time, which its own `Date` then corrects. */
    isRefusedFor: (answer: Answer) =>
      answer.status === 403 && Math.abs(dateOf(answer) - now()) > clockToleranceMs / 2,
    follow(answer: Answer) {
      offsetMs = dateOf(answer) - clock();
    },
  };
}

/** Follows one redirect, without the key: what its URL allows is in the URL. */
async function follow(
  from: URL,
  { headers }: Answer,
  request: StoreRequest,
  transport: Transport,
): Promise<Answer> {
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
  return exchange({ url: to, method, headers: Object.fromEntries(own), body, mostBytes }, transport);
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

/** Text of an element of XML. */
export const unescapeXml = (text: string) =>
  text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");

/** Says what the store refused, in its own words where it has any. */
function refusal({ status, body }: Answer, { method, key }: StoreRequest, to: string): RivuletError {
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
