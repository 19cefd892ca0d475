/** The status server of a daemon, and the commands that it takes. */
import { RivuletError } from "../errors/errors.ts";
import type { CommandAnswer } from "../status/document.ts";
import type { StatusServer } from "../status/server.ts";
import { readToken } from "../status/token.ts";
import { formatDuration, parseDuration } from "../wording/quantities.ts";
import type { LateLabels } from "./labels/late-labels.ts";
import { createStatusView, type Shown } from "./status-view.ts";

/** Time between two checks whether the daemon handles what it receives. */
const watchdogEveryMs = 10_000;

/** A server that runs, and what belongs to it. */
export interface StatusWatch {
  readonly server: StatusServer;
  close(): void;
}

/**
 * Starts the status server of a config, and loads its code only now.
 * @throws RivuletError where the token cannot be used
 */
export async function startStatus(shown: Shown): Promise<StatusWatch | null> {
  const { daemon, log } = shown;
  const { status: config } = daemon.config;
  if (config === null) return null;
  const token = readToken(config.tokenFile);
  const { StatusServer } = await import("../status/server.ts");
  const view = createStatusView(shown);
  const server = new StatusServer({
    ...config,
    token,
    watched: {
      document: view.document,
      history: (ring) => shown.history.columns(ring, Date.now()),
      commands: commandsOf(shown),
    },
    report: (text, problem) => log({ event: problem ? "status-problem" : "status-page", text, problem }),
  });
  const timer = setInterval(view.checkPulse, watchdogEveryMs);
  await server.start();
  return {
    server,
    close() {
      clearInterval(timer);
      server.close();
    },
  };
}

function commandsOf({
  path,
  saver,
  log,
}: Shown): Record<string, (body: string) => CommandAnswer | Promise<CommandAnswer>> {
  const pause = (isPaused: boolean): CommandAnswer => {
    const isNew = path.isPaused !== isPaused;
    path.isPaused = isPaused;
    const text = isPaused
      ? "learning is paused: samples are predicted, and not learned from"
      : "learning continues";
    if (isNew) log({ event: "pause", text, details: { paused: isPaused } });
    return { done: true, text, paused: isPaused };
  };
  return {
    pause(body) {
      const forMs = pauseTimeIn(body);
      if (forMs === null) return pause(true);
      if (Number.isNaN(forMs)) return { done: false, text: pauseTimeText };
      path.pauseFor(forMs);
      const text = `learning is paused for ${formatDuration(forMs)}: samples are predicted, and not learned from`;
      log({ event: "pause", text, details: { paused: true, forMs } });
      return { done: true, text, paused: true };
    },
    resume: () => pause(false),
    normal() {
      const { done, text } = path.takeAsNormal();
      return { done, text };
    },
    labels: (body) => takeLabels(path.stations.lateLabels, body),
    async checkpoint() {
      const isUnderWay = saver.isSaving;
      const saved = await saver.saveInPassing();
      const text =
        saved !== null ? `saved ${saved}` : isUnderWay ? "a save is under way" : "nothing new was saved";
      log({ event: "checkpoint", text: `checkpoint by request: ${text}`, details: { path: saved } });
      return { done: true, text, path: saved };
    },
  };
}

const pauseTimeText =
  'the body has no time that could be understood, expected {"for":"30min"}, a duration with its unit up to 24d; leave it out to pause until resume';

/** Milliseconds for which a request asks; null where it names no time, NaN where it cannot be understood. */
function pauseTimeIn(body: string): number | null {
  if (body.trim() === "") return null;
  let written: unknown;
  try {
    written = JSON.parse(body)?.for;
  } catch {
    return Number.NaN;
  }
  if (written === undefined) return null;
  return (typeof written === "string" && parseDuration(written)) || Number.NaN;
}

/** Joins the labels of a request to their samples; says why where one of them cannot be read. */
function takeLabels(labels: LateLabels | null, body: string): CommandAnswer {
  try {
    const outcome = labels?.post(body);
    if (outcome === undefined) return { done: false, text: "the config keeps no samples for labels" };
    const counts = Object.entries(outcome).filter(([, count]) => count > 0);
    return { done: true, text: counts.map(([name, count]) => `${count} ${name}`).join(", "), ...outcome };
  } catch (error) {
    if (!(error instanceof RivuletError)) throw error;
    return { done: false, text: error.message };
  }
}
