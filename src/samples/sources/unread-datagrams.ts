/** Datagrams that Linux discarded because the receive buffer of a socket was full. */
import { readFile } from "node:fs/promises";
import { endianness } from "node:os";
import { hexPort, socketTable } from "../../machine/socket-table.ts";

/** Time between two looks at the table: several for each check whether learning fell behind. */
const lookEveryMs = 1000;

/** The 4 or 16 bytes of an IP address. */
function bytesOf(address: string): number[] {
  if (!address.includes(":")) return address.split(".").map(Number);
  const [head, tail] = address.replace(/%.*$/, "").split("::");
  const pairs = (text = "") =>
    text.split(":").flatMap((part) => {
      if (part.includes(".")) return bytesOf(part);
      const pair = Number.parseInt(part, 16);
      return part === "" ? [] : [pair >> 8, pair & 255];
    });
  const [first, last] = [pairs(head), pairs(tail)];
  return [...first, ...new Array(16 - first.length - last.length).fill(0), ...last];
}

/** An address as the table has it: each four of its bytes are the hexadecimal digits of one number of the processor. */
function hexAddress(address: string): string {
  const bytes = Buffer.from(bytesOf(address));
  if (endianness() === "LE") bytes.swap32();
  return bytes.toString("hex").toUpperCase();
}

/**
 * Reads from the text of `/proc/net/udp` or `/proc/net/udp6` how many datagrams were discarded of the socket that is bound
 * to `address` and `port`: those that found its buffer full, and those with a wrong checksum. 0 where it is not in the table.
 */
export function discardedOf(table: string, address: string, port: number): number {
  const local = `${hexAddress(address)}:${hexPort(port)}`;
  for (const line of table.split("\n").slice(1)) {
    const columns = line.trim().split(/\s+/);
    if (columns[1] === local) return Number(columns.at(-1));
  }
  return 0;
}

/** Counts the datagrams that the system discards of a bound socket. */
export interface DiscardWatch {
  /** Reads the table of the system at once. Never fails. */
  look(): Promise<void>;
  /** Ends the watch; nothing is counted afterwards. */
  stop(): void;
}

/**
 * Looks every second how many datagrams the system has discarded of a bound socket. Counts nothing where the system
 * has no such table.
 *
 * @param onDiscarded called with the number of those that were discarded since the last call
 */
export function watchDiscarded(
  address: string,
  port: number,
  onDiscarded: (datagrams: number) => void,
): DiscardWatch {
  const path = socketTable(address.includes(":") ? "udp6" : "udp");
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
