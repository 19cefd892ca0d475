import { safe } from "../wording/safe.ts";
import type { Board } from "./board.ts";
import { board, limits } from "./checks/board.ts";
import { clock, clockChip } from "./checks/clock.ts";
import { folder, mountOptions, rootOverlay, space } from "./checks/disk.ts";
import { gpio } from "./checks/gpio.ts";
import { kernel, memoryController } from "./checks/kernel.ts";
import { memory, swap } from "./checks/memory.ts";
import { nodeBuild, nodeVersion, vectors } from "./checks/node.ts";
import { portUsersCheck } from "./checks/port-users.ts";
import { modemManager, port, portHolder, stableName } from "./checks/ports.ts";
import { bootSettings, debugPort, loginConsole } from "./checks/uart.ts";
import { type Check, type Examined, type Finding, type Found, type Needs, warning } from "./finding.ts";
import type { Machine } from "./machine.ts";

const checks: Check[] = [
  board,
  limits,
  kernel,
  memoryController,
  nodeVersion,
  nodeBuild,
  vectors,
  memory,
  swap,
  port,
  portHolder,
  stableName,
  modemManager,
  portUsersCheck,
  bootSettings,
  loginConsole,
  debugPort,
  gpio,
  folder,
  space,
  mountOptions,
  rootOverlay,
  clock,
  clockChip,
];

/** The checks about one port: they run once for each port of a config. */
const portChecks = [port, portHolder, stableName, debugPort];

/**
 * Runs every check on a machine and returns what they found; changes nothing there and never throws.
 *
 * A check that fails becomes a warning; the others still run.
 *
 * @param needs what the config needs; null checks the machine in general
 * @param options.portsOnly runs only the checks about `needs.port`
 */
export function examine(
  machine: Machine,
  board: Board,
  needs: Needs | null,
  { portsOnly = false } = {},
): Finding[] {
  return (portsOnly ? portChecks : checks).flatMap((check) => answersOf(check, { machine, board, needs }));
}

function answersOf(check: Check, examined: Examined): Finding[] {
  try {
    const found = check.ask(examined) ?? [];
    return (Array.isArray(found) ? found : [found]).map((each) => finding(check, each));
  } catch (error) {
    // Unexpected errors too: on a damaged board the results of the other checks matter even more.
    const reason = error instanceof Error ? error.message : String(error);
    return [finding(check, warning(`cannot tell ${check.question}: ${reason}`, null))];
  }
}

/** Removes control characters: the text may quote a damaged file, which must not control the terminal. */
function finding(check: Check, { status, text, fix }: Found): Finding {
  return { check: check.name, status, text: safe(text), fix: fix && safe(fix) };
}
