/** Connections by TLS, apart from the others: most boards speak to a host in their own network, and TLS takes a megabyte. */
import https from "node:https";
import type { Socket } from "node:net";
import tls from "node:tls";
import { RivuletError } from "../../errors/errors.ts";

/**
 * Creates the agent for connections by TLS.
 * @param fingerprint SHA-256 of the certificate that the host must show; null: one of a known authority
 */
export const createSecureAgent = (options: https.AgentOptions, fingerprint: string | null): https.Agent =>
  fingerprint === null ? new https.Agent(options) : new PinnedAgent(options, fingerprint);

/** Connects only to the host that shows one certificate, whoever issued it and whatever the clock says. */
class PinnedAgent extends https.Agent {
  readonly #fingerprint: string;

  constructor(options: https.AgentOptions, fingerprint: string) {
    super({ ...options, maxCachedSessions: 0 });
    this.#fingerprint = fingerprint;
  }

  override createConnection(
    options: tls.ConnectionOptions,
    done?: (error: Error | null, socket: Socket) => void,
  ): undefined {
    const servername = options.servername === "" ? undefined : options.servername;
    const socket = tls.connect({ ...options, servername, rejectUnauthorized: false });
    const fail = (error: Error) => done?.(error, socket);
    socket.once("error", fail);
    socket.once("secureConnect", () => {
      const found = socket.getPeerCertificate().fingerprint256?.replaceAll(":", "").toLowerCase() ?? "none";
      socket.off("error", fail);
      if (found === this.#fingerprint) {
        done?.(null, socket);
        return;
      }
      socket.destroy();
      fail(
        new RivuletError(
          "sync.certificate",
          `the host shows the certificate ${found}, expected the pinned ${this.#fingerprint}; if the host has a new one, put its fingerprint into sync.fingerprint`,
        ),
      );
    });
    return undefined;
  }
}
