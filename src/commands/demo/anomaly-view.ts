import type { AnomalyStatus, FieldStatus } from "../../status/document.ts";
import { formatDuration } from "../../wording/quantities.ts";
import { sparkline } from "../terminal/sparkline.ts";
import { wrap } from "../terminal/wrap.ts";
import { machineIntervalMs, machineSpeed } from "./made-machine.ts";
import { bold, createProgressView, dim, timeBar } from "./progress-view.ts";

/** Latest values, and how unusual they were, at one moment. */
export interface Moment {
  /** Of each column. */
  values: number[];
  evidence: number;
}

/** What the daemon said, with the time of the machine's clock since it began. */
export interface ToldEntry {
  event: string;
  machineMs: number;
  text: string;
}

/** Everything the view shows of the demonstration of anomalies. */
export interface AnomalyDemoState {
  seconds: number;
  elapsed: number;
  port: string;
  samples: number;
  anomaly: AnomalyStatus;
  fields: FieldStatus[];
  course: Moment[];
  told: ToldEntry[];
}

/** Latest entries of what was said that are shown. */
const shownEntries = 3;

/** Shows how normal is learned, and faults are reported. */
export const createAnomalyView = (json: boolean) =>
  createProgressView<AnomalyDemoState>(json, { lineOf, pictureOf });

const machineTime = (samples: number) => formatDuration(samples * machineIntervalMs);

const lastTold = ({ told }: AnomalyDemoState) => (told.length === 0 ? "" : `; ${told[told.length - 1].text}`);

function lineOf(state: AnomalyDemoState): string {
  const { elapsed, samples, anomaly } = state;
  return `${elapsed.toFixed(0).padStart(3)} s  ${machineTime(samples)} of the machine's clock, which runs ${machineSpeed} times faster  ${samples} samples  ${anomaly.text}${lastTold(state)}`;
}

/** The lines of the live view, for a terminal `width` columns wide. */
export function pictureOf(state: AnomalyDemoState, width: number): string[] {
  const { seconds, elapsed, port, samples, anomaly, fields, course, told } = state;
  const columns = Math.max(8, Math.min(48, width - 30));
  const latest = course.slice(-columns);
  const curve = (values: number[], lowest: number, highest: number) =>
    sparkline(values, columns, lowest, Math.max(highest, lowest + 1e-9));
  const rows = fields.map(({ name, latest: value, minimum, maximum }, index): [string, string] => [
    name,
    `${bold((value ?? 0).toFixed(2).padStart(7))}  ${curve(
      latest.map(({ values }) => values[index]),
      minimum ?? 0,
      maximum ?? 1,
    )}`,
  ]);
  const evidences = latest.map(({ evidence }) => evidence);
  const lines = told.slice(-shownEntries).flatMap(({ machineMs, text }) => {
    const [first, ...others] = wrap(text, Math.max(20, width - 14));
    const head = `+${formatDuration(machineMs)}`.padEnd(14);
    return [`${head}${first}`, ...others.map((line) => `${" ".repeat(14)}${line}`)];
  });
  return [
    bold("Rivulet learns what is normal, and reports what is not"),
    ...wrap(
      `a made machine sends two samples a second of its clock to ${port}; its clock runs ${machineSpeed} times faster than yours, and every constant is that of the product`,
      Math.max(20, width),
    ).map(dim),
    "",
    `${"time".padEnd(14)}${timeBar(elapsed, seconds)}, ${machineTime(samples)} of its clock`,
    `${"samples".padEnd(14)}${samples}`,
    "",
    ...rows.map(([name, value]) => `${name.padEnd(14)}${value}`),
    `${"evidence".padEnd(14)}${bold(anomaly.evidence.toFixed(1).padStart(7))}  ${curve(evidences, 0, 40)}`,
    "",
    ...wrap(anomaly.text, Math.max(20, width)).map((line) => (anomaly.isOpen ? bold(line) : line)),
    "",
    ...lines,
  ];
}
