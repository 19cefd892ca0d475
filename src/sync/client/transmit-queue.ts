/** Progress of a slow upload, which only the kernel sees: it buffers up to some megabytes that the link still has to carry. */
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { hexPort, socketTable } from "../../machine/socket-table.ts";

/**
 * Bytes that the kernel holds for a connection because its other end has not acknowledged them; null where the kernel
 * does not tell (it does on Linux, in /proc/net/tcp).
 */
export function unacknowledgedBytes({ localPort, remotePort }: Socket): number | null {
  if (localPort === undefined || remotePort === undefined) return null;
  const row = new RegExp(
    `^ *\\d+: [0-9A-F]+:${hexPort(localPort)} [0-9A-F]+:${hexPort(remotePort)} [0-9A-F]{2} ([0-9A-F]{8}):`,
    "m",
  );
  for (const table of [socketTable("tcp"), socketTable("tcp6")]) {
    try {
      const queued = row.exec(readFileSync(table, "latin1"))?.[1];
      if (queued !== undefined) return Number.parseInt(queued, 16);
    } catch {} // not Linux
  }
  return null;
}
