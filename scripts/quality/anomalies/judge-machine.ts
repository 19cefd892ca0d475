/**
 * How many faults of made machines are found, and how many alarms are false: twelve machines with vibration windows and slow
 * columns, five weeks each, as the daemon watches them.
 */

import type { AnomalyConfig } from "../../../src/config/anomaly-config.ts";
import { AnomalyWatch } from "../../../src/daemon/anomaly-watch.ts";
import { machineStart, minuteMs } from "./machine.ts";
import { type Fault, type FaultKind, machineMinutes, planOf } from "./machine-faults.ts";
import { type MachineRows, machineConfig, relationColumn, rowsOf } from "./machine-rows.ts";

const weekMinutes = 7 * 24 * 60;
/** What follows from a fault for so long is no false alarm. */
const aftermath = 60;
/** A permanent change may bring alarms for so long. */
const acceptance = 24 * 60;

/** What is required of the seeds together: by alarms a week, the share of the faults, and false alarms a week. */
const goals: Record<number, { found: number; falseAWeek: number }> = {
  2: { found: 0.55, falseAWeek: 1.9 },
  7: { found: 0.75, falseAWeek: 6 },
};
const seeds = Array.from({ length: 12 }, (_, index) => 1201 + index);

/** Minutes at which alarms began, at so many a week; with the relation between slow columns or without it. */
export function alarmsOf(
  { columns, values }: MachineRows,
  { alarmsPerWeek, hasRelation }: { alarmsPerWeek: number; hasRelation: boolean },
): number[] {
  const watched = columns.filter((name) => hasRelation || name !== relationColumn);
  const watch = new AnomalyWatch({
    config: { ...(machineConfig.anomaly as AnomalyConfig), alarmsPerWeek, watch: watched },
    fields: columns.map((name) => ({ name })),
    target: null,
    zone: "UTC",
    log: () => {},
  });
  const time = new Float64Array(1);
  const alarms: number[] = [];
  for (let minute = 0, before = 0; minute < machineMinutes; minute++) {
    time[0] = machineStart + minute * minuteMs;
    watch.observe(values, minute * columns.length, time, 0);
    if (watch.detector.alarms > before) alarms.push(minute);
    before = watch.detector.alarms;
  }
  return alarms;
}

/** A fault and the first alarm in it, in minutes from its beginning; null: there was none. */
export interface FoundFault {
  fault: Fault;
  delay: number | null;
}

export interface MachineAccount {
  faults: FoundFault[];
  falseAlarms: number;
  /** Weeks in which an alarm would be false. */
  weeks: number;
  /** Faults that as many alarms at random moments would have met. */
  byChance: number;
}

const isInside = ({ kind, from, to }: Fault, minute: number) =>
  minute >= from && minute < (kind === "newNormal" ? from + acceptance : to + aftermath);

/** Which faults the alarms met. */
export function accountOf(all: readonly Fault[], alarms: readonly number[]): MachineAccount {
  const faults = all
    .filter(({ kind }) => kind !== "newNormal")
    .map((fault) => {
      const first = alarms.find((minute) => isInside(fault, minute));
      return { fault, delay: first === undefined ? null : first - fault.from };
    });
  const falseAlarms = alarms.filter((minute) => !all.some((fault) => isInside(fault, minute))).length;
  let quiet = 0;
  for (let minute = 24 * 60; minute < machineMinutes; minute++)
    if (!all.some((fault) => isInside(fault, minute))) quiet++;
  const rate = falseAlarms / quiet;
  const byChance = faults.reduce(
    (sum, { fault: { from, to } }) => sum + 1 - Math.exp(-rate * (to + aftermath - from)),
    0,
  );
  return { faults, falseAlarms, weeks: quiet / weekMinutes, byChance };
}

const sum = <T>(all: readonly T[], of: (each: T) => number) =>
  all.reduce((total, each) => total + of(each), 0);

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Prints what was found at so many alarms a week; @returns goals that were missed */
export function printAccounts(
  name: string,
  accounts: readonly MachineAccount[],
  alarmsPerWeek: number,
): number {
  const faults = accounts.flatMap((account) => account.faults);
  const found = faults.filter(({ delay }) => delay !== null);
  const falseAWeek = sum(accounts, (account) => account.falseAlarms) / sum(accounts, ({ weeks }) => weeks);
  const goal = goals[alarmsPerWeek];
  const share = found.length / faults.length;
  const isMissed = goal !== undefined && (share < goal.found || falseAWeek > goal.falseAWeek);
  console.log(
    `${name}, ${alarmsPerWeek} a week: ${found.length} of ${faults.length} faults found (${(100 * share).toFixed(0)} %${goal === undefined ? "" : `, goal ${(100 * goal.found).toFixed(0)}`}), ${falseAWeek.toFixed(2)} false a week${goal === undefined ? "" : `, goal ${goal.falseAWeek}`}${isMissed ? " MISSED" : ""}; at random moments ${sum(accounts, ({ byChance }) => byChance).toFixed(1)}`,
  );
  for (const kind of new Set(faults.map(({ fault }) => fault.kind))) {
    const own = faults.filter(({ fault }) => fault.kind === kind);
    const delays = own.flatMap(({ delay }) => (delay === null ? [] : [delay]));
    const hours = delays.length === 0 ? "" : `median delay ${(median(delays) / 60).toFixed(1)} h`;
    console.log(`  ${kindNames[kind].padEnd(28)} ${delays.length} of ${own.length}  ${hours}`);
  }
  return isMissed ? 1 : 0;
}

const kindNames: Record<FaultKind, string> = {
  bearing: "bearing, growing for days",
  imbalance: "imbalance, growing for days",
  looseness: "looseness",
  axisStuck: "axis stuck",
  axisNoise: "axis noisy",
  spikes: "temperature at -127 at times",
  temperatureStuck: "temperature stuck",
  overheating: "overheating under load",
  current: "current higher at same load",
  drift: "temperature drifts for days",
  offHours: "runs when it should not",
  rub: "rub, for less than an hour",
  newNormal: "permanent change",
};

/** @returns goals that were missed */
export function judgeMachines(): number {
  const machines = seeds.map((seed) => {
    const plan = planOf(seed);
    return { faults: plan.faults, rows: rowsOf(seed, plan) };
  });
  let missed = 0;
  for (const alarmsPerWeek of Object.keys(goals).map(Number)) {
    for (const hasRelation of [false, true]) {
      const accounts = machines.map(({ faults, rows }) =>
        accountOf(faults, alarmsOf(rows, { alarmsPerWeek, hasRelation })),
      );
      const name = hasRelation ? "machines with a relation" : "machines";
      missed += printAccounts(name, accounts, alarmsPerWeek);
    }
  }
  return missed;
}
