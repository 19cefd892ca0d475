/**
 * Serves the state of the daemon over HTTP: page, JSON, metrics, events, and commands. Everything is bounded: connections,
 * headers, bodies, the time a request may take, what a client may leave unread. A failure here is counted, and learning
 * goes on.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { reasonOf } from "../errors/system-error.ts";
import { formatAddress, isLoopback, type ListenAddress, pathAndQuery } from "../wording/address.ts";
import { cookieName, cookieValue, credentialOf, hasOwnOrigin, isOwnHost } from "./access.ts";
import type { CommandAnswer, ServerCounts, StatusDocument } from "./document.ts";
import { EventStream, mostWatching } from "./event-stream.ts";
import type { HistoryColumns } from "./history.ts";
import { type PageFile, pageFile } from "./page-files.ts";
import type { SharedBytes } from "./shared-bytes.ts";
import { jsonIn, SharedState } from "./shared-state.ts";

const mostConnections = 32;
const mostHeaderBytes = 8 * 1024;
const mostBodyBytes = 64 * 1024;
/** A connection over which nothing passes for this long is closed. */
const idleMs = 30_000;
const cookieSeconds = 30 * 86_400;

/** What the server needs of the daemon. */
export interface Watched {
  document(server: ServerCounts): StatusDocument;
  /** The course of the scores, by the number of its ring. */
  history(ring: number): HistoryColumns;
  /** Commands by the last part of their path, each given the body of its request. */
  commands: Readonly<Record<string, (body: string) => CommandAnswer | Promise<CommandAnswer>>>;
}

export interface StatusServerOptions {
  listen: ListenAddress;
  token: string;
  /** Names of this machine besides its own. */
  names: readonly string[];
  watched: Watched;
  /** Called with a sentence where the server cannot listen, and once it can. */
  report: (text: string, problem: boolean) => void;
  /** Longest time that a request may take to arrive, in milliseconds. Default: 10 s. */
  longestRequestMs?: number;
  /** Time between two attempts to listen where the address is taken, in milliseconds. Default: 10 s. */
  retryMs?: number;
}

/** What is answered: a status, a body with its type, and further headers. */
interface Answer {
  status: number;
  type?: string;
  body?: string | Uint8Array;
  headers?: Record<string, string>;
}

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const commonHeaders = {
  "Cache-Control": "no-store",
  "Content-Security-Policy": policy,
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
};

const jsonType = "application/json; charset=utf-8";
const metricsType = "text/plain; version=0.0.4; charset=utf-8";
const json = (status: number, value: unknown): Answer => ({
  status,
  type: jsonType,
  body: JSON.stringify(value),
});
/** Holds the bytes before anything else is answered, which may replace them. */
function sharedAnswer(
  response: ServerResponse,
  type: string,
  shared: SharedBytes,
  bodyIn = ({ bytes }: SharedBytes): Uint8Array => bytes,
): Answer {
  response.once("close", shared.hold());
  return { status: 200, type, body: bodyIn(shared) };
}
const refusal = (status: number, error: string): Answer => json(status, { error });

export class StatusServer {
  readonly counts: ServerCounts = { requests: 0, refused: 0, slowReaders: 0, errors: 0, watching: 0 };
  readonly #options: StatusServerOptions;
  readonly #server: Server;
  readonly #events: EventStream;
  /** Whether reading asks for the token too. */
  readonly #isGuarded: boolean;
  #retry: NodeJS.Timeout | undefined;
  #failure: string | null = null;
  readonly #state: SharedState;

  constructor(options: StatusServerOptions) {
    const { longestRequestMs = 10_000 } = options;
    this.#options = options;
    this.#isGuarded = !isLoopback(options.listen.host);
    this.#state = new SharedState(() => options.watched.document(this.counts));
    this.#events = new EventStream(this.counts, () => this.#state.event);
    this.#server = createServer(
      {
        maxHeaderSize: mostHeaderBytes,
        headersTimeout: longestRequestMs,
        requestTimeout: longestRequestMs,
        keepAliveTimeout: 5000,
        connectionsCheckingInterval: longestRequestMs / 5,
        insecureHTTPParser: false,
      },
      (request, response) => void this.#serve(request, response),
    );
    this.#server.maxConnections = mostConnections;
    this.#server.timeout = idleMs;
    this.#server.on("error", (error) => this.#listenFailed(error));
    this.#server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
      this.counts.refused++;
      if (!socket.writable) return socket.destroy();
      const status = error.code === "HPE_HEADER_OVERFLOW" ? 431 : timedOut.has(error.code ?? "") ? 408 : 400;
      socket.end(`HTTP/1.1 ${status} ${statusNames[status]}\r\nConnection: close\r\n\r\n`);
    });
  }

  /** Begins to listen; where the address is taken it is tried again, and learning does not wait for it. */
  async start(): Promise<void> {
    const { host, port } = this.#options.listen;
    await new Promise<void>((resolve) => {
      this.#server.once("listening", resolve);
      this.#server.once("error", () => resolve());
      this.#server.listen(port, host);
    });
    if (this.#server.listening) this.#listening();
  }

  #listening(): void {
    const { report } = this.#options;
    report(`the status page is at http://${formatAddress(this.address)}/`, false);
    this.#failure = null;
  }

  #listenFailed(error: Error): void {
    this.counts.errors++;
    const isFirst = this.#failure === null;
    const where = formatAddress(this.#options.listen);
    this.#failure = `cannot serve the status page at ${where}: ${reasonOf(error)}`;
    if (isFirst) this.#options.report(`${this.#failure}; learning continues, and it is tried again`, true);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.start(), this.#options.retryMs ?? 10_000);
  }

  /** Why it does not listen; null where it does. */
  get failure(): string | null {
    return this.#failure;
  }

  /** Where it listens. */
  get address(): ListenAddress {
    const address = this.#server.address() as AddressInfo | null;
    return { host: this.#options.listen.host, port: address?.port ?? this.#options.listen.port };
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#events.close();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.counts.requests++;
    response.on("error", () => {});
    try {
      const answer = await this.#answer(request, response);
      if (answer === null) return;
      if (answer.status >= 400) this.counts.refused++;
      this.#write(answer, request, response);
    } catch (error) {
      this.counts.errors++;
      if (response.headersSent) response.destroy();
      else this.#write(refusal(500, `the status server failed: ${reasonOf(error)}`), request, response);
    }
  }

  #write(answer: Answer, request: IncomingMessage, response: ServerResponse): void {
    const { status, type, body, headers } = answer;
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    response.writeHead(status, {
      ...commonHeaders,
      ...(type === undefined ? {} : { "Content-Type": type }),
      "Content-Length": bytes?.length ?? 0,
      // What is left of a body that was refused is not read.
      ...(request.complete || request.method === "GET" ? {} : { Connection: "close" }),
      ...headers,
    });
    response.end(request.method === "HEAD" ? undefined : bytes);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<Answer | null> {
    const { method = "", headers } = request;
    if (!isOwnHost(headers.host, this.#options.names)) {
      return refusal(
        421,
        `this is not ${headers.host}; add the name to status.names if it is one of this machine`,
      );
    }
    const { path: pathname, query: searchParams } = pathAndQuery(request.url);
    if (pathname === "/healthz") return this.#health();
    if (method === "GET" || method === "HEAD") {
      const file = await pageFile(pathname, headers["accept-encoding"]);
      if (file !== null) return asPage(file);
      return this.#read(pathname, searchParams, request, response);
    }
    if (method === "POST") return this.#act(pathname, request);
    return {
      ...refusal(405, `found the method ${method}, expected GET or POST`),
      headers: { Allow: "GET, HEAD, POST" },
    };
  }

  #health(): Answer {
    const { health, reason } = this.#state.health;
    return {
      status: health === "hung" ? 503 : 200,
      type: "text/plain; charset=utf-8",
      body: `${health}: ${reason}\n`,
    };
  }

  #read(
    pathname: string,
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Answer | null {
    const { token, watched } = this.#options;
    if (this.#isGuarded && credentialOf(request, token, this.address.port) === null) return unauthorized;
    switch (pathname) {
      case "/status.json":
        return sharedAnswer(response, jsonType, this.#state.event, jsonIn);
      case "/metrics":
        return sharedAnswer(response, metricsType, this.#state.metrics);
      case "/history.json": {
        const ring = ["10s", "10min", "1d"].indexOf(query.get("step") ?? "10s");
        if (ring < 0) return refusal(400, "step must be 10s, 10min or 1d");
        return json(200, watched.history(ring));
      }
      case "/events":
        return this.#watch(request, response, query.has("predictions"));
      default:
        return refusal(
          404,
          `there is no ${pathname.slice(0, 100)} here; see /, /status.json, /metrics, /events, /history.json and /healthz`,
        );
    }
  }

  /** Where each prediction is to be sent, as long as somebody listens. */
  get events(): EventStream {
    return this.#events;
  }

  #watch(request: IncomingMessage, response: ServerResponse, wantsPredictions: boolean): Answer | null {
    if (request.method === "HEAD") return { status: 200, type: "text/event-stream" };
    if (this.#events.isFull) return refusal(503, `${mostWatching} clients watch already; close one of them`);
    response.writeHead(200, { ...commonHeaders, "Content-Type": "text/event-stream", Connection: "close" });
    // It sends nothing more, so only what it is sent shows that it is there.
    request.socket.setTimeout(0);
    this.#events.add(response, wantsPredictions);
    return null;
  }

  async #act(pathname: string, request: IncomingMessage): Promise<Answer> {
    const { token, watched } = this.#options;
    if (!hasOwnOrigin(request)) return refusal(403, "found a request from a page of another site");
    const credential = credentialOf(request, token, this.address.port);
    if (credential === null) return unauthorized;
    if (pathname === "/session" && credential === "token") return this.#session();
    const command = Object.hasOwn(watched.commands, pathname.slice(1))
      ? watched.commands[pathname.slice(1)]
      : null;
    if (command === null) return refusal(404, `there is no command ${pathname.slice(0, 100)} here`);
    const type = request.headers["content-type"]?.split(";")[0].trim().toLowerCase();
    if (type !== "application/json" && type !== "application/x-ndjson") {
      return refusal(415, "the Content-Type must be application/json");
    }
    const body = await bodyOf(request);
    if (body === null) return refusal(413, `a body may have ${mostBodyBytes} bytes`);
    const answer = await command(body);
    this.#state.expire();
    return json(answer.done ? 200 : 409, answer);
  }

  /** The page has shown its token, and gets a cookie for it, which scripts cannot read. */
  #session(): Answer {
    const { port } = this.address;
    const value = cookieValue(this.#options.token);
    const attributes = `Path=/; Max-Age=${cookieSeconds}; HttpOnly; SameSite=Strict`;
    return {
      ...json(200, { done: true }),
      headers: { "Set-Cookie": `${cookieName(port)}=${value}; ${attributes}` },
    };
  }
}

const timedOut = new Set(["ERR_HTTP_REQUEST_TIMEOUT"]);
const statusNames: Record<number, string> = {
  400: "Bad Request",
  408: "Request Timeout",
  431: "Request Header Fields Too Large",
};

const unauthorized: Answer = {
  ...refusal(
    401,
    "the token is missing or wrong; send Authorization: Bearer TOKEN, or open the page with #token=TOKEN",
  ),
  headers: { "WWW-Authenticate": 'Bearer realm="rivulet"' },
};

const asPage = ({ type, bytes, encoding }: PageFile): Answer => ({
  status: 200,
  type,
  body: bytes,
  headers: { Vary: "Accept-Encoding", ...(encoding === null ? {} : { "Content-Encoding": encoding }) },
});

/** The body of a request as text; null where it is longer than allowed, or does not arrive. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  if (Number(request.headers["content-length"] ?? 0) > mostBodyBytes) return null;
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request) {
      bytes += (chunk as Buffer).length;
      if (bytes > mostBodyBytes) return null;
      chunks.push(chunk as Buffer);
    }
  } catch {
    return null; // the client went away, or took too long
  }
  return Buffer.concat(chunks).toString("utf8");
}
