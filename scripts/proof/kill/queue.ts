/** The checkpoints of a daemon that is killed, on their way to a host, by processes that are killed as well. */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createHostHandler } from "../../../src/sync/host/handler.ts";
import { openRegistry } from "../../../src/sync/host/registry.ts";
import { serveHost } from "../../../src/sync/host/serve.ts";
import { checkpointFacts } from "../../../src/sync/names.ts";
import { readSyncRecord, sentCount } from "../../../src/sync/sync-record.ts";
import { type Card, start } from "./killing.ts";

const device = "killed";

/** A host in this process, and the device's side of it in a folder. */
export async function openQueue(folder: string) {
  const fleet = join(folder, "fleet");
  mkdirSync(fleet);
  const registry = openRegistry(fleet, { create: true });
  writeFileSync(join(folder, "device.key"), `${registry.add(device)}\n`, { mode: 0o600 });
  const handler = createHostHandler({ folder: fleet, registry, keep: 100_000, log: () => {} });
  const host = await serveHost(handler, { address: "127.0.0.1", port: 0, tls: null });
  const to = `http://127.0.0.1:${host.port}/fleet`;
  const config = { to, device, secretFile: "device.key", every: "1d", backlog: 6 };
  return {
    config,
    send: (card: Card) => start(["sync", "c.yaml"], folder, card),
    /** Sends what is left; every checkpoint up to the newest is then counted once, and what arrived is whole. */
    async check(newest: number, fault: (text: string) => void): Promise<void> {
      const last = start(["sync", "c.yaml"], folder, "plain");
      if ((await last.ended) !== 0) fault(`the last rivulet sync failed: ${last.printed()}`);
      const record = readSyncRecord(join(folder, "saved"), to, device);
      const sent = sentCount(record);
      if (sent + record.dropped !== newest)
        fault(`${sent} checkpoints were sent and ${record.dropped} dropped of ${newest}`);
      const place = join(fleet, "devices", device, "checkpoints");
      const names = readdirSync(place);
      for (const name of names) {
        const digest = createHash("sha256")
          .update(readFileSync(join(place, name)))
          .digest("hex");
        if (!digest.startsWith(checkpointFacts(name)?.digest ?? "none"))
          fault(`${name} is not whole at the host`);
      }
      // What was killed between its upload and its record is sent again under the same name, or counted as dropped.
      if (names.length < sent || names.length > newest)
        fault(`${names.length} checkpoints are at the host, and ${sent} were sent of ${newest}`);
    },
    close: () => host.close(),
  };
}
