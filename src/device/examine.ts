import type { Board } from "./board.ts";
import { board, limits } from "./checks/board.ts";
import { clock, clockChip } from "./checks/clock.ts";
import { folder, mountOptions, space } from "./checks/disk.ts";
import { gpio } from "./checks/gpio.ts";
import { kernel, memoryController } from "./checks/kernel.ts";
import { memory, swap } from "./checks/memory.ts";
import { nodeBuild, nodeVersion, vectors } from "./checks/node.ts";
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
  bootSettings,
  loginConsole,
  debugPort,
  gpio,
  folder,
  space,
  mountOptions,
  clock,
  clockChip,
];

/** Those about a port, which are to be asked for each where there are several. */
const portChecks = [port, portHolder, stableName, debugPort];

/** Asks every check. With `portsOnly` those alone that are about `needs.port`. One that cannot answer says so, and keeps no other from answering. */
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
    // Also what no check foresaw: on a board that is half broken every other answer counts all the more.
    const reason = error instanceof Error ? error.message : String(error);
    return [finding(check, warning(`cannot tell ${check.question}: ${reason}`, null))];
  }
}

/** In one line: what a damaged file held may stand in the text, and must not command the terminal. */
function finding(check: Check, { status, text, fix }: Found): Finding {
  return { check: check.name, status, text: text.replace(/\p{Cc}+/gu, " "), fix };
}
