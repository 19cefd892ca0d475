/** What every handler does with a request before and after it is answered. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { safe } from "../../wording/safe.ts";
import { HostError } from "./host-error.ts";
import { isObjectKey } from "./object-folder.ts";
import { errorXml } from "./xml.ts";

/** The one bucket of a host. */
export const bucket = "fleet";

/** Answers a request. Give it to the events `request` and `checkContinue` of a server. Never throws, never rejects. */
export type HostHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Makes a handler of a function that throws HostError for what it refuses. */
export function answered(log: (sentence: string) => void, answer: HostHandler): HostHandler {
  return async (request, response) => {
    // A connection that breaks is no error of the host.
    request.on("error", () => {});
    response.on("error", () => {});
    try {
      await answer(request, response);
    } catch (error) {
      const isRefusal = error instanceof HostError;
      const refusal = isRefusal ? error : new HostError(500, "InternalError", "the host failed");
      if (!request.destroyed && refusal.status !== 404 && refusal.status !== 412) {
        const reason = isRefusal ? refusal.message : String((error as Error).stack ?? error);
        log(safe(`refused ${request.method} ${(request.url ?? "").slice(0, 200)}: ${reason}`));
      }
      refuse(request, response, refusal);
    }
  };
}

/**
 * Takes the path of a request apart; the key is null where it names the bucket.
 * @throws HostError for a path that is not percent-encoded UTF-8, or names no object
 */
export function bucketAndKey(path: string): [bucket: string, key: string | null] {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path.slice(1));
  } catch {
    throw new HostError(400, "InvalidURI", "the path is not percent-encoded");
  }
  const end = decoded.indexOf("/");
  if (end === -1 || end === decoded.length - 1) return [end === -1 ? decoded : decoded.slice(0, end), null];
  const key = decoded.slice(end + 1);
  // A folder is no object, though clients ask for it.
  if (!isObjectKey(key.endsWith("/") ? key.slice(0, -1) : key)) {
    throw new HostError(
      400,
      "InvalidArgument",
      "the name of an object may have no empty part, and none that begins with a dot",
    );
  }
  if (key.endsWith("/")) throw new HostError(404, "NoSuchKey", `there is no object ${key}`);
  return [decoded.slice(0, end), key];
}

/**
 * Returns the length of the body of a request.
 * @throws HostError where a body has no length, or a larger one than is taken
 */
export function lengthOf({ headers }: IncomingMessage, mostBytes: number): number {
  const text = headers["content-length"];
  if (text === undefined || headers["transfer-encoding"] !== undefined) {
    throw new HostError(411, "MissingContentLength", "the body has no Content-Length, expected one");
  }
  const length = Number(text);
  if (!(length <= mostBytes))
    throw new HostError(413, "EntityTooLarge", `the body has ${text} bytes, expected at most ${mostBytes}`);
  return length;
}

/** Sends an answer in XML. */
export function sendXml(response: ServerResponse, status: number, xml: string): void {
  const body = Buffer.from(xml);
  response.writeHead(status, { "content-type": "application/xml", "content-length": body.length }).end(body);
}

/** Sends a refusal. Where a body was not read to its end, the connection closes after it. */
function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  { status, code, message }: HostError,
): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  if (!request.complete) response.shouldKeepAlive = false;
  const body = Buffer.from(request.method === "HEAD" ? "" : errorXml(code, message));
  response.writeHead(status, { "content-type": "application/xml", "content-length": body.length }).end(body);
}
