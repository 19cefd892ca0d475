/** Asks the status server of a running daemon, for the commands that attach to one. */
import { type IncomingMessage, request } from "node:http";
import type { Config } from "../../config/config.ts";
import type { StatusConfig } from "../../config/status-config.ts";
import { RivuletError } from "../../errors/errors.ts";
import { reasonOf } from "../../errors/system-error.ts";
import { tokenIn } from "../../status/token.ts";
import { formatAddress } from "../../wording/address.ts";

/** Addresses that mean every interface are no addresses to connect to. */
const everywhere: Record<string, string> = { "0.0.0.0": "127.0.0.1", "::": "::1" };
const longestAnswerMs = 10_000;

export interface DaemonClient {
  /** Host and port at which the daemon is asked. */
  address: string;
  /** Where the page of the daemon is. */
  url: string;
  token: string | null;
  /** Sends a request and returns the answer once its headers have come. */
  open(path: string, post?: { body: string }): Promise<IncomingMessage>;
  /** The answer as JSON. @throws RivuletError with what the daemon says where it refuses */
  json<Answer>(path: string, post?: { body: string }): Promise<Answer>;
}

/**
 * A client of the daemon that runs with a config.
 * @throws RivuletError with the lines to add where the config has no status
 */
export function clientOf({ file, status }: Config): DaemonClient {
  if (status === null) {
    throw new RivuletError(
      "status.missing",
      `${file} has no status, so its daemon cannot be asked; add the line status: { listen: 127.0.0.1:8787 } and start the daemon again`,
      { file },
    );
  }
  const { host, port } = status.listen;
  const address = formatAddress({ host: everywhere[host] ?? host, port });
  const url = `http://${address}/`;
  const token = tokenIn(status.tokenFile);
  const open = (path: string, post?: { body: string }) => send(url + path, token, post);
  return {
    address,
    url,
    token,
    open,
    async json<Answer>(path: string, post?: { body: string }) {
      const response = await open(path, post);
      const text = await textOf(response);
      if (response.statusCode === 401) throw refused(status, token);
      const answer = JSON.parse(text) as Answer & { error?: string };
      if (answer.error === undefined) return answer;
      throw new RivuletError("status.refused", `the daemon at ${url} refuses: ${answer.error}`);
    },
  };
}

function refused({ tokenFile }: StatusConfig, token: string | null): RivuletError {
  const why = token === null ? "cannot be read by this user" : "is not that of the daemon";
  return new RivuletError(
    "status.refused",
    `the token in ${tokenFile} ${why}; run the command as the user of the daemon, such as with sudo`,
  );
}

function send(url: string, token: string | null, post?: { body: string }): Promise<IncomingMessage> {
  const authorization = token === null ? {} : { Authorization: `Bearer ${token}` };
  const headers =
    post === undefined ? authorization : { ...authorization, "Content-Type": "application/json" };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: post === undefined ? "GET" : "POST", headers }, (response) => {
      clearTimeout(late);
      resolve(response);
    });
    const late = setTimeout(() => sent.destroy(new Error("no answer within 10 s")), longestAnswerMs);
    sent.on("error", (error) => {
      clearTimeout(late);
      const sentence = `cannot reach the daemon at ${url}: ${reasonOf(error)}; see whether it runs, with the same config`;
      reject(new RivuletError("status.unreachable", sentence, { cause: error }));
    });
    sent.end(post?.body);
  });
}

/** The whole answer. */
export async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  response.setEncoding("utf8");
  for await (const chunk of response) text += chunk;
  return text;
}

/** A server-sent event. */
interface NamedEvent {
  kind: string;
  data: string;
}

/** The server-sent events of a response. */
export async function* eventsOf(response: IncomingMessage): AsyncGenerator<NamedEvent> {
  let rest = "";
  response.setEncoding("utf8");
  for await (const chunk of response) {
    const blocks = (rest + chunk).split("\n\n");
    rest = blocks.pop() as string;
    for (const block of blocks) {
      const lines = block.split("\n");
      const fieldOf = (key: string) => lines.find((line) => line.startsWith(key))?.slice(key.length);
      const [kind, data] = [fieldOf("event: "), fieldOf("data: ")];
      if (kind !== undefined && data !== undefined) yield { kind, data };
    }
  }
}
