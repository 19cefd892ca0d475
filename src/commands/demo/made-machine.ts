/** A machine for the demonstration of anomalies: it sends lines over a pseudo-terminal, by a clock that runs fast. */
import { createPacing } from "../../emulation/pacing.ts";
import { openPseudoTerminal } from "../../emulation/pseudo-terminal.ts";
import { createRandom } from "../../engine/model/random.ts";

/** Its clock beside that of this computer. */
export const machineSpeed = 200;
/** Time between two of its samples, by its clock. */
export const machineIntervalMs = 500;
/** Columns of a line, after its time. */
export const machineColumns = ["temperature", "flow", "vibration"] as const;

const rowsPerSecond = (1000 * machineSpeed) / machineIntervalMs;
/** How often due samples are sent; real time. */
const sendEveryMs = 10;
/** Its cooling fails for this many samples, two minutes of its clock, and the heat leaves at this part a sample. */
const coolingFailsRows = 240;
const heatLeaves = 0.02;
const heatComes = 0.1;
/** One turn of its slow course, in samples. */
const courseRows = 180;

/** What happens to it, by the number of the sample. */
export interface MachineCourse {
  rows: number;
  coolingFailsAt: number;
  /** From here on it vibrates more, for good. */
  bearingWearsAt: number;
}

/** The course of a demonstration of this many seconds. */
export function machineCourse(seconds: number): MachineCourse {
  const rows = seconds * rowsPerSecond;
  return {
    rows,
    coolingFailsAt: Math.floor(0.4 * rows),
    bearingWearsAt: Math.floor(0.7 * rows),
  };
}

/** Makes the values of the machine, sample by sample, the same in every demonstration. */
export function machineValues({ coolingFailsAt, bearingWearsAt }: MachineCourse): () => number[] {
  const random = createRandom(15);
  // Within -1 and 1, so that the range of what is normal is soon complete.
  const noise = () => 2 * random.uniform() - 1;
  let row = 0;
  let heat = 0;
  let drift = 0;
  return () => {
    const isHot = row >= coolingFailsAt && row < coolingFailsAt + coolingFailsRows;
    heat = isHot ? heat + heatComes : heat * (1 - heatLeaves);
    drift = 0.9 * drift + 0.05 * noise();
    const wave = Math.sin((2 * Math.PI * row) / courseRows);
    const wear = row >= bearingWearsAt ? 0.3 : 0;
    row++;
    return [42 + 1.5 * wave + drift + heat, 12 - 0.8 * wave + 0.2 * noise(), 0.42 + wear + 0.05 * noise()];
  };
}

export interface MadeMachine {
  /** Port that a host opens. */
  readonly path: string;
  /** Samples that were sent. */
  readonly sent: number;
  /** Resolves once the last sample is sent. */
  readonly ended: Promise<void>;
  close(): void;
}

/** Opens the machine's port; it begins to send once a host has opened it too. @throws RivuletError where none can be opened */
export function startMachine(course: MachineCourse): MadeMachine {
  const terminal = openPseudoTerminal();
  const pacing = createPacing(machineSpeed, () => performance.now());
  const next = machineValues(course);
  const began = Date.now();
  const received = Buffer.alloc(256);
  let owedMs = 0;
  let sent = 0;
  // A line that tells nothing: a host discards what it reads up to the first line end, which may be half a line.
  let waiting = Buffer.from("ready\n");
  let end: () => void;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });

  function makeDue(): void {
    owedMs += pacing.due();
    const lines: string[] = [];
    for (; owedMs >= machineIntervalMs && sent < course.rows; owedMs -= machineIntervalMs) {
      const values = next().map((value) => value.toFixed(2));
      lines.push(`${began + sent * machineIntervalMs},${values.join(",")}\n`);
      sent++;
    }
    waiting = Buffer.concat([waiting, Buffer.from(lines.join(""))]);
  }

  const timer = setInterval(() => {
    if (terminal.read(received) === -1) pacing.hold();
    else if (waiting.length < received.length) makeDue();
    else pacing.hold();
    waiting = waiting.subarray(terminal.write(waiting));
    if (sent === course.rows && waiting.length === 0) end();
  }, sendEveryMs);
  return {
    path: terminal.path,
    get sent() {
      return sent;
    },
    ended,
    close() {
      clearInterval(timer);
      terminal.close();
    },
  };
}
