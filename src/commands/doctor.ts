import { type Config, loadConfig, sampleColumns } from "../config/config.ts";
import { type PlannedDaemon, planDaemon } from "../config/plan-daemon.ts";
import { portsOf } from "../config/source-config.ts";
import { recognizeBoard } from "../device/board.ts";
import { examine } from "../device/examine.ts";
import type { Finding, Needs } from "../device/finding.ts";
import { thisMachine } from "../device/machine.ts";
import { availableVariants } from "../engine/kernels/kernels.ts";
import { RivuletError } from "../errors/errors.ts";
import { findByDevice } from "../samples/ports/port-finder.ts";
import type { UsbDevice } from "../samples/ports/port-survey.ts";
import { PortError } from "../samples/ports/ports.ts";
import { formatCount } from "../wording/quantities.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import { wrap } from "./terminal/wrap.ts";

/** Checks whether this machine has what the daemon, or a config, needs. */
export async function run({ positionals: [file] }: Invocation): Promise<Report> {
  const [needs = null, ...others] = file === undefined ? [] : needsOf(loadConfig(file), file);
  const machine = thisMachine(availableVariants());
  const board = recognizeBoard(machine);
  const findings = [
    ...examine(machine, board, needs),
    ...others.flatMap((other) => examine(machine, board, other, { portsOnly: true })),
  ];
  const counts = countsOf(findings);
  return {
    failed: counts.problems > 0,
    data: {
      config: file ?? null,
      board: {
        profile: board.id,
        name: board.profile.name,
        model: board.model,
        compatible: board.compatible,
      },
      findings,
      ...counts,
    },
    text: findingsText(findings),
  };
}

function countsOf(findings: readonly Finding[]) {
  const count = (status: Finding["status"]) => findings.filter((finding) => finding.status === status).length;
  return { problems: count("problem"), warnings: count("warning"), ok: count("ok") };
}

/** Formats each finding, with the command that corrects it; at the end the number of findings of each status. */
export function findingsText(findings: readonly Finding[]): string {
  const { problems, warnings, ok } = countsOf(findings);
  const sum = `${formatCount(problems, "problem")}, ${formatCount(warnings, "warning")}, ${ok} ok`;
  return [...findings.map(describe), "", sum].join("\n");
}

/** Formats a finding: its text wrapped in a column, its command on one line, so that it can be copied. */
function describe({ check, status, text, fix }: Finding): string {
  const indent = 26;
  const lines = wrap(text, 100 - indent).map((line, index) =>
    index === 0 ? `${status.padEnd(8)} ${check.padEnd(16)} ${line}` : `${" ".repeat(indent)}${line}`,
  );
  if (fix !== null && status !== "ok") lines.push(`${" ".repeat(indent)}$ ${fix}`);
  return lines.join("\n");
}

/** Returns the needs of a config, once for each of its ports, but at least once. */
function needsOf(config: Config, file: string): Needs[] {
  const columns = sampleColumns(config);
  let plan: PlannedDaemon | null = null;
  let refused: string | null = null;
  try {
    if (columns !== null) plan = planDaemon(config, columns);
  } catch (error) {
    if (!(error instanceof RivuletError)) throw error;
    refused = error.message;
  }
  const configured = portsOf(config.source).map(({ port }) => port);
  const ports = configured.length === 0 ? [{ port: null, noPort: null }] : configured.map(foundPort);
  const needs: Needs = {
    config: file,
    ...ports[0],
    checkpoints: {
      directory: config.checkpoint.directory,
      keep: config.checkpoint.keep,
      bytes: plan?.checkpointBytes ?? null,
    },
    planned: refused === null ? plan && { bytes: plan.bytes } : { refused },
    gpio: config.gpio !== null,
  };
  return [needs, ...ports.slice(1).map((port) => ({ ...needs, ...port }))];
}

/** Returns the present path of a port, or why it has none. */
function foundPort(port: string | UsbDevice): Pick<Needs, "port" | "noPort"> {
  if (typeof port === "string") return { port, noPort: null };
  try {
    return { port: findByDevice(port, "/").find(), noPort: null };
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    return { port: null, noPort: error.message };
  }
}
