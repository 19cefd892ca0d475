/** Predictions as lines to every client that connects. */
import { createServer, type Server, type Socket } from "node:net";
import { reasonOf } from "../../errors/system-error.ts";
import { formatAddress, type ListenAddress } from "../../wording/address.ts";
import { formatDuration } from "../../wording/quantities.ts";
import type { PredictionOutput, PredictionRecord } from "./prediction.ts";

const mostClients = 8;
/** A client that leaves this much unread misses lines until it has read on. */
const mostUnreadBytes = 64 * 1024;
/**
 * One to which nothing more can be sent for this long is disconnected: it has a place that another may need. The kernel
 * takes more only when a third of its buffer of up to 4 MB is free, so a minute would end one that reads slowly.
 */
const longestUnreadMs = 600_000;
/** A peer that lost its power says nothing: the kernel asks it after this long without traffic. */
const keepAliveMs = 60_000;
const retryMs = 10_000;

interface Client {
  socket: Socket;
  peer: string;
  /** Whether it has been said that it is too slow. */
  hasBeenTold: boolean;
}

export class TcpOutput implements PredictionOutput {
  readonly name = "tcp";
  sent = 0;
  dropped = 0;
  readonly #server: Server;
  readonly #clients = new Set<Client>();
  readonly #listen: ListenAddress;
  readonly #report: (text: string, problem: boolean) => void;
  readonly #longestUnreadMs: number;
  #retry: NodeJS.Timeout | undefined;
  #isFailing = false;

  /** Listens from now on, and tries again where the address is taken. */
  constructor(
    listen: ListenAddress,
    report: (text: string, problem: boolean) => void,
    unreadMs = longestUnreadMs,
  ) {
    this.#longestUnreadMs = unreadMs;
    this.#listen = listen;
    this.#report = report;
    this.#server = createServer((client) => this.#add(client));
    this.#server.maxConnections = mostClients;
    this.#server.on("listening", () => {
      const address = this.#server.address() as { port: number };
      report(`predictions are sent to clients of ${formatAddress({ ...listen, port: address.port })}`, false);
      this.#isFailing = false;
    });
    this.#server.on("error", (error) => this.#failed(error));
    this.#server.listen(listen.port, listen.host);
  }

  get isActive(): boolean {
    return this.#clients.size > 0;
  }

  #add(socket: Socket): void {
    const peer = formatAddress({ host: socket.remoteAddress ?? "?", port: socket.remotePort ?? 0 });
    const client: Client = { socket, peer, hasBeenTold: false };
    this.#clients.add(client);
    socket.on("error", () => {});
    socket.on("close", () => this.#clients.delete(client));
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
    // Node calls it no silence where the kernel has taken a part of what waits.
    socket.setTimeout(this.#longestUnreadMs, () => this.#endIfUnread(client));
    // What a client sends is nothing that anybody asked for.
    socket.resume();
  }

  #failed(error: Error): void {
    if (!this.#isFailing) {
      const where = formatAddress(this.#listen);
      this.#report(
        `cannot listen at ${where} for clients of predictions: ${reasonOf(error)}; it is tried again`,
        true,
      );
    }
    this.#isFailing = true;
    this.#retry = setTimeout(() => this.#server.listen(this.#listen.port, this.#listen.host), retryMs);
  }

  send(_: PredictionRecord, line: string): void {
    for (const client of this.#clients) {
      if (client.socket.writableLength > mostUnreadBytes) {
        this.dropped++;
        this.#late(client);
      } else {
        client.socket.write(line);
        this.sent++;
      }
    }
  }

  #late(client: Client): void {
    if (client.hasBeenTold) return;
    client.hasBeenTold = true;
    this.#report(`${client.peer} reads predictions too slowly and misses some; learning continues`, true);
  }

  #endIfUnread({ socket, peer }: Client): void {
    if (socket.writableLength <= mostUnreadBytes) return;
    socket.destroy();
    const unread = formatDuration(this.#longestUnreadMs);
    this.#report(`${peer} has not read its predictions for ${unread}, and is disconnected`, true);
  }

  close(withinMs: number): void {
    clearTimeout(this.#retry);
    this.#server.close();
    for (const { socket } of this.#clients) {
      socket.end();
      setTimeout(() => socket.destroy(), withinMs).unref();
    }
  }
}
