/** One HTTP request and its answer, with limits on time and size; nothing of S3 is known here. */
import http from "node:http";
import { RivuletError } from "../../errors/errors.ts";
import { unacknowledgedBytes } from "./transmit-queue.ts";

/** A request ends after this long without a byte in either direction. A degraded cluster stalls for 24 s without losing anything. */
const silenceMs = 60_000;
/** How often the progress of an upload is looked at. */
const lookMs = 5_000;
/** A host that does not know `Expect: 100-continue` says nothing: then the body is sent all the same. */
const continueMs = 3_000;
/** Bytes handed to the kernel at a time. */
const chunkBytes = 16 * 1024;

/** Connections of one run: kept open between its requests, closed with `destroy`. */
export interface Connections {
  agentFor(url: URL): Promise<http.Agent>;
  destroy(): void;
}

export interface Exchange {
  url: URL;
  method: string;
  headers: Record<string, string>;
  body?: Uint8Array;
  /** Largest body of an answer that is read. */
  mostBytes: number;
}

export interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
}

/** What an exchange needs besides the request. */
export interface Transport {
  connections: Connections;
  /** Called whenever bytes move. */
  progress: () => void;
  silenceMs?: number;
}

/**
 * Creates the connections of a run.
 * @param fingerprint SHA-256 of the certificate that the host must show, in hexadecimal; null: one of a known authority
 */
export function createConnections(fingerprint: string | null): Connections {
  const options = { keepAlive: true, maxSockets: 4, keepAliveMsecs: 1000 };
  const plain = new http.Agent(options);
  let secure: Promise<http.Agent> | null = null;
  return {
    async agentFor({ protocol }) {
      if (protocol !== "https:") return plain;
      secure ??= import("./secure-agent.ts").then((module) => module.createSecureAgent(options, fingerprint));
      return secure;
    },
    destroy() {
      plain.destroy();
      void secure?.then((agent) => agent.destroy());
    },
  };
}

/**
 * Sends a request and reads the answer whole. A request with a body asks with `Expect: 100-continue` whether it is
 * wanted, so a refused or redirected one costs no upload.
 *
 * @throws RivuletError where the host cannot be reached, stops answering, or answers with more than `mostBytes`
 */
export async function exchange(
  request: Exchange,
  { connections, progress, silenceMs: limit = silenceMs }: Transport,
): Promise<Answer> {
  const { url, method, headers, body, mostBytes } = request;
  const agent = await connections.agentFor(url);
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "content-length": String(body.length) };
    const expect = body === undefined || body.length === 0 ? {} : { expect: "100-continue" };
    // With an agent of TLS, it is a request of HTTPS.
    const client = http.request(url, {
      method,
      agent,
      headers: { ...headers, ...length, ...expect },
    });
    const watch = watchSilence(client, limit, progress);
    const fail = (error: Error) => {
      watch.stop();
      client.destroy();
      reject(connectionError(error, url));
    };
    // Stays for as long as the request: Swift's stray bytes after an answer become an error after it.
    client.on("error", fail);
    client.on("response", (response) => {
      readAnswer(response, mostBytes, watch.touch).then((answer) => {
        watch.stop();
        // An answer before the end of the body: the rest is not sent, so the connection cannot be used again.
        if (!client.writableFinished) client.destroy();
        resolve(answer);
      }, fail);
    });
    if (body === undefined || body.length === 0) client.end();
    else sendWhenWanted(client, body, watch.touch);
  });
}

/** Sends the body when the host asks for it, or when it has said nothing for a while. */
function sendWhenWanted(client: http.ClientRequest, body: Uint8Array, touch: () => void): void {
  let timer: NodeJS.Timeout | undefined;
  let isSent = false;
  const send = () => {
    if (isSent) return;
    isSent = true;
    clearTimeout(timer);
    sendBody(client, body, touch);
  };
  client.once("continue", send);
  // An answer instead is a refusal: nothing is sent, however slowly it comes. Without any, the request closes.
  for (const end of ["response", "close"]) client.once(end, () => clearTimeout(timer));
  client.once("socket", (socket) => {
    const begin = () => {
      timer = setTimeout(send, continueMs);
    };
    if (socket.connecting) socket.once("connect", begin);
    else begin();
  });
  client.flushHeaders();
}

function sendBody(client: http.ClientRequest, body: Uint8Array, touch: () => void): void {
  let at = 0;
  const next = () => {
    if (client.destroyed) return;
    touch();
    if (at >= body.length) {
      client.end();
      return;
    }
    const chunk = body.subarray(at, at + chunkBytes);
    at += chunk.length;
    client.write(chunk, (error) => {
      if (!error) next();
    });
  };
  next();
}

async function readAnswer(
  response: http.IncomingMessage,
  mostBytes: number,
  touch: () => void,
): Promise<Answer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    touch();
    bytes += chunk.length;
    if (bytes > mostBytes) {
      response.destroy();
      throw new RivuletError(
        "sync.bad-answer",
        `the host answers with more than ${mostBytes} bytes, expected at most that`,
      );
    }
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) };
}

/** Ends a request when nothing moves for `limit` ms, neither here nor in the kernel's buffer. */
function watchSilence(client: http.ClientRequest, limit: number, progress: () => void) {
  let movedAt = performance.now();
  let queued: number | null = null;
  const touch = () => {
    movedAt = performance.now();
    progress();
  };
  const timer = setInterval(
    () => {
      const now = client.socket === null ? null : unacknowledgedBytes(client.socket);
      if (now !== null && queued !== null && now < queued) touch();
      queued = now;
      if (performance.now() - movedAt < limit) return;
      client.destroy(new SilenceError(limit));
    },
    Math.min(lookMs, limit / 4),
  );
  return { touch, stop: () => clearInterval(timer) };
}

class SilenceError extends Error {
  constructor(limit: number) {
    super(`no byte moved for ${limit / 1000} s`);
  }
}

const certificateCodes = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_)/;
/** Before this version was made no clock is right. */
const earliestMs = Date.parse("2026-01-01T00:00:00Z");

/** Says what is wrong with a connection, and what to do. */
function connectionError(error: Error & { code?: string }, url: URL): Error {
  if (error instanceof RivuletError) return error;
  const { code = "" } = error;
  const place = `${url.protocol}//${url.host}`;
  const isClock = code === "CERT_NOT_YET_VALID" || (code === "CERT_HAS_EXPIRED" && Date.now() < earliestMs);
  if (isClock || (certificateCodes.test(code) && Date.now() < earliestMs)) {
    return new RivuletError(
      "sync.certificate",
      `the certificate of ${place} is not valid at ${new Date().toISOString()}, so this clock is wrong; set it, or pin the certificate with sync.fingerprint`,
      { cause: error },
    );
  }
  if (certificateCodes.test(code)) {
    return new RivuletError(
      "sync.certificate",
      `the certificate of ${place} is not accepted (${error.message}); pin it with sync.fingerprint, which rivulet host prints`,
      { cause: error },
    );
  }
  const reasons: Record<string, string> = {
    ECONNREFUSED: "nothing listens there",
    ENOTFOUND: "there is no such host",
    EAI_AGAIN: "its name cannot be looked up now",
    EHOSTUNREACH: "there is no way to it",
    ENETUNREACH: "this machine has no network",
    ETIMEDOUT: "it does not answer",
    ECONNRESET: "it closed the connection",
    EPIPE: "it closed the connection",
  };
  return new RivuletError("sync.unreachable", `cannot reach ${place}: ${reasons[code] ?? error.message}`, {
    cause: error,
  });
}
