/** Checks of the UART on the header of a Raspberry Pi, which settings on the boot partition enable or disable. */
import type { Board } from "../board.ts";
import { type Check, type Examined, type Found, ok, problem, warning } from "../finding.ts";
import { exists, type Machine, namesIn, readText, resolved } from "../machine.ts";
import { bootFile, quoted, replaceInFile } from "../shell.ts";

/** Whether the header's UART matters: the config uses it, or there is neither a config nor a USB port. */
function concernsHeader({ machine, board, needs }: Examined): boolean {
  const { header } = board.profile.serial;
  if (header === undefined) return false;
  if (needs === null) return !namesIn(machine, "/dev").some((name) => /^tty(ACM|USB)/.test(name));
  return needs.port !== null && isHeader(board, machine, needs.port);
}

function isHeader({ profile }: Board, machine: Machine, path: string): boolean {
  const { header } = profile.serial;
  if (header === undefined) return false;
  const names = [header.path, ...(header.link === undefined ? [] : [header.link])];
  // While Bluetooth uses the full UART, the header has the mini UART, and the link points to that.
  return (
    names.includes(path) ||
    names.includes(resolved(machine, path)) ||
    (header.link !== undefined && resolved(machine, header.link) === path)
  );
}

/** Whether the boot settings enable the header's UART. */
export const bootSettings: Check = {
  name: "boot settings",
  question: "whether the header's UART is enabled",
  ask(examined) {
    const { machine, board } = examined;
    const { header } = board.profile.serial;
    if (header === undefined) return null;
    if (!concernsHeader(examined)) return ok("the header's UART is not used");
    const elsewhere = takenByBluetooth(examined, header);
    const file = bootFile(machine, "config.txt") ?? "/boot/firmware/config.txt";
    const lines = activeLines(readText(machine, file), board.profile.boot.filters);
    const lacking = board.profile.boot.lines.filter(({ anyOf }) => !anyOf.some((line) => lines.has(line)));
    if (lacking.length === 0 && elsewhere === null) return ok(`${file} enables the header's UART`);
    if (lacking.length === 0) {
      return problem(
        `${elsewhere}, although ${file} sets the header's UART; reboot for it to take effect`,
        "sudo reboot",
      );
    }
    const wanted = lacking.map(({ anyOf }) => anyOf[0]);
    return (elsewhere === null ? warning : problem)(
      `${elsewhere === null ? "" : `${elsewhere}: `}${file} has no ${wanted.join(" and no ")}: ${lacking.map(({ why }) => why).join("; ")}`,
      `printf '%s\\n' '[all]' ${wanted.join(" ")} | sudo tee -a ${file} && sudo reboot`,
    );
  },
};

/** What is wrong if the config names the UART that Bluetooth uses at the moment; null where it does not. */
function takenByBluetooth(
  { machine, needs }: Examined,
  { path, link }: { path: string; link?: string },
): string | null {
  if (!needs?.port || link === undefined || !exists(machine, link)) return null;
  const primary = resolved(machine, link);
  return resolved(machine, needs.port) === path && primary !== path
    ? `${needs.port} is connected to the Bluetooth chip, and the header is ${primary}`
    : null;
}

/** The lines of config.txt that apply to a board, without comments and spaces. */
function activeLines(text: string, filters: readonly string[]): Set<string> {
  const lines = new Map<string, string>();
  let counts = true;
  for (const raw of text.split("\n")) {
    const line = raw
      .replace(/#.*/, "")
      .trim()
      .replace(/\s*=\s*/g, "=");
    const section = /^\[(.+)\]$/.exec(line)?.[1];
    if (section !== undefined) counts = section === "all" || filters.includes(section);
    else if (counts && line !== "") {
      const [key] = line.split("=");
      // Overlays and their parameters add up; for any other key, the last line applies.
      lines.set(key === "dtoverlay" || key === "dtparam" ? line : key, line);
    }
  }
  return new Set(lines.values());
}

/** Whether the kernel or systemd runs a login console on the port. */
export const loginConsole: Check = {
  name: "console",
  question: "whether a login console is on the port",
  ask(examined) {
    const { machine, board, needs } = examined;
    const { header } = board.profile.serial;
    const path = needs === null ? (header?.link ?? header?.path) : needs.port;
    if (path === undefined || path === null || (needs === null && !concernsHeader(examined))) return null;
    // A missing port has no console; another check reports that it is missing.
    if (!exists(machine, path)) return null;
    const device = resolved(machine, path);
    const name = device.slice("/dev/".length);
    const words = readText(machine, "/proc/cmdline").trim().split(/\s+/);
    const consoles = words
      .filter((word) => word.startsWith("console="))
      .map((word) => word.slice("console=".length).split(",")[0]);
    const kernel = consoles.find((console) => resolved(machine, `/dev/${console}`) === device);
    if (kernel !== undefined) return onPort(machine, board, path, kernel, name);
    if (exists(machine, `/etc/systemd/system/getty.target.wants/serial-getty@${name}.service`)) {
      return problem(
        `systemd starts a login console on ${path}; disable it`,
        `sudo systemctl disable --now ${quoted(`serial-getty@${name}.service`)}`,
      );
    }
    return ok(`no login console is on ${path}`);
  },
};

function onPort(machine: Machine, board: Board, path: string, kernel: string, name: string): Found {
  const file = bootFile(machine, "cmdline.txt");
  const plain = kernel.replaceAll(/\W/g, "\\$&");
  const names = [...new Set([...board.profile.boot.consoles, plain])].join("|");
  const stop = `sudo systemctl disable --now ${quoted(`serial-getty@${name}.service`)}`;
  return problem(
    `the kernel's console is on ${path} (console=${kernel} in its command line), which mixes kernel messages and a login prompt into the samples; remove it`,
    file === null
      ? `${stop}; grep -n console= /proc/cmdline /etc/default/grub`
      : `sudo sed -i -E ${quoted(`s/console=(${names})(,[^ ]*)? ?//g`)} ${file} && ${stop}; sudo reboot`,
  );
}

/** Whether the port is the debug connector of a Pi 5, which has the header's port name of other Raspberry Pis. */
export const debugPort: Check = {
  name: "debug connector",
  question: "which pins the port is on",
  ask({ machine, board: { profile }, needs }) {
    const { debug, header } = profile.serial;
    if (debug === undefined || header === undefined || !needs?.port) return null;
    if (resolved(machine, needs.port) !== debug.path && needs.port !== debug.path) return null;
    return warning(
      `${needs.port} is ${debug.where} on a ${profile.name}, and ${header.where} are ${header.path}; name that in source.serial.path if the sensor is connected there`,
      replaceInFile(needs.port, header.path, needs.config),
    );
  },
};
