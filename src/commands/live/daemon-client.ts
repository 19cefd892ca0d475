/** Asks the status server of a running daemon, for the commands that attach to one. */
import { type IncomingMessage, request } from "node:http";
import type { Config } from "../../config/config.ts";
import { RivuletError } from "../../errors/errors.ts";
import { reasonOf } from "../../errors/system-error.ts";
import { tokenIn } from "../../status/token.ts";
import { formatAddress } from "../../wording/address.ts";

/** Addresses that mean every interface are no addresses to connect to. */
const everywhere: Record<string, string> = { "0.0.0.0": "127.0.0.1", "::": "::1" };
const longestAnswerMs = 10_000;
/** The history of a month is less, with all that is known of 100 fields. */
const mostAnswerBytes = 16 << 20;
const mostEventLength = 1 << 20;

/** What the daemon says to a command. */
export interface Told {
  done: boolean;
  text: string;
}

export interface DaemonClient {
  /** Host and port at which the daemon is asked. */
  address: string;
  /** Where the page of the daemon is. */
  url: string;
  token: string | null;
  /** Sends a request and returns the answer once its headers have come. */
  open(path: string, post?: { body: string }): Promise<IncomingMessage>;
  /** The answer as JSON. @throws RivuletError with what the daemon says where it refuses, or where no daemon answers */
  json(path: string, post?: { body: string }): Promise<object>;
  /** What the daemon says to a command. @throws RivuletError as `json` */
  tell(path: string, body: object): Promise<Told>;
}

/**
 * A client of the daemon that runs with a config.
 * @throws RivuletError with the lines to add where the config has no status
 */
export function clientOf({ file, status }: Config): DaemonClient {
  if (status === null) {
    throw new RivuletError(
      "status.missing",
      `${file} has no status, so its daemon cannot be reached; add the line status: { listen: 127.0.0.1:8787 } and start the daemon again`,
      { file },
    );
  }
  const { host, port } = status.listen;
  const address = formatAddress({ host: everywhere[host] ?? host, port });
  const url = `http://${address}/`;
  const { tokenFile } = status;
  const token = tokenIn(tokenFile);
  const open = (path: string, post?: { body: string }) => send(url + path, token, post);
  async function json(path: string, post?: { body: string }): Promise<object> {
    const response = await open(path, post);
    if (response.statusCode === 401) {
      response.destroy();
      throw refused(tokenFile, token);
    }
    const answer = await answerOf(response, address);
    if (!("error" in answer)) return answer;
    throw new RivuletError("status.refused", `the daemon at ${url} refuses: ${String(answer.error)}`);
  }
  return {
    address,
    url,
    token,
    open,
    json,
    tell: async (path, body) => toldIn(await json(path, { body: JSON.stringify(body) }), address),
  };
}

/** Another program may have the address. */
export const noDaemon = (address: string, found: string): RivuletError =>
  new RivuletError(
    "status.unreachable",
    `found ${found} at ${address}, expected a daemon of Rivulet; check that rivulet run is running and that status.listen is its address`,
  );

/** Reads what a daemon answered to a command. @throws RivuletError where it is not what a daemon says to a command */
export function toldIn(answer: object, address: string): Told {
  const { done, text } = answer as Partial<Told>;
  if (typeof done === "boolean" && typeof text === "string") return { ...answer, done, text };
  throw noDaemon(address, "an answer without done and text");
}

/** The whole answer, which must be a JSON object. @throws RivuletError where it is not, or is too large or too slow */
export async function answerOf(response: IncomingMessage, address: string): Promise<object> {
  const text = await textOf(response, address);
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {}
  if (typeof answer === "object" && answer !== null && !Array.isArray(answer)) return answer;
  throw noDaemon(address, "no JSON object");
}

function refused(tokenFile: string, token: string | null): RivuletError {
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

async function textOf(response: IncomingMessage, address: string): Promise<string> {
  let text = "";
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    response.destroy();
  }, longestAnswerMs);
  response.setEncoding("utf8");
  try {
    for await (const chunk of response) {
      text += chunk;
      if (text.length > mostAnswerBytes) throw noDaemon(address, `more than ${mostAnswerBytes} bytes`);
    }
  } catch (error) {
    if (error instanceof RivuletError) throw error;
    throw noDaemon(address, late ? "an answer that does not end within 10 s" : "an answer that breaks off");
  } finally {
    clearTimeout(timer);
    response.destroy();
  }
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
    if (rest.length > mostEventLength)
      throw noDaemon("its address", `an event of more than ${mostEventLength} bytes`);
    for (const block of blocks) {
      const lines = block.split("\n");
      const fieldOf = (key: string) => lines.find((line) => line.startsWith(key))?.slice(key.length);
      const [kind, data] = [fieldOf("event: "), fieldOf("data: ")];
      if (kind !== undefined && data !== undefined) yield { kind, data };
    }
  }
}
