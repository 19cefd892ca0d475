/** The rows that are watched of a made machine: its samples on the product's own way, as a config says. */
import { parseConfig } from "../../../src/config/config.ts";
import { planFeaturesOf } from "../../../src/config/plan-config.ts";
import { MadeMachine, machineColumns, machineStart, minuteMs, sampleRate, windowRows } from "./machine.ts";
import { faultsAt, type MachinePlan, machineMinutes, noFault } from "./machine-faults.ts";

/** What the relation of the bearing's temperature to room and current adds. */
export const relationColumn = "bearing_off";

/** Four numbers of each axis, the slow columns beside them, and a relation between these. */
export const machineConfig = parseConfig(
  `name: machine
source:
  tcp: { host: 127.0.0.1, port: 1 }
  framing: lines
  fields: [${machineColumns.join(", ")}]
features:
  - window: { of: [x, y, z], size: ${windowRows}, every: 1min, take: [logSd, kurtosis, centroid, envelope] }
  - relation: { of: [bearing], given: [room, current] }
anomaly: { alarmsPerWeek: 2 }
timeZone: UTC
`,
  "machine.yaml",
);

export interface MachineRows {
  columns: string[];
  /** [minutes, columns] */
  values: Float64Array;
}

/** Makes the five weeks of a seed, and their features. */
export function rowsOf(seed: number, plan: MachinePlan): MachineRows {
  const planned = planFeaturesOf(machineConfig, machineColumns);
  const extraction = planned.create?.();
  if (extraction === undefined) throw new Error("found no windows in the machine's config");
  const machine = new MadeMachine(seed, plan.duty);
  const { columns } = planned;
  const values = new Float64Array(machineMinutes * columns.length);
  const fault = noFault();
  const time = new Float64Array(1);
  for (let minute = 0; minute < machineMinutes; minute++) {
    faultsAt(plan, minute, fault);
    machine.make(minute, fault);
    let rows = 0;
    for (let row = 0; row < windowRows; row++) {
      time[0] = machineStart + minute * minuteMs + (1000 * row) / sampleRate;
      if (extraction.push(machine.samples, row * machineColumns.length, time, 0)) rows++;
    }
    if (rows !== 1) throw new Error(`found ${rows} rows of features in minute ${minute}, expected 1`);
    values.set(extraction.row, minute * columns.length);
  }
  return { columns, values };
}
