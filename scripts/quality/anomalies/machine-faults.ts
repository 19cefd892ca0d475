/** What goes wrong with a made machine in five weeks, and when. */
import { createRandom } from "../../../src/engine/model/random.ts";

const hour = 60;
const day = 24 * hour;
export const machineMinutes = 35 * day;

/** When the machine runs: `shifts` from 6 to 22 h on working days, `cycles` 70 to 80 of 90 minutes. */
export interface Duty {
  shifts: boolean;
  cycles: boolean;
}

/** How large each fault is at a moment; 0: there is none. */
export interface FaultAt {
  /** Size of the blows of a pitted bearing, in g. */
  bearing: number;
  /** Part by which the vibration at the frequency of rotation is larger. */
  imbalance: number;
  looseness: number;
  /** The axis that is stuck, 1 to 3. */
  axisStuck: number;
  /** Noise of an axis, in g. */
  axisNoise: number;
  /** Whether the temperature is at times that of a sensor that has lost its line. */
  spikes: number;
  temperatureStuck: number;
  /** Degrees. */
  overheating: number;
  /** Part by which the current is larger at the same load. */
  current: number;
  /** Degrees that the sensor shows too much. */
  drift: number;
  /** Whether the machine runs when it should not. */
  offHours: number;
  rub: number;
  /** No fault: from here on the machine vibrates more by this part. */
  newNormal: number;
}

export type FaultKind = keyof FaultAt;

/** In which way a fault grows to its size between its beginning (0) and its end (1). */
type Growth = (share: number) => number;
const atOnce: Growth = () => 1;
const steadily: Growth = (share) => share;

interface FaultPlan {
  /** Minutes, from and to. */
  lasts: [number, number];
  size: [number, number];
  growth: Growth;
}

/** Chosen for what such faults are like, before anything was measured on them. */
const plans: Record<FaultKind, FaultPlan> = {
  bearing: { lasts: [5 * day, 6 * day], size: [0.6, 1.2], growth: (share) => share ** 2 },
  imbalance: { lasts: [2 * day, 3 * day], size: [0.5, 1.2], growth: steadily },
  looseness: { lasts: [6 * hour, 12 * hour], size: [0.5, 1.5], growth: atOnce },
  axisStuck: { lasts: [2 * hour, 8 * hour], size: [1, 3], growth: atOnce },
  axisNoise: { lasts: [2 * hour, 8 * hour], size: [0.1, 0.3], growth: atOnce },
  spikes: { lasts: [2 * hour, 8 * hour], size: [1, 1], growth: atOnce },
  temperatureStuck: { lasts: [12 * hour, 24 * hour], size: [1, 1], growth: atOnce },
  overheating: { lasts: [8 * hour, 16 * hour], size: [6, 12], growth: (share) => Math.min(1, 3 * share) },
  current: { lasts: [6 * hour, 12 * hour], size: [0.15, 0.4], growth: atOnce },
  drift: { lasts: [2.5 * day, 3.5 * day], size: [8, 12], growth: steadily },
  offHours: { lasts: [2 * hour, 4 * hour], size: [1, 1], growth: atOnce },
  rub: { lasts: [20, 60], size: [0.7, 1.5], growth: atOnce },
  newNormal: { lasts: [day, day], size: [0.5, 0.5], growth: atOnce },
};
const kinds = Object.keys(plans) as FaultKind[];

export interface Fault {
  kind: FaultKind;
  /** First minute, and that behind the last. */
  from: number;
  to: number;
  size: number;
}

export interface MachinePlan {
  duty: Duty;
  faults: Fault[];
}

/** Nights begin here on a working day, in minutes of the day. */
const lateEvening = 22.5 * hour;
/** Faults begin some days apart: learning has ten days, and a slow one is over before the next. */
const firstFault = 10 * day;
const betweenFaults = 6.5 * day;
const faultsEach = 4;

/** The plan of a seed: when the machine runs, and four faults of different kinds. */
export function planOf(seed: number): MachinePlan {
  const random = createRandom(seed + 0x5eed);
  const between = ([least, most]: [number, number]) => least + (most - least) * random.uniform();
  const duty = { shifts: seed % 2 === 1, cycles: seed % 4 >= 2 };
  const possible = kinds.filter((kind) => kind !== "offHours" || duty.shifts);
  const faults = Array.from({ length: faultsEach }, (_, index): Fault => {
    const [kind] = possible.splice(random.below(possible.length), 1);
    const plan = plans[kind];
    const begins = firstFault + index * betweenFaults + random.below(12 * hour);
    const from = kind === "offHours" ? workingNight(begins) : begins;
    const size = kind === "axisStuck" ? 1 + random.below(3) : between(plan.size);
    return { kind, size, from, to: from + Math.round(between(plan.lasts)) };
  });
  return { duty, faults };
}

/** The evening of the next working day. */
function workingNight(minute: number): number {
  let dayAt = Math.floor(minute / day);
  while (dayAt % 7 > 4) dayAt++;
  return dayAt * day + lateEvening;
}

/** Writes how large each fault is at a minute. */
export function faultsAt({ faults }: MachinePlan, minute: number, into: FaultAt): void {
  for (const kind of kinds) into[kind] = 0;
  for (const { kind, from, to, size } of faults) {
    if (minute < from || (minute >= to && kind !== "newNormal")) continue;
    into[kind] = size * plans[kind].growth(Math.min(1, (minute - from) / (to - from)));
  }
}

export const noFault = (): FaultAt =>
  Object.fromEntries(kinds.map((kind) => [kind, 0])) as unknown as FaultAt;
