/** Datagrams that Linux discarded because the receive buffer of a socket was full. */
import { readFile } from "node:fs/promises";
import { endianness } from "node:os";

/** Time between two looks at the table of the system. */
const lookEveryMs = 5000;

/** An address as the table of IPv4 sockets has it: the hexadecimal digits of its four bytes as one number of the processor. */
function hexAddress(address: string): string {
  const bytes = address.split(".").map(Number);
  if (endianness() === "LE") bytes.reverse();
  return Buffer.from(bytes).toString("hex").toUpperCase();
}

/**
 * Reads from the text of `/proc/net/udp` or `/proc/net/udp6` how many datagrams were discarded of the socket that is bound
 * to `address` and `port`. Of IPv6 only the port is compared. 0 where the socket is not in the table.
 */
export function discardedOf(table: string, address: string, port: number): number {
  const local = `${address.includes(":") ? "" : hexAddress(address)}:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  let discarded = 0;
  for (const line of table.split("\n").slice(1)) {
    const columns = line.trim().split(/\s+/);
    if (columns.length > 2 && columns[1].endsWith(local)) discarded += Number(columns.at(-1));
  }
  return discarded;
}

/** Counts the datagrams that the system discards of a bound socket. */
export interface DiscardWatch {
  /** Reads the table of the system at once. Never fails. */
  look(): Promise<void>;
  /** Ends the watch; nothing is counted afterwards. */
  stop(): void;
}

/**
 * Looks every five seconds how many datagrams the system has discarded of a bound socket. Counts nothing where the system
 * has no such table.
 *
 * @param onDiscarded called with the number of those that were discarded since the last call
 */
export function watchDiscarded(
  address: string,
  port: number,
  onDiscarded: (datagrams: number) => void,
): DiscardWatch {
  const path = address.includes(":") ? "/proc/net/udp6" : "/proc/net/udp";
  let before = 0;
  let isStopped = false;
  const stop = () => {
    isStopped = true;
    clearInterval(timer);
  };
  const look = async () => {
    // Missing on another system than Linux: what is discarded there is not known.
    const table = await readFile(path, "latin1").catch(() => null);
    if (table === null) stop();
    if (table === null || isStopped) return;
    const discarded = discardedOf(table, address, port);
    if (discarded > before) onDiscarded(discarded - before);
    before = Math.max(before, discarded);
  };
  const timer = setInterval(look, lookEveryMs);
  timer.unref();
  return { look, stop };
}
