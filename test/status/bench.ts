/** A daemon that can be watched, fed over TCP: in this process, where its state can be seen. */
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { parseConfig } from "../../src/config/config.ts";
import { Daemon } from "../../src/daemon/daemon.ts";
import type { LogEntry } from "../../src/daemon/log.ts";
import { tokenIn } from "../../src/status/token.ts";
import { folderWith } from "../rivulet.ts";
import { until } from "../until.ts";

export interface Wishes {
  /** What stands in the config's map `status`. */
  status?: string;
  target?: string;
  /** Further keys of the config's map `source`. */
  source?: string;
  /** Further keys of the config. */
  more?: string;
  folder?: string;
}

const configFor = (
  port: number,
  { status = "listen: 127.0.0.1:0", target, source = "", more = "" }: Wishes,
) => `name: bench
source: { tcp: { host: 127.0.0.1, port: ${port} }, framing: lines, fields: [a, { name: b, range: [-2, 2] }, label]${source} }
target: ${target ?? "{ column: label, classes: 3 }"}
${status === "" ? "" : `status: { ${status} }`}
${more}
`;

/** Listens for the daemon, as the device that sends the samples. */
async function openPeer() {
  const server = createServer();
  const sockets: Socket[] = [];
  server.on("connection", (socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    port,
    sockets,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

export async function startWatched(wishes: Wishes = {}) {
  const peer = await openPeer();
  const folder = wishes.folder ?? folderWith();
  const config = parseConfig(configFor(peer.port, wishes), join(folder, "c.yaml"));
  const entries: LogEntry[] = [];
  const daemon = new Daemon(config, { log: (entry) => entries.push(entry), version: "1.2.3" });
  let hasEnded = false;
  const stop = async () => {
    if (hasEnded) return;
    hasEnded = true;
    await daemon.stop();
    peer.close();
  };
  onTestFinished(stop);
  await daemon.start();
  await until(() => peer.sockets.length > 0);
  peer.sockets[0].write("the rest of a line\n");
  const address = daemon.statusAddress;
  const base = `http://127.0.0.1:${address?.port}`;
  const token = config.status === null ? "" : (tokenIn(config.status.tokenFile) as string);
  let sent = 0;
  return {
    daemon,
    config,
    entries,
    base,
    token,
    port: address?.port ?? 0,
    stop,
    peer,
    /** Sends samples of three classes, which a simple rule tells apart, and waits until they are learned. */
    async samples(count: number) {
      const lines = Array.from({ length: count }, (_, index) => {
        const label = (sent + index) % 3;
        return `${label + 0.01 * ((index * 7) % 10)},${(index % 20) / 10 - 1},${label}\n`;
      });
      sent += count;
      peer.sockets[0].write(lines.join(""));
      await until(() => daemon.status().samples + daemon.status().unlabelled >= sent);
    },
    get: (path: string, headers: Record<string, string> = {}) => fetch(base + path, { headers }),
    post: (path: string, headers: Record<string, string> = {}, body?: string) =>
      fetch(base + path, {
        method: "POST",
        headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", ...headers },
        body,
      }),
  };
}
