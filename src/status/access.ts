/**
 * Who may talk to the status server. A browser may be led to it by a page from elsewhere: the Host header stops a name
 * that was rebound to this machine, the Origin header a form or a script of another site. Programs show a token.
 */
import type { IncomingMessage } from "node:http";
import { hostname, networkInterfaces } from "node:os";
import { sha256Hex } from "../checkpoint/sha256.ts";
import { isSameSecret } from "../machine/secret.ts";

/** The cookie for which the page exchanges its token. Cookies know no port, so its name has it. */
export const cookieName = (port: number): string => `rivulet-${port}`;

/** Follows from the token, which it does not reveal, and so outlives a restart. */
export const cookieValue = (token: string): string =>
  sha256Hex(Buffer.from(`cookie of the status page\n${token}`));

/** The host of `HOST[:PORT]`, in lower case and without brackets; null where it is malformed. */
function hostOf(authority: string): string | null {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(authority);
  return match === null ? null : (match[1] ?? match[2]).toLowerCase().replace(/\.$/, "");
}

/** Whether a Host header names this machine. */
export function isOwnHost(authority: string | undefined, names: readonly string[]): boolean {
  const host = authority === undefined ? null : hostOf(authority);
  if (host === null) return false;
  if (["localhost", "127.0.0.1", "::1", ...names].includes(host)) return true;
  const own = hostname().toLowerCase();
  if (host === own || host === `${own}.local`) return true;
  // Read each time, as a board may get another address while it runs.
  return Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === host));
}

/** Whether a request comes from a page of this server, or from no page at all. */
export function hasOwnOrigin({ headers }: IncomingMessage): boolean {
  const { origin, host } = headers;
  if (origin === undefined) return headers["sec-fetch-site"] !== "cross-site";
  return origin === `http://${host}` || origin === `https://${host}`;
}

/** What a request shows: the token, the cookie that the page got for it, or nothing that is valid. */
export function credentialOf(
  { headers }: IncomingMessage,
  token: string,
  port: number,
): "token" | "cookie" | null {
  const given = /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
  if (given !== undefined) return isSameSecret(given, token) ? "token" : null;
  const pairs = (headers.cookie ?? "").split(/; */).map((pair) => pair.split("=", 2));
  const cookie = pairs.find(([name]) => name === cookieName(port))?.[1];
  return cookie !== undefined && isSameSecret(cookie, cookieValue(token)) ? "cookie" : null;
}
