/** Predictions as lines to every client that connects. */
import { createServer, type Server, type Socket } from "node:net";
import { reasonOf } from "../../errors/system-error.ts";
import { formatAddress, type ListenAddress } from "../../wording/address.ts";
import type { PredictionOutput, PredictionRecord } from "./prediction.ts";

const mostClients = 8;
/** A client that leaves this much unread misses lines until it has read on. */
const mostUnreadBytes = 64 * 1024;
const retryMs = 10_000;

export class TcpOutput implements PredictionOutput {
  readonly name = "tcp";
  sent = 0;
  dropped = 0;
  readonly #server: Server;
  readonly #clients = new Set<Socket>();
  readonly #listen: ListenAddress;
  readonly #report: (text: string, problem: boolean) => void;
  #retry: NodeJS.Timeout | undefined;
  #isFailing = false;

  /** Listens from now on, and tries again where the address is taken. */
  constructor(listen: ListenAddress, report: (text: string, problem: boolean) => void) {
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

  #add(client: Socket): void {
    this.#clients.add(client);
    client.on("error", () => {});
    client.on("close", () => this.#clients.delete(client));
    client.setNoDelay(true);
    // What a client sends is nothing that anybody asked for.
    client.resume();
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
      if (client.writableLength > mostUnreadBytes) this.dropped++;
      else {
        client.write(line);
        this.sent++;
      }
    }
  }

  close(withinMs: number): void {
    clearTimeout(this.#retry);
    this.#server.close();
    for (const client of this.#clients) {
      client.end();
      setTimeout(() => client.destroy(), withinMs).unref();
    }
  }
}
