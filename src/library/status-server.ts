/** The status page for a learner that a program of its own feeds. */
import { randomBytes } from "node:crypto";
import { RivuletError } from "../errors/errors.ts";
import { Ensemble } from "../learner/ensemble.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import { shownClasses } from "../learner/target.ts";
import { residentBytes } from "../machine/resident-memory.ts";
import { rivuletVersion } from "../machine/version.ts";
import type { CommandAnswer, ServerCounts, StatusDocument } from "../status/document.ts";
import { History } from "../status/history.ts";
import { createRateMeter } from "../status/sample-rate.ts";
import { StatusServer } from "../status/server.ts";
import { formatAddress, isLoopback, type ListenAddress, parseAddress } from "../wording/address.ts";

/** Time between two points of the curves, in milliseconds. */
const historyEveryMs = 10_000;
const shortestToken = 22;

export interface StatusServerSettings {
  /** Address and port, 0 for a free one. Default `127.0.0.1:8787`. */
  listen?: string;
  /** What the page calls it. Default `learner`. */
  name?: string;
  /**
   * Whoever sends a command must know it, and whoever reads where others can reach the address. Default: a random one;
   * required, with 22 characters or more, for any address but a loopback one.
   */
  token?: string;
  /** Further names under which this machine is addressed. */
  names?: readonly string[];
  /** Parts of the state that only the program knows, such as `source` or `problems`, each time that somebody looks. */
  more?: () => Partial<StatusDocument>;
  /** Commands by the last part of their path, such as `pause`, each given the body of its request. */
  commands?: Readonly<Record<string, (body: string) => CommandAnswer | Promise<CommandAnswer>>>;
}

/** A status server that runs. */
export interface RunningStatusServer {
  /** Where the page is. */
  url: string;
  token: string;
  close(): void;
}

/**
 * Serves the status of a learner as `rivulet run` does: page, `/status.json`, `/metrics`, `/events`, `/healthz`, and the
 * commands that are given. Everything is bounded, and a failure here never ends the program.
 *
 * @throws RivuletError (rejects) where the address is not valid, needs a token, or cannot be used, as another program has it
 *
 * @example
 * import assert from "node:assert/strict";
 * import { createLearner, startStatusServer } from "rivulet";
 *
 * const learner = createLearner({ fields: ["x", "y"], target: { column: "y" } });
 * const server = await startStatusServer(learner, { listen: "127.0.0.1:0", name: "pump" });
 * for (let i = 0; i < 100; i++) learner.observe(Float64Array.of(i % 7, 2 * (i % 7)), 0);
 * const status = await (await fetch(`${server.url}status.json`)).json();
 * assert.equal(status.name, "pump");
 * assert.equal(status.training.samplesSeen, 100);
 * server.close();
 */
export async function startStatusServer(
  learner: PrequentialLearner,
  {
    listen = "127.0.0.1:8787",
    name = "learner",
    names = [],
    more,
    commands = {},
    ...given
  }: StatusServerSettings = {},
): Promise<RunningStatusServer> {
  const address = addressOf(listen, given.token);
  const token = given.token ?? randomBytes(16).toString("base64url");
  const history = new History(learner);
  const view = { learner, name, version: rivuletVersion(), rateNow: createRateMeter(seenBy(learner)) };
  const server = new StatusServer({
    ...{ listen: address, token, names, report: () => {} },
    watched: {
      document: (counts) => ({ ...documentOf(view, counts), ...more?.() }),
      history: (ring) => history.columns(ring, Date.now()),
      commands,
    },
  });
  await server.start();
  if (server.failure !== null) {
    server.close();
    throw new RivuletError("status.listen", `${server.failure}; name another address as listen`);
  }
  let at = performance.now();
  const advance = () => {
    const now = performance.now();
    history.advance(Date.now(), now - at, driftsOf(learner), 0);
    at = now;
  };
  advance();
  const timer = setInterval(advance, historyEveryMs);
  return {
    url: `http://${formatAddress(server.address)}/`,
    token,
    close() {
      clearInterval(timer);
      server.close();
    },
  };
}

/** The address to listen at, which others can reach only with a token that nobody guesses. */
function addressOf(listen: string, token = ""): ListenAddress {
  const address = parseAddress(listen);
  if (address === null) {
    throw new RivuletError(
      "argument.bad-value",
      `found "${listen}" as listen, expected an address of this machine and a port, such as 127.0.0.1:8787`,
    );
  }
  if (!isLoopback(address.host) && token.length < shortestToken) {
    throw new RivuletError(
      "argument.bad-value",
      `others can reach ${listen}, expected a token of at least ${shortestToken} characters; give one, or listen at 127.0.0.1`,
    );
  }
  return address;
}

const driftsOf = (learner: PrequentialLearner) =>
  "driftAlarms" in learner ? (learner.driftAlarms as number) : 0;

const seenBy = ({ samplesSeen, unlabelled }: PrequentialLearner) => samplesSeen + unlabelled;

interface View {
  learner: PrequentialLearner;
  name: string;
  version: string;
  rateNow: (samples: number) => number;
}

/** What a learner shows of itself; of its source, files and device nothing is known. */
function documentOf({ learner, name, version, rateNow }: View, server: ServerCounts): StatusDocument {
  const { target } = learner.describe();
  const { samplesSeen, unlabelled, unanswered, refusals, counts } = learner;
  const isBegun = seenBy(learner) > 0;
  return {
    ...{ name, version, time: new Date().toISOString(), uptimeSeconds: Math.round(process.uptime()) },
    health: samplesSeen > 0 ? "learning" : isBegun ? "predicting" : "waiting",
    reason: isBegun ? `${samplesSeen} samples were learned from` : "no sample has come yet",
    problems: [],
    target: { column: target.column, classes: shownClasses(learner) },
    anomaly: null,
    source: { place: "a program", state: "open", losses: 0, failures: 0, bytes: 0 },
    samples: {
      learned: samplesSeen,
      perSecond: rateNow(seenBy(learner)),
      declaredPerSecond: null,
      ...{ missing: 0, damaged: 0, rejected: refusals.notFinite + refusals.badLabel },
      ...{ unlabelled, passedInPause: 0, unmatched: 0, dropped: 0, unanswered },
    },
    clock: null,
    training: {
      samplesSeen,
      updates: counts.updates,
      skippedSteps: counts.skipped,
      loss: counts.loss,
      drifts: driftsOf(learner),
      ...{ paused: false, loweredEffort: null },
    },
    scores: learner.report() as StatusDocument["scores"],
    fields: fieldsOf(learner),
    memory: { residentBytes: residentBytes(), arenaBytes: learner.memory.bytes },
    checkpoint: { directory: "", saved: 0, bytes: 0, path: null, ageSeconds: null },
    sync: null,
    model: null,
    replies: { sent: 0, dropped: 0 },
    labels: null,
    outputs: [],
    server: { ...server },
    recent: [],
  };
}

function fieldsOf(learner: PrequentialLearner): StatusDocument["fields"] {
  const { fields, target } = learner.describe();
  const importance = learner instanceof Ensemble ? learner.importance() : null;
  const inputs = fields.filter((name) => name !== target.column);
  return fields.map((name) => ({
    ...{ name, isTarget: name === target.column, range: null },
    ...{ latest: null, mean: null, deviation: null, minimum: null, maximum: null },
    ...{ notFinite: 0, outOfRange: 0, stuck: 0 },
    importance:
      importance?.length === inputs.length && name !== target.column
        ? importance[inputs.indexOf(name)]
        : null,
  }));
}
