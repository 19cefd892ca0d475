/** The list of facts at the foot of the page: counts, memory, checkpoints, and what is sent where. */
import { clockText } from "../samples/sample-clock.ts";
import type { StatusDocument, SyncDocument } from "../status/document.ts";
import { formatDuration, formatSize } from "../wording/quantities.ts";
import { element, fill } from "./elements.ts";
import { count, measured, unknown } from "./numbers.ts";

/** A name, and what is said of it. */
type Fact = [name: string, text: string];

/** Counts, memory and checkpoints. */
export function drawFacts(status: StatusDocument): void {
  const facts = [
    ...sampleFacts(status),
    ...learningFacts(status),
    ...keptFacts(status),
    ...sentFacts(status),
  ];
  fill("facts", ...facts.flatMap(([name, text]) => [element("dt", "", name), element("dd", "", text)]));
}

const fact = (name: string, text: string): Fact => [name, text];

/** The fact where there is something to say; otherwise none. */
const factIf = (isShown: boolean, name: string, text: string): Fact[] => (isShown ? [[name, text]] : []);

const times = (number: number) => (number === 1 ? "once" : `${count(number)} times`);

/** When the host was last reached, and what it has. */
function syncText({ ageSeconds, sent, waiting, dropped }: SyncDocument): string {
  const last = ageSeconds === null ? "not reached yet" : `reached ${formatDuration(1000 * ageSeconds)} ago`;
  const lost = dropped === 0 ? "" : `, ${count(dropped)} deleted unsent`;
  return `${last}; ${count(sent)} checkpoints sent, ${count(waiting)} waiting${lost}`;
}

function sampleFacts({ samples, training, source, clock }: StatusDocument): Fact[] {
  const losses = [
    [samples.missing, "lost"],
    [samples.damaged, "damaged"],
    [samples.rejected, "rejected"],
    [samples.unmatched, "unmatched"],
    [samples.dropped, "dropped"],
    [training.skippedSteps, "steps skipped"],
  ].flatMap(([number, name]) => (number === 0 ? [] : [`${count(number as number)} ${name}`]));
  const { unlabelled, passedInPause } = samples;
  const lost = source.losses > 0 ? `, lost ${times(source.losses)}` : "";
  return [
    ["source", `${source.place}: ${source.state}${lost}`],
    ["samples", `${count(samples.learned)} learned, ${measured(samples.perSecond)} a second`],
    ["not learned", losses.length === 0 ? "none lost" : losses.join(", ")],
    ...(clock === null ? [] : [fact("clock of the device", clockText(clock) ?? "nothing wrong")]),
    ...factIf(unlabelled > 0, "without target", `${count(unlabelled)}, predicted only`),
    ...factIf(passedInPause > 0, "in a pause", `${count(passedInPause)}, predicted only`),
  ];
}

function learningFacts({ training, target }: StatusDocument): Fact[] {
  const hasTarget = target !== null;
  return [
    ["in all", `${count(training.samplesSeen)} samples since learning began`],
    ...factIf(hasTarget, "loss", training.updates > 0 ? measured(training.loss) : unknown),
    ...factIf(hasTarget, "drifts", count(training.drifts)),
  ];
}

function keptFacts({ memory, checkpoint, sync }: StatusDocument): Fact[] {
  const { ageSeconds, saved, bytes, directory } = checkpoint;
  const planned = memory.arenaBytes === 0 ? "" : `, ${formatSize(memory.arenaBytes)} planned for the learner`;
  const newest =
    ageSeconds === null
      ? "none yet"
      : `${formatDuration(1000 * ageSeconds)} ago, ${saved} saved (${formatSize(bytes)})`;
  return [
    ["memory", `${formatSize(memory.residentBytes)} resident${planned}`],
    ["checkpoint", newest],
    ["kept in", directory],
    ...(sync === null ? [] : [fact("host", syncText(sync))]),
  ];
}

function sentFacts({ replies, labels, outputs, server }: StatusDocument): Fact[] {
  const labelled = Object.entries(labels ?? {})
    .filter(([, number]) => number > 0)
    .map(([outcome, number]) => `${count(number)} ${outcome}`);
  const answered = `${count(replies.sent)} sent, ${count(replies.dropped)} dropped`;
  const pages = `${server.watching} ${server.watching === 1 ? "page" : "pages"}`;
  return [
    ...factIf(replies.sent + replies.dropped > 0, "replies", answered),
    ...factIf(labelled.length > 0, "late labels", labelled.join(", ")),
    ...outputs.flatMap(({ name, sent, dropped }) => {
      const lost = dropped > 0 ? `, ${count(dropped)} dropped` : "";
      return factIf(sent + dropped > 0, `to ${name}`, `${count(sent)} predictions${lost}`);
    }),
    ["watching", `${pages}, ${count(server.refused)} requests refused`],
  ];
}
