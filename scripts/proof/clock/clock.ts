/**
 * Sets the system clock of a board in every way that one is wrong: hours forward and back, to 1970 and 2038, by a second,
 * while it runs and between two starts. What is learned is that of a board whose clock nobody touches, to the bit, where it
 * runs through; and after a start with a wrong clock nothing is lost, erased or alarmed about.
 */
import { isDeepStrictEqual } from "node:util";
import type { Outcome } from "../account.ts";
import { ClockBoard, keptCheckpoints, stepMs } from "./board.ts";
import { WrongClock, withDates } from "./wrong-clock.ts";

const hourMs = 3_600_000;

/** What the system clock does, from what it showed before. */
const settings: Record<string, (clock: WrongClock) => void> = {
  "3 h forward": (clock) => {
    clock.offMs += 3 * hourMs;
  },
  "3 h back": (clock) => {
    clock.offMs -= 3 * hourMs;
  },
  "a step of NTP": (clock) => {
    clock.offMs += 700;
  },
  "a step of NTP back": (clock) => {
    clock.offMs -= 700;
  },
  "to 1970": (clock) => clock.show(0),
  "to the end of 32 bits": (clock) => clock.show(2 ** 31 * 1000 - 3 * stepMs),
  "100 days forward": (clock) => {
    clock.offMs += 100 * 24 * hourMs;
  },
  // The clock of a computer goes on; what is local moves.
  "to the beginning of summer": (clock) => clock.show(Date.UTC(2026, 2, 29, 1) - 3 * stepMs),
  "to the end of summer": (clock) => clock.show(Date.UTC(2026, 9, 25, 1) - 3 * stepMs),
};

/** Rows before the clock is set, and after it: more than what is normal takes to be known. */
const rowsBefore = 620;
const rowsAfter = 150;
/** A clock that is off by less is not reported. */
const toldMs = 5000;
const burst = 20;
/** Alarms that a board may give in the weeks of a trial, where it may give 2 a week. */
const mostAlarms = 12;

/** @param share part of the settings that is tried, spread evenly; at least two */
export async function proveClock(share: number): Promise<Outcome> {
  const faults: string[] = [];
  const names = Object.keys(settings);
  const count = Math.max(2, Math.round(share * names.length));
  const chosen = names.filter(
    (_, index) =>
      Math.floor((index * count) / names.length) !== Math.floor(((index + 1) * count) / names.length),
  );
  let rows = 0;
  let alarms = 0;
  for (const name of chosen) {
    const set = settings[name];
    for (const trial of [whileItRuns, betweenStarts]) {
      const found = await trial(set, {});
      rows += found.rows;
      alarms += found.alarms;
      faults.push(...found.problems.map((problem) => `${name}, ${trial.name}: ${problem}`));
    }
  }
  const naive = await whileItRuns(settings["3 h back"], { isNaive: true });
  if (naive.problems.length === 0) faults.push("a board that goes by the system clock was not noticed");
  return {
    figures: `a clock set in ${count} ways while running and between starts, ${rows} rows: windows, labels, learner and alarms as with a clock that nobody sets, the newest checkpoint by its number, the course of the scores whole, ${alarms} alarms, each log within its limits; ${naive.problems.length} faults of a board that goes by the system clock`,
    faults,
  };
}

interface Found {
  problems: string[];
  rows: number;
  alarms: number;
}

/** The clock is set while the board runs; beside it one runs whose clock is right. */
async function whileItRuns(set: (clock: WrongClock) => void, { isNaive = false }): Promise<Found> {
  const clocks = [new WrongClock(), new WrongClock()];
  const [wrong, right] = clocks;
  const problems: string[] = [];
  const [disturbed, calm] = await boards(clocks, isNaive);
  for (let row = 0; row < rowsBefore; row++) await stepBoth(disturbed, calm, clocks, problems);
  for (const board of [disturbed, calm]) board.burst(burst);
  const before = wrong.offMs;
  set(wrong);
  const isTold = Math.abs(wrong.offMs - before) > toldMs;
  const more = await withDates(wrong, async () => disturbed.burst(burst));
  if (more > 0) problems.push(`the limit of the log gave way by ${more} lines`);
  for (let row = 0; row < rowsAfter; row++) await stepBoth(disturbed, calm, clocks, problems);
  const told = disturbed.entries.filter(({ event }) => event === "clock-set").length;
  if (told !== Number(isTold)) problems.push(`${told} lines told that the clock was set`);
  await comparePauses(disturbed, calm, clocks, set, problems);
  if (!isDeepStrictEqual(disturbed.learned(), calm.learned()))
    problems.push("what was learned is not what a board learns whose clock nobody sets");
  if (right.offMs !== 0) problems.push("the other clock was set as well");
  return finish(disturbed, calm, wrong, problems);
}

/** Both pause for an hour, in which one clock is set: both go on after the same rows. */
async function comparePauses(
  disturbed: ClockBoard,
  calm: ClockBoard,
  clocks: WrongClock[],
  set: (clock: WrongClock) => void,
  problems: string[],
): Promise<void> {
  for (const board of [disturbed, calm]) board.pause(hourMs);
  set(clocks[0]);
  for (let row = 0; row < (2 * hourMs) / stepMs; row++) {
    await stepBoth(disturbed, calm, clocks, problems);
    if (disturbed.isPaused !== calm.isPaused)
      problems.push(`a pause of an hour differs after ${row + 1} rows`);
  }
}

async function boards([wrong, right]: WrongClock[], isNaive: boolean): Promise<[ClockBoard, ClockBoard]> {
  return [
    await withDates(wrong, async () => new ClockBoard(wrong, { isNaive })),
    await withDates(right, async () => new ClockBoard(right)),
  ];
}

async function stepBoth(
  disturbed: ClockBoard,
  calm: ClockBoard,
  [wrong, right]: WrongClock[],
  problems: string[],
): Promise<void> {
  const one = await withDates(wrong, () => disturbed.step());
  const other = await withDates(right, () => calm.step());
  // The first difference is enough.
  if (problems.length === 0 && !isDeepStrictEqual(one, other)) problems.push(`answered ${one}, not ${other}`);
}

/** The board starts with a clock that was set while it was off, and again with one that is right. */
async function betweenStarts(set: (clock: WrongClock) => void): Promise<Found> {
  const wrong = new WrongClock();
  return withDates(wrong, async () => {
    const board = new ClockBoard(wrong);
    const problems: string[] = [];
    const live = async (rows: number) => {
      for (let row = 0; row < rows; row++) {
        const answer = await board.step();
        if (!answer.every(Number.isFinite)) problems.push(`answered ${answer}`);
      }
    };
    await live(rowsBefore);
    board.restart(() => set(wrong));
    await live(rowsAfter);
    if (!board.labelsNewestByTime())
      problems.push("a label for now found no sample while the clock was wrong");
    board.restart(() => {
      wrong.offMs = 0;
    });
    await live(rowsAfter);
    if (!board.labelsNewestByTime())
      problems.push("a label for now found no sample once the clock was right");
    return finish(board, null, wrong, problems);
  });
}

function finish(board: ClockBoard, calm: ClockBoard | null, wrong: WrongClock, problems: string[]): Found {
  const { numbers, newest } = board.checkpoints();
  const expected = Array.from(
    { length: keptCheckpoints },
    (_, index) => board.saves - keptCheckpoints + 1 + index,
  );
  if (!isDeepStrictEqual(numbers, expected) || newest !== board.saves)
    problems.push(`after ${board.saves} saves there are the checkpoints ${numbers}, the newest is ${newest}`);
  const { samples, ahead } = board.course();
  if (samples !== board.scored) problems.push(`${samples} samples in the course of ${board.scored}`);
  if (ahead > 0) problems.push(`${ahead} steps of the course lie in the future`);
  const alarms = board.anomalies?.alarms ?? 0;
  if (alarms > mostAlarms) problems.push(`${alarms} alarms`);
  const rows = (wrong.passed / stepMs) * (calm === null ? 1 : 2);
  problems.push(...board.problems);
  board.end();
  calm?.end();
  return { problems, rows, alarms };
}
