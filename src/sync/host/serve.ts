/** The server of a host: its limits on connections, and the addresses at which boards reach it. */
import { X509Certificate } from "node:crypto";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { RivuletError } from "../../errors/errors.ts";
import { reasonOf } from "../../errors/system-error.ts";
import { readNamedText } from "../../machine/regular-file.ts";
import type { HostHandler } from "./http.ts";

export interface ListenOptions {
  /** Name or number of an interface's address; `0.0.0.0` for all. */
  address: string;
  port: number;
  /** Files in PEM; null: plain HTTP. */
  tls: { cert: string; key: string } | null;
}

export interface RunningHost {
  port: number;
  /** Closes all connections; resolves when that is done. */
  close(): Promise<void>;
}

/** A connection that says nothing for this long is closed. */
const headersMs = 20_000;
const idleMs = 5_000;
/** The slowest upload that is taken: 64 MiB in an hour. */
const requestMs = 60 * 60_000;
const mostConnections = 4000;
/** Of a certificate with those that vouch for it, or of a key. */
export const mostCertificateBytes = 1 << 20;

/** Reads `ADDRESS:PORT`, `:PORT`, `ADDRESS` or `[IPv6]:PORT`; null where it has another form. */
export function parseListen(text: string, defaultPort = 9000): { address: string; port: number } | null {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([\w.-]*))(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (bracketed === undefined && plain === undefined) return null;
  const port = digits === undefined ? defaultPort : Number(digits);
  if (port > 65_535) return null;
  const address = bracketed ?? plain;
  return { address: address === "" ? "0.0.0.0" : address, port };
}

/**
 * Starts to answer requests.
 * @throws RivuletError where the address or the certificate cannot be used
 */
export async function serveHost(
  handler: HostHandler,
  { address, port, tls }: ListenOptions,
): Promise<RunningHost> {
  const limits = {
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    keepAliveTimeout: idleMs,
    connectionsCheckingInterval: 2_000,
    maxHeaderSize: 16 * 1024,
  };
  const answer = (request: http.IncomingMessage, response: http.ServerResponse) =>
    void handler(request, response);
  const server =
    tls === null
      ? http.createServer(limits, answer)
      : https.createServer({ ...limits, ...certificateOf(tls) }, answer);
  server.on("checkContinue", answer);
  server.maxConnections = mostConnections;
  server.on("clientError", (_, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    else socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(error, address, port)));
    server.listen(port, address, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function certificateOf({ cert, key }: { cert: string; key: string }): { cert: string; key: string } {
  try {
    return { cert: readNamedText(cert, mostCertificateBytes), key: readNamedText(key, mostCertificateBytes) };
  } catch (error) {
    throw new RivuletError(
      "host.listen",
      `cannot read the certificate ${cert} and its key ${key}: ${reasonOf(error)}`,
      { cause: error },
    );
  }
}

/** SHA-256 of a certificate in PEM, in hexadecimal, as boards pin it. */
export const fingerprintOf = (pem: string | Buffer): string =>
  new X509Certificate(pem).fingerprint256.replaceAll(":", "").toLowerCase();

function listenError(error: NodeJS.ErrnoException, address: string, port: number): RivuletError {
  const reasons: Record<string, string> = {
    EADDRINUSE: "another program listens there; end it, or name another port with --listen",
    EADDRNOTAVAIL: `this machine has no such address, expected one of ${["127.0.0.1", ...ownAddresses()].join(", ")}`,
    EACCES: "only root may listen at a port below 1024; name a higher one with --listen",
    ENOTFOUND: "there is no such name; give an address of this machine",
  };
  return new RivuletError(
    "host.listen",
    `cannot listen at ${address}:${port}: ${reasons[error.code ?? ""] ?? error.message}`,
    { cause: error },
  );
}

/** Whether only this machine reaches an address. */
export const isLoopback = (address: string): boolean =>
  address === "localhost" || address === "::1" || /^127\./.test(address);

/** Addresses of this machine in its networks. */
export function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ internal, family }) => !internal && family === "IPv4")
    .map(({ address }) => address);
}
