/** Addresses: those to listen at, as people write them (`127.0.0.1:8787`, `[::1]:8787`), and those of requests. */

/** An address of this machine and a port; port 0 leaves the choice to the system. */
export interface ListenAddress {
  host: string;
  port: number;
}

const highestPort = 65_535;

/** Parses `HOST:PORT`, an IPv6 address in brackets; null where it is neither. */
export function parseAddress(text: string): ListenAddress | null {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text.trim());
  if (match === null) return null;
  const port = Number(match[3]);
  return port > highestPort ? null : { host: match[1] ?? match[2], port };
}

/** Formats an address: `127.0.0.1:8787`, `[::1]:8787`. */
export const formatAddress = ({ host, port }: ListenAddress): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

/** Whether only programs on this machine reach the host. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);

/** Path and query of the URL of a request. Not by `URL`, which throws for some and takes a host out of others: `//status.json`. */
export function pathAndQuery(url = "/"): { path: string; query: URLSearchParams } {
  const end = url.indexOf("?");
  return end === -1
    ? { path: url, query: new URLSearchParams() }
    : { path: url.slice(0, end), query: new URLSearchParams(url.slice(end + 1)) };
}
