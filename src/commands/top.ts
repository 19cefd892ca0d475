import { loadConfig } from "../config/config.ts";
import { UsageError } from "../errors/errors.ts";
import type { StatusDocument } from "../status/document.ts";
import type { HistoryColumns } from "../status/history.ts";
import { formatDuration } from "../wording/quantities.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import { untilSignalled } from "./command-line/signals.ts";
import { clientOf, type DaemonClient, eventsOf, noDaemon } from "./live/daemon-client.ts";
import { courseScore, livePicture } from "./live/picture.ts";
import { LiveView } from "./live/view.ts";

/** Columns of the picture where there is no terminal. */
const usualWidth = 100;
const reconnectMs = 2000;
/** The daemon sends its state once a second. */
const everyMs = 1000;
const longestSilenceMs = 5000;

/** Shows a running daemon in the terminal until a signal; without a terminal it prints the state once. */
export async function run({ positionals: [file], switches, json }: Invocation): Promise<Report | null> {
  const client = clientOf(loadConfig(file));
  if (switches.has("link")) return link(client, file);
  const document = await statusOf(client);
  if (json || switches.has("once") || !process.stdout.isTTY) {
    const score = courseScore(document);
    const lines = livePicture(document, score === null ? [] : [score], usualWidth);
    return { data: { ...document }, text: process.stdout.isTTY ? lines.join("\n") : plain(lines.join("\n")) };
  }
  await watch(client, document);
  return null;
}

/** @throws RivuletError where what answers is no daemon */
async function statusOf(client: DaemonClient): Promise<StatusDocument> {
  const document = (await client.json("status.json")) as Partial<StatusDocument>;
  if (typeof document.name === "string" && Array.isArray(document.fields)) return document as StatusDocument;
  throw noDaemon(client.address, "a document without name and fields");
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a style begins with
const plain = (text: string) => text.replaceAll(/\u001b\[\d+m/g, "");

/** The address of the page with its token, for a browser. */
function link({ url, token }: DaemonClient, file: string): Report {
  if (token === null) {
    throw new UsageError(
      `--link needs the token of the daemon of ${file}, and this user cannot read it; use sudo`,
    );
  }
  const address = `${url}#token=${token}`;
  return { data: { url: address }, text: address };
}

async function watch(client: DaemonClient, first: StatusDocument): Promise<void> {
  const isSignalled = untilSignalled().then(() => true);
  const { score } = (await client.json("history.json?step=10s")) as Partial<HistoryColumns>;
  const view = new LiveView((score ?? []).filter((value) => value !== null));
  let heardAt = performance.now();
  const hear = (document: StatusDocument) => {
    heardAt = performance.now();
    view.show(document);
  };
  const silence = setInterval(() => {
    const silentMs = performance.now() - heardAt;
    if (silentMs >= longestSilenceMs)
      view.lost(`nothing heard from ${client.url} for ${formatDuration(silentMs)}, and it is asked again`);
  }, everyMs);
  hear(first);
  try {
    while (!(await Promise.race([isSignalled, follow(client, hear)]))) {
      await Promise.race([isSignalled, new Promise((resolve) => setTimeout(resolve, reconnectMs))]);
    }
  } finally {
    clearInterval(silence);
    view.close();
  }
  // What is still open must not keep the process.
  process.exit();
}

/** Hears what the daemon sends until it goes away. */
async function follow(client: DaemonClient, hear: (document: StatusDocument) => void): Promise<false> {
  try {
    for await (const { kind, data } of eventsOf(await client.open("events"))) {
      if (kind === "status") hear(JSON.parse(data) as StatusDocument);
    }
  } catch {} // it is gone, and asked again in a moment
  return false;
}
