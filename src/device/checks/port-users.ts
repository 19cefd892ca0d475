/** Programs that take serial ports for themselves: a reader of braille displays, and one of satellite receivers. */
import { type Check, type Found, problem, warning } from "../finding.ts";
import { exists, type Machine, resolved, runningPrograms } from "../machine.ts";

/** A program of the system that uses ports without being asked to. */
interface PortUser {
  /** Its name, as in /proc/PID/comm. */
  name: string;
  /** What it does with a port that it has open. */
  doing: string;
  /** What it does to ports while it runs. */
  danger: string;
  stop: string;
  /** Rules of udev that start it when a device is plugged in. */
  rules: readonly string[];
  /** Whether it uses this port, by its path with links resolved. */
  uses(device: string): boolean;
}

const isUsbAdapter = (device: string) => /^\/dev\/ttyUSB/.test(device);

export const portUsers: readonly PortUser[] = [
  {
    name: "brltty",
    doing: "and takes it for a braille display",
    danger:
      "takes USB adapters with a CH340, CP210x or FTDI chip for braille displays: their port disappears a moment after they are plugged in",
    stop: "sudo systemctl mask --now brltty.service brltty-udev.service && sudo apt-get remove brltty",
    rules: ["/usr/lib/udev/rules.d/85-brltty.rules", "/lib/udev/rules.d/85-brltty.rules"],
    uses: isUsbAdapter,
  },
  {
    name: "gpsd",
    doing: "and reads it as a satellite receiver",
    danger:
      "opens USB adapters of the kinds that satellite receivers have, changes their baud rate and takes their bytes",
    stop: "sudo systemctl disable --now gpsd.socket gpsd.service",
    rules: ["/usr/lib/udev/rules.d/60-gpsd.rules", "/lib/udev/rules.d/60-gpsd.rules"],
    uses: (device) => /^\/dev\/tty(USB|ACM)/.test(device),
  },
];

/** Returns what to do about the program that has a port open; null where it is not one of these. */
export function holdingPortUser(name: string, path: string): Found | null {
  const user = portUsers.find((each) => each.name === name);
  return user === undefined ? null : problem(`${name} has ${path} open ${user.doing}; disable it`, user.stop);
}

/** Whether one of these programs runs, or starts when a device is plugged in. */
export const portUsersCheck: Check = {
  name: "port users",
  question: "whether other programs take the ports",
  ask({ machine, needs }) {
    const device = needs?.port ? resolved(machine, needs.port) : null;
    if (needs !== null && device === null) return null;
    const running = runningPrograms(machine);
    const found = portUsers.flatMap((user) => {
      if (device !== null && !user.uses(device)) return [];
      const doesRun = running.some(({ name }) => name === user.name);
      if (!doesRun && !startsByRule(machine, user)) return [];
      const state = doesRun ? "runs" : "is started by udev";
      return [warning(`${user.name} ${state} and ${user.danger}; disable it`, user.stop)];
    });
    return found.length === 0 ? null : found;
  },
};

/** Whether a rule of udev starts the program; one in /etc that is empty or a link to /dev/null switches it off. */
function startsByRule(machine: Machine, { rules }: PortUser): boolean {
  return rules.some(
    (rule) =>
      exists(machine, rule) && !exists(machine, rule.replace(/^.*\/rules\.d\//, "/etc/udev/rules.d/")),
  );
}
