/** A door in front of a host that behaves as other stores do: it refuses or ignores conditions, fails, redirects, or has a clock of its own. */
import http from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll } from "vitest";
import type { TestHost } from "./running-host.ts";

export interface Door {
  to: string;
  /** Requests that came, as method and path. */
  requests: { line: string; headers: http.IncomingHttpHeaders; bodyBytes: number }[];
}

/** Answers a request itself, or lets it pass to the host where it returns false. */
export type Answerer = (
  request: http.IncomingMessage,
  response: http.ServerResponse,
  count: number,
) => boolean;

const servers: http.Server[] = [];
afterAll(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

/** Opens a door to a host. */
export async function openDoor(host: TestHost, answerer: Answerer): Promise<Door> {
  const requests: Door["requests"] = [];
  const handle = (request: http.IncomingMessage, response: http.ServerResponse) => {
    const entry = { line: `${request.method} ${request.url}`, headers: request.headers, bodyBytes: 0 };
    requests.push(entry);
    request.on("error", () => {});
    if (answerer(request, response, requests.length)) return;
    const { expect: _, ...headers } = request.headers;
    const onward = http.request(
      {
        host: "127.0.0.1",
        port: host.port,
        method: request.method,
        path: request.url,
        headers,
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 0, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on("error", () => response.destroy());
    if (request.headers.expect !== undefined) response.writeContinue();
    request.on("data", (chunk: Buffer) => {
      entry.bodyBytes += chunk.length;
    });
    request.pipe(onward);
  };
  const server = http.createServer(handle).on("checkContinue", handle);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { to: `http://127.0.0.1:${(server.address() as AddressInfo).port}/fleet`, requests };
}
