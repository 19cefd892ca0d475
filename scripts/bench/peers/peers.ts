/**
 * What one training step costs in Rivulet, in C, in PyTorch and in the JavaScript libraries: the same workloads in the
 * same run. Every subject is a process of its own that is asked for one timing per round, in turn, so that a drift of
 * the machine meets all alike.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Spread, spreadOf } from "../../../src/commands/bench/timing.ts";
import { type Workload, workloads } from "../../../src/commands/bench/workloads.ts";
import { type Conversation, converse } from "./conversation.ts";
import { installPackages } from "./install.ts";
import { type Command, type Site, type Subject, subjects, writeWorkload } from "./subjects.ts";
import { standingStill } from "./workloads.ts";

const rounds = 9;
const timingMs = 60;
/** Of a step from which a subject is slow, and measured in only a third of the rounds. */
const slowMs = 500;
const checkedSteps = 10;
/** Largest relative difference between the losses of two subjects after `checkedSteps` steps. */
const tolerance = 1e-4;

/** Of one subject on one workload: how long a step takes, in nanoseconds, or why there is no figure. */
interface Cell {
  nanoseconds: Spread | null;
  reason?: string;
  note?: string;
  /** After the checked steps from the common weights; left out where the subject has weights of its own. */
  loss?: number;
}

interface Row {
  id: string;
  workload: string;
  /** By the subject's id. */
  cells: Record<string, Cell>;
  /** Of medians, above 1 where Rivulet is slower; null where one of the two has none. */
  rivuletOverC: number | null;
  rivuletOverTorch: number | null;
  /** Above 1 where Rivulet is faster. */
  bestJavaScriptOverRivulet: number | null;
}

interface PeerFigures {
  node: string;
  processor: string;
  rounds: number;
  subjects: { id: string; name: string }[];
  rows: Row[];
}

/** Runs the benchmark with what stands behind its name on the command line. */
export async function benchPeers(flags: string[]): Promise<void> {
  const { values } = parseArgs({
    args: flags,
    options: { json: { type: "boolean" }, only: { type: "string" }, workloads: { type: "string" } },
  });
  const figures = await measure(
    chosen(values.only, subjects, ({ id }, word) => id === word || id.startsWith(`${word}-`)),
    chosen(values.workloads, workloads, ({ id }, word) => id === word),
  );
  if (values.json) console.log(JSON.stringify(figures, null, 2));
  else print(figures);
}

/** Those that a list such as "c,torch" names, or all. */
function chosen<Item extends { id: string }>(
  list: string | undefined,
  items: Item[],
  matches: (item: Item, word: string) => boolean,
): Item[] {
  if (list === undefined) return items;
  const words = list.split(",");
  const unknown = words.find((word) => !items.some((item) => matches(item, word)));
  if (unknown !== undefined) {
    throw new Error(`no "${unknown}" here; there are ${items.map(({ id }) => id).join(", ")}`);
  }
  return items.filter((item) => words.some((word) => matches(item, word)));
}

async function measure(contestants: Subject[], trained: Workload[]): Promise<PeerFigures> {
  const site: Site = { folder: await mkdtemp(join(tmpdir(), "rivulet-peers-")) };
  try {
    await installPackages(
      site.folder,
      contestants.flatMap(({ packages }) => packages),
    );
    const commands = new Map<Subject, Command | string>();
    for (const subject of contestants) commands.set(subject, await subject.prepare(site));
    const rows: Row[] = [];
    for (const workload of trained) {
      process.stderr.write(`${workload.id} ...\n`);
      rows.push(await measureWorkload(site, workload, commands));
    }
    return {
      node: process.version,
      processor: `${process.arch}, ${cpus()[0]?.model ?? "unknown"}`,
      rounds,
      subjects: contestants.map(({ id, name }) => ({ id, name })),
      rows,
    };
  } finally {
    await rm(site.folder, { recursive: true, force: true });
  }
}

async function measureWorkload(
  site: Site,
  workload: Workload,
  commands: Map<Subject, Command | string>,
): Promise<Row> {
  const cells: Record<string, Cell> = {};
  const startable: [Subject, Command][] = [];
  const timed = standingStill(workload);
  await writeWorkload(site, workload, "check");
  await writeWorkload(site, timed, "time");
  for (const [subject, command] of commands) {
    if (typeof command === "string") cells[subject.id] = { nanoseconds: null, reason: command };
    else startable.push([subject, command]);
  }
  for (const [{ id }, command] of startable) {
    const check = await converse(command(workload, "check"));
    cells[id] = { nanoseconds: null, reason: check.greeting.reason, note: check.greeting.note };
    if (check.greeting.ready) cells[id].loss = (await check.ask(checkedSteps)).loss;
    await check.close();
  }
  requireSameLosses(workload, cells);

  const running: ({ cell: Cell; conversation: Conversation; times: number[] } & Pace)[] = [];
  for (const [{ id }, command] of startable) {
    if (cells[id].reason !== undefined) continue;
    const conversation = await converse(command(timed, "time"));
    running.push({ cell: cells[id], conversation, ...(await pace(conversation)), times: [] });
  }
  for (let round = 0; round < rounds; round++) {
    for (const { conversation, steps, slow, times } of running) {
      if (slow && round % 3 > 0) continue;
      times.push((await conversation.ask(steps)).nanoseconds / steps);
    }
  }
  for (const { cell, conversation, times } of running) {
    cell.nanoseconds = spreadOf(times);
    await conversation.close();
  }
  return { id: workload.id, workload: workload.name, cells, ...ratios(cells) };
}

/** How much a subject is asked for. */
interface Pace {
  /** In one round: as many as take about `timingMs`. */
  steps: number;
  slow: boolean;
}

/** Doubling also warms the code up. */
async function pace(conversation: Conversation): Promise<Pace> {
  for (let steps = 1; ; steps *= 2) {
    const { nanoseconds } = await conversation.ask(steps);
    if (nanoseconds >= timingMs * 1e6) return { steps, slow: nanoseconds / steps >= slowMs * 1e6 };
  }
}

/** @throws where two subjects did not do the same arithmetic */
function requireSameLosses({ id }: Workload, cells: Record<string, Cell>): void {
  const known = Object.entries(cells).filter(([, { loss }]) => loss !== undefined);
  for (const [name, { loss }] of known) {
    const [firstName, first] = known[0];
    const difference = Math.abs(loss! - first.loss!) / Math.abs(first.loss!);
    if (!(difference <= tolerance)) {
      throw new Error(
        `${id}: after ${checkedSteps} steps from the same weights the loss is ${loss} in ${name} but ${first.loss} in ${firstName}`,
      );
    }
  }
}

const ours = ["rivulet-relaxed-simd", "rivulet-simd"];
const native = ["c", "c-fused", "torch"];

function ratios(
  cells: Record<string, Cell>,
): Pick<Row, "rivuletOverC" | "rivuletOverTorch" | "bestJavaScriptOverRivulet"> {
  const fastest = (ids: string[]) => {
    const medians = ids.flatMap((id) => cells[id]?.nanoseconds?.median ?? []);
    return medians.length > 0 ? Math.min(...medians) : null;
  };
  const quotient = (above: number | null, below: number | null) =>
    above === null || below === null ? null : above / below;
  const rivulet = fastest(ours);
  const javaScript = Object.keys(cells).filter((id) => !ours.includes(id) && !native.includes(id));
  return {
    rivuletOverC: quotient(rivulet, fastest(["c"])),
    rivuletOverTorch: quotient(rivulet, fastest(["torch"])),
    bestJavaScriptOverRivulet: quotient(fastest(javaScript), rivulet),
  };
}

/** A column for each workload, a line for each subject: there are more subjects than fit side by side. */
function print({ node, processor, rounds, subjects, rows }: PeerFigures): void {
  console.log(`Node ${node}, ${processor}.`);
  console.log(
    `Microseconds per training step: median of ${rounds} rounds in turn (smallest to largest), of ${rounds / 3} where a step is slow.`,
  );
  console.log("Repeat: npm run bench -- peers");
  console.log();
  for (const { id, workload } of rows) console.log(`${id}: ${workload}`);
  console.log();
  const line = (title: string, cells: string[]) =>
    console.log(title.padEnd(26) + cells.map((cell) => cell.padStart(30)).join(""));
  /** Workloads by what there is to say of them. */
  const notes = new Map<string, string[]>();
  line(
    "",
    rows.map(({ id }) => id),
  );
  for (const { id, name } of subjects) {
    line(
      name,
      rows.map(({ cells, id: workload }) => {
        const { nanoseconds, reason, note } = cells[id];
        const remark = reason ?? note;
        if (remark) {
          const text = `${name}: ${remark}`;
          notes.set(text, [...(notes.get(text) ?? []), workload]);
        }
        return nanoseconds ? microseconds(nanoseconds) : "-";
      }),
    );
  }
  console.log();
  const ratio = (value: number | null) => (value === null ? "-" : value.toFixed(2));
  line(
    "Rivulet / C",
    rows.map((row) => ratio(row.rivuletOverC)),
  );
  line(
    "Rivulet / PyTorch",
    rows.map((row) => ratio(row.rivuletOverTorch)),
  );
  line(
    "best JavaScript / Rivulet",
    rows.map((row) => ratio(row.bestJavaScriptOverRivulet)),
  );
  console.log();
  for (const [note, ids] of notes) console.log(`${note} (${ids.join(", ")})`);
}

function microseconds({ median, minimum, maximum }: Spread): string {
  const text = (nanoseconds: number) => Number((nanoseconds / 1000).toPrecision(3)).toString();
  return `${text(median)} (${text(minimum)} to ${text(maximum)})`;
}
