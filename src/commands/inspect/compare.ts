/** What differs between two checkpoints: what they are of, how far they came, how well they do, how far weights moved. */
import type { Checkpoint, Tensor } from "../../checkpoint/format.ts";
import type { FoundCheckpoint } from "../../checkpoint/read-checkpoint.ts";
import { learnerFrom } from "../../continuing/learner-checkpoint.ts";
import { lossName } from "../../daemon/quality.ts";
import type { State } from "../../state.ts";
import type { Report } from "../command-line/command.ts";
import { facts, textTable } from "../terminal/text-table.ts";

/** A value that is another in the other checkpoint; null where one of them has none. */
export interface Difference {
  key: string;
  first: unknown;
  second: unknown;
}

/** How far the numbers of a tensor are apart; null where one has none of the name, or another shape. */
interface Moved {
  name: string;
  /** Root of the mean squared difference, and that beside the size of the first one's numbers. */
  distance: number | null;
  share: number | null;
}

/** Says what differs between two checkpoints. */
export function compareCheckpoints(first: FoundCheckpoint, second: FoundCheckpoint): Report {
  const differences = differencesOf(summaryOf(first), summaryOf(second), "");
  const moved = movedTensors(first.checkpoint.parameters, second.checkpoint.parameters);
  const text = (value: unknown) =>
    value === null ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value);
  return {
    data: { first: first.file, second: second.file, differences, parameters: moved },
    text: [
      facts([
        ["first", first.file],
        ["second", second.file],
      ]),
      "",
      differences.length === 0
        ? "Nothing differs but what their learners hold."
        : textTable(
            ["what differs", "first", "second"],
            differences.map(({ key, first, second }) => [key, text(first), text(second)]),
          ),
      ...(moved.length === 0 ? [] : ["", movedTable(moved)]),
    ].join("\n"),
  };
}

/** What a checkpoint is of and how far it came, as plain data. */
function summaryOf({ checkpoint, file }: FoundCheckpoint): State {
  const {
    name = null,
    createdAt,
    samplesSeen,
    step,
    features,
    target,
    model,
    optimizer,
    training,
  } = checkpoint;
  return {
    ...{ name, createdAt, samplesSeen, updates: step, features, target, model, optimizer, training },
    scores: scoresOf(checkpoint, file),
  } as State;
}

function scoresOf(checkpoint: Checkpoint, file: string): State {
  if (checkpoint.features === null || checkpoint.target === null) return null;
  const report = learnerFrom(checkpoint, file).report();
  const loss = "accuracy" in report ? report.logLoss : report.mae;
  return {
    samples: report.samples,
    [lossName(report)]: Number(loss.toPrecision(5)),
    ...("accuracy" in report ? { accuracy: Number(report.accuracy.toPrecision(5)) } : {}),
  };
}

/** Every place where two values differ, the deepest that is of the same kind in both. */
function differencesOf(first: State | undefined, second: State | undefined, key: string): Difference[] {
  const isMap = (value: unknown) => typeof value === "object" && value !== null && !ArrayBuffer.isView(value);
  if (isMap(first) && isMap(second) && Array.isArray(first) === Array.isArray(second)) {
    const [one, other] = [first, second] as Record<string, State>[];
    const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
    const place = (name: string) =>
      Array.isArray(first) ? `${key}[${name}]` : key === "" ? name : `${key}.${name}`;
    return [...keys].flatMap((name) => differencesOf(one[name], other[name], place(name)));
  }
  return JSON.stringify(first) === JSON.stringify(second)
    ? []
    : [{ key, first: first ?? null, second: second ?? null }];
}

function movedTensors(first: readonly Tensor[], second: readonly Tensor[]): Moved[] {
  const names = new Set([...first, ...second].map(({ name }) => name));
  return [...names].map((name) => {
    const [one, other] = [first, second].map((tensors) => tensors.find((tensor) => tensor.name === name));
    if (one === undefined || other === undefined || `${one.shape}` !== `${other.shape}`) {
      return { name, distance: null, share: null };
    }
    let squares = 0;
    let size = 0;
    for (let i = 0; i < one.data.length; i++) {
      squares += (one.data[i] - other.data[i]) ** 2;
      size += one.data[i] ** 2;
    }
    return {
      name,
      distance: Math.sqrt(squares / one.data.length),
      share: size > 0 ? Math.sqrt(squares / size) : null,
    };
  });
}

const movedTable = (moved: Moved[]) =>
  textTable(
    ["parameter", "apart by", "of its size"],
    moved.map(({ name, distance, share }) => [
      name,
      distance === null ? "another shape" : distance.toPrecision(3),
      share === null ? "–" : `${(100 * share).toFixed(1)} %`,
    ]),
    [1, 2],
  );
