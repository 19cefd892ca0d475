import net from "node:net";

/** Below the ports that Linux gives to connections: one of those may be taken while its server is away for a moment. */
const [lowest, highest] = [20_000, 32_000];

/** A port of this machine at which nobody listens, and which no connection is given. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = lowest + Math.floor((highest - lowest) * Math.random());
    const server = net.createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((closed) => server.close(closed));
    return port;
  }
}
