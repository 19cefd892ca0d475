/**
 * Kills `rivulet run` at random moments of its start, its work and its saves. The next one must continue from the newest
 * checkpoint that was saved, and answer each row as a daemon does that nobody killed.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { listCheckpoints } from "../../../src/checkpoint/checkpoint-names.ts";
import { type Checkpoint, decodeCheckpoint } from "../../../src/checkpoint/format.ts";
import { RivuletError } from "../../../src/errors/errors.ts";
import { playRecording } from "../../../src/recording/play.ts";
import { freePort } from "../../../test/free-port.ts";
import { type Card, duringWrite, isUnfinished } from "./killing.ts";
import { LiveDaemon, makeStream, rowsBetween, takenBy } from "./live-daemon.ts";
import { openQueue } from "./queue.ts";
import { learnedColumns, serialWire, standardInputWire, tcpWire, type Wire } from "./wires.ts";

export interface KillTally {
  kills: number;
  /** Kills that left a file half written. */
  halfway: number;
  saves: number;
  /** Rows that were answered, by one process or by several. */
  rows: number;
  faults: string[];
}

/** A kind of daemon to kill. */
interface Kind {
  name: string;
  wire(folder: string): Wire | Promise<Wire>;
  hasLateLabels: boolean;
  /** Whether its checkpoints are sent to a host meanwhile, by processes that are killed as well. */
  isSynced?: boolean;
  learning: object;
}

const lags = { lags: { of: ["a"], at: [1, 2] } };
const kinds: Kind[] = [
  {
    name: "stdin",
    wire: standardInputWire,
    hasLateLabels: true,
    isSynced: true,
    learning: {
      target: { column: "label", classes: 3 },
      features: [lags, "standardize"],
      labels: { keep: "1d", samples: 128 },
      anomaly: { alarmsPerWeek: 50 },
    },
  },
  {
    name: "tcp",
    wire: tcpWire,
    hasLateLabels: false,
    learning: {
      target: { column: "label", classes: 3 },
      model: { layers: [{ dense: 8 }, "tanh", "dense"], optimizer: { adam: {} } },
      training: { batchSize: 4 },
    },
  },
  {
    name: "serial",
    wire: serialWire,
    hasLateLabels: false,
    learning: { target: { column: "label" }, training: { effort: "normal" } },
  },
];

/** Rows for each kill at most, so that the last process has learned from as many. */
const rowsForKill = 6 * rowsBetween;
const longestStartMs = 500;
const longestWorkMs = 300;
/** Changes of a file that is being saved, some of which belong to one save: the kill comes within the first ones. */
const mostChanges = 40;

/** Kills daemons of each kind in turn. @param card on what they write */
export async function killDaemons(kills: number, card: Card | "mixed"): Promise<KillTally> {
  const tallies: KillTally[] = [];
  for (const [index, kind] of kinds.entries()) {
    const share = Math.floor((kills + kinds.length - 1 - index) / kinds.length);
    if (share > 0) tallies.push(await killKind(kind, share, card));
  }
  return sumOf(tallies);
}

/** Kills daemons that rename nothing while they write, as few as show whether that is found. */
export const killCareless = (kills: number) => killKind(kinds[0], kills, "careless");

export function sumOf(tallies: readonly KillTally[]): KillTally {
  const sum = { kills: 0, halfway: 0, saves: 0, rows: 0, faults: [] as string[] };
  for (const { kills, halfway, saves, rows, faults } of tallies) {
    sum.kills += kills;
    sum.halfway += halfway;
    sum.saves += saves;
    sum.rows += rows;
    sum.faults.push(...faults);
  }
  return sum;
}

async function killKind(kind: Kind, kills: number, card: Card | "mixed"): Promise<KillTally> {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-kill-"));
  const wire = await kind.wire(folder);
  const tally: KillTally = { kills: 0, halfway: 0, saves: 0, rows: 0, faults: [] };
  const fault = (text: string) => tally.faults.push(`${kind.name}, kill ${tally.kills}: ${text}`);
  const subject = await prepare(folder, kind, wire);
  const answers = new Answers(fault);
  try {
    for (; tally.kills < kills; tally.kills++) {
      const on = card === "mixed" ? (tally.kills % 2 === 0 ? "slow" : "plain") : card;
      const daemon = subject.start(on);
      const sending = tally.kills % 3 === 2 ? subject.queue?.send(on) : undefined;
      await killAtRandom(daemon, subject, tally.kills);
      if (tally.kills % 2 === 0) sending?.child.kill("SIGKILL");
      await sending?.ended;
      const { saves, isHalfway } = subject.inspect(daemon, fault);
      tally.saves += saves;
      if (isHalfway) tally.halfway++;
      answers.take(daemon);
    }
    // Nothing more is to be known of a program that is careless.
    if (card === "careless") return tally;
    const end = answers.last - (answers.last % rowsBetween) + 2 * rowsBetween;
    const survivor = await subject.finish(end, fault);
    answers.take(survivor);
    await subject.checkRecordings(fault);
    await subject.queue?.check(subject.newest()?.sequence ?? 0, fault);
    const undisturbed = join(folder, "undisturbed");
    mkdirSync(undisturbed);
    const other = await prepare(undisturbed, kind, wire);
    const whole = await other.finish(end, fault);
    await other.queue?.close();
    answers.compare(whole.predictions, end);
    if (!areEqual(subject.newest()?.checkpoint, other.newest()?.checkpoint))
      fault("the learner is not that of a daemon that nobody killed");
    tally.rows = end;
    return tally;
  } finally {
    wire.close();
    await subject.queue?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What daemons have answered to each row. */
class Answers {
  last = 0;
  readonly #known = new Map<number, string>();
  readonly #fault: (text: string) => void;

  constructor(fault: (text: string) => void) {
    this.#fault = fault;
  }

  take({ predictions }: LiveDaemon): void {
    for (const [number, answer] of predictions) {
      const known = this.#known.get(number);
      if (known !== undefined && known !== answer)
        this.#fault(`row ${number} is answered ${answer}, and was answered ${known} before a kill`);
      this.#known.set(number, answer);
      this.last = Math.max(this.last, number);
    }
  }

  compare(whole: ReadonlyMap<number, string>, rows: number): void {
    for (let number = 1; number <= rows; number++) {
      if (this.#known.get(number) === whole.get(number) && whole.has(number)) continue;
      this.#fault(`row ${number} is answered ${this.#known.get(number)}, without kills ${whole.get(number)}`);
      return;
    }
  }
}

/** The folder of a daemon, and what is known of it from outside. */
async function prepare(folder: string, { learning, hasLateLabels, isSynced, name }: Kind, wire: Wire) {
  const saved = join(folder, "saved");
  mkdirSync(saved);
  const queue = isSynced ? await openQueue(folder) : null;
  const stream = makeStream(hasLateLabels);
  const port = await freePort();
  const config = {
    name,
    source: wire.source,
    ...learning,
    status: { listen: `127.0.0.1:${port}` },
    predictions: { stdout: true },
    checkpoint: { directory: "saved", every: "60ms", keep: 3 },
    ...(queue && { sync: queue.config }),
  };
  writeFileSync(join(folder, "c.yaml"), JSON.stringify(config));
  const start = (card: Card) => new LiveDaemon(folder, wire, stream, port, card);
  const newest = () => newestIn(saved);
  return {
    saved,
    start,
    newest,
    queue,
    /** Looks at what the kill left, and whether the daemon had begun with what was there before. */
    inspect(daemon: LiveDaemon, fault: (text: string) => void) {
      for (const complaint of daemon.complaints) fault(`it said: ${complaint}`);
      const before = daemon.resumedFrom === undefined ? undefined : sequenceOf(daemon.resumedFrom);
      const after = newestIn(saved, fault);
      if (before !== undefined && (after?.sequence ?? 0) < before + daemon.saved)
        fault(`checkpoint ${before + daemon.saved} was saved, and ${after?.sequence} is the newest`);
      const isHalfway = readdirSync(saved).some(isUnfinished);
      return { saves: daemon.saved, isHalfway };
    },
    /** Lets a daemon go on to the given row and end by itself. */
    async finish(rows: number, fault: (text: string) => void): Promise<LiveDaemon> {
      const daemon = start("plain");
      await feedOn(daemon, newest(), rows, fault);
      daemon.running.child.kill("SIGTERM");
      if ((await daemon.running.ended) !== 0) fault(`the last daemon failed: ${daemon.running.printed()}`);
      for (const complaint of daemon.complaints) fault(`the last daemon said: ${complaint}`);
      const left = readdirSync(saved).filter((file) => isUnfinished(file) || file === "lock");
      if (left.length > 0) fault(`the last daemon left ${left.join(", ")}`);
      return daemon;
    },
    checkRecordings: (fault: (text: string) => void) => checkRecordings(folder, stream, fault),
  };
}

type Subject = Awaited<ReturnType<typeof prepare>>;

/** Whether each recording holds rows that were sent, in their order. */
async function checkRecordings(
  folder: string,
  stream: ReturnType<typeof makeStream>,
  fault: (text: string) => void,
): Promise<void> {
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".rec"))) {
    let isFitting = true;
    const visit = (values: Float64Array, offset: number, _: number, number: number) => {
      const row = stream.row(number - 1);
      const sent = learnedColumns.map((column) => row[column]);
      isFitting &&= sent.every((value, column) => Object.is(values[offset + column], value));
    };
    try {
      const { damaged } = await playRecording(join(folder, file), visit);
      if (damaged > 0 || !isFitting) fault(`${file} holds what was not sent`);
    } catch (error) {
      // Killed before its header was written.
      if (!(error instanceof RivuletError)) throw error;
    }
  }
}

const sequenceOf = (path: string | null) => (path === null ? 0 : Number(/(\d+)\.msgpack$/.exec(path)?.[1]));

/** The newest checkpoint of a folder; each must be whole: a process was killed, and no power was cut. */
function newestIn(folder: string, fault: (text: string) => void = () => {}) {
  let newest: { sequence: number; checkpoint: Checkpoint; path: string } | undefined;
  for (const { path, sequence } of listCheckpoints(folder)) {
    try {
      newest = { sequence, path, checkpoint: decodeCheckpoint(readFileSync(path), path) };
    } catch (error) {
      fault(`half a file is visible: ${(error as Error).message}`);
    }
  }
  return newest;
}

/** Feeds a daemon from the row that follows the newest checkpoint, from which it must continue. */
async function feedOn(
  daemon: LiveDaemon,
  newest: ReturnType<typeof newestIn>,
  rows: number,
  fault: (text: string) => void,
): Promise<void> {
  await daemon.until(() => daemon.resumedFrom !== undefined);
  if (daemon.resumedFrom === undefined) return;
  if (daemon.resumedFrom !== (newest?.path ?? null))
    fault(`it continues from ${daemon.resumedFrom}, and ${newest?.path} is the newest`);
  await daemon.feed(takenBy(newest?.checkpoint), rows);
}

/** Kills a daemon: in turn in its start, at its work, and twice while it writes a checkpoint. */
async function killAtRandom(daemon: LiveDaemon, subject: Subject, turn: number): Promise<void> {
  const newest = subject.newest();
  const faults: string[] = [];
  const rows = takenBy(newest?.checkpoint) + rowsForKill;
  const fed = feedOn(daemon, newest, rows, (text) => faults.push(text));
  if (turn % 4 === 0) await pause(Math.random() * longestStartMs);
  else {
    await daemon.until(() => daemon.isOpen);
    const isOfCheckpoint = (name: string) => /^checkpoint-\d+\.msgpack/.test(name);
    const atWork = pause(Math.random() * longestWorkMs);
    if (turn % 4 === 1) await atWork;
    else {
      await duringWrite(subject.saved, isOfCheckpoint, 1 + Math.floor(mostChanges * Math.random()));
    }
  }
  daemon.running.child.kill("SIGKILL");
  await daemon.running.ended;
  await fed;
  daemon.complaints.push(...faults);
}

/** Whether two daemons have learned the same; times of the process and of saving are left out. */
function areEqual(one: Checkpoint | undefined, other: Checkpoint | undefined): boolean {
  return one !== undefined && other !== undefined && isDeepStrictEqual(lasting(one), lasting(other));
}

function lasting({ createdAt: _, status: __, history: ___, daemonState, ...learner }: Checkpoint): object {
  return { ...learner, taken: takenBy({ daemonState } as Checkpoint) };
}
