import { createSocket } from "node:dgram";
import { createServer } from "node:net";

/** Below the ports that Linux gives to connections: one of those may be taken while its server is away for a moment. */
const [lowest, highest] = [20_000, 32_000];

/** A port of this machine at which nobody listens, neither by TCP nor by UDP, and which no connection is given. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = lowest + Math.floor((highest - lowest) * Math.random());
    if ((await isFreeForTcp(port)) && (await isFreeForUdp(port))) return port;
  }
}

function isFreeForTcp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

function isFreeForUdp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.once("error", () => socket.close(() => resolve(false)));
    socket.bind(port, "127.0.0.1", () => socket.close(() => resolve(true)));
  });
}
