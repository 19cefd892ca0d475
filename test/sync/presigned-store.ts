/**
 * A store that takes requests by pre-signed URLs, as S3 stores do: it computes the signature anew from what arrived, checks
 * the body by the MD5 that was signed, and keeps the objects in a host.
 */
import { createHash } from "node:crypto";
import http from "node:http";
import type { AddressInfo } from "node:net";
import aws4 from "aws4";
import { afterAll } from "vitest";
import type { Credentials } from "../../src/sync/signature.ts";
import { request as send, type TestHost } from "./running-host.ts";

export const storeKey: Credentials = { accessKeyId: "STORE", secretAccessKey: "of-the-store" };

const servers: http.Server[] = [];
afterAll(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

/** Whether path, query and signed headers are those of which the signature was made. */
function isValid({ method, url = "", headers }: http.IncomingMessage): boolean {
  const asked = new URL(url, "http://store");
  const signature = asked.searchParams.get("X-Amz-Signature");
  const names = (asked.searchParams.get("X-Amz-SignedHeaders") ?? "").split(";");
  const date = asked.searchParams.get("X-Amz-Date");
  const expires = asked.searchParams.get("X-Amz-Expires");
  if (!names.every((name) => headers[name] !== undefined)) return false;
  const signed = aws4.sign(
    {
      ...{ service: "s3", region: "us-east-1", method, signQuery: true },
      path: `${asked.pathname}?X-Amz-Date=${date}&X-Amz-Expires=${expires}`,
      headers: Object.fromEntries(names.map((name) => [name, String(headers[name])])),
    },
    storeKey,
  );
  return new URL(String(signed.path), "http://store").searchParams.get("X-Amz-Signature") === signature;
}

export interface PresignedStore {
  origin: string;
  /** Requests that came, as method and key. */
  requests: string[];
}

/** Opens a store whose bucket is the one of `host`. */
export async function openStore(host: TestHost): Promise<PresignedStore> {
  const requests: string[] = [];
  const admin = host.credentials("admin");
  const answer = async (request: http.IncomingMessage, response: http.ServerResponse) => {
    const { method = "", headers } = request;
    const { pathname } = new URL(request.url ?? "", "http://store");
    requests.push(`${method} ${pathname}`);
    if (!isValid(request)) return response.writeHead(403).end();
    if (headers.expect !== undefined) response.writeContinue();
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const md5 = headers["content-md5"];
    if (md5 !== undefined && md5 !== createHash("md5").update(body).digest("base64"))
      return response.writeHead(400).end();
    const once = headers["if-none-match"];
    const own: Record<string, string> = once === undefined ? {} : { "if-none-match": once };
    const stored = await send(host, admin, { method, path: pathname, body, headers: own });
    return response.writeHead(stored.status, { etag: stored.headers.etag ?? "" }).end(stored.text);
  };
  const handle = (request: http.IncomingMessage, response: http.ServerResponse) =>
    void answer(request, response);
  const server = http.createServer(handle).on("checkContinue", handle);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}
