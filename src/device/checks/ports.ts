import type { Stats } from "node:fs";
import { surveyPorts } from "../../samples/ports/port-survey.ts";
import { remedyFor } from "../../samples/ports/ports.ts";
import { type Check, type Found, ok, problem, warning } from "../finding.ts";
import {
  access,
  exists,
  groupOf,
  holdersOf,
  isGetty,
  type Machine,
  may,
  resolved,
  runningPrograms,
  statusOf,
} from "../machine.ts";
import { quoted } from "../shell.ts";

export const port: Check = {
  name: "port",
  question: "whether the serial port can be used",
  ask({ machine, needs, board: { profile } }) {
    if (needs === null) return everyPort(machine, profile.serial.group);
    if (needs.noPort !== null) return problem(needs.noPort, "rivulet ports");
    if (needs.port === null) return ok("the config names no serial port");
    const status = statusOf(machine, needs.port);
    if (status === null) return missing(machine, needs.port);
    if (!isPort(machine, resolved(machine, needs.port), status)) {
      return problem(
        `${needs.port} is not a serial port: name another one in source.serial.path`,
        "rivulet ports",
      );
    }
    return (
      permission(machine, needs.port, profile.serial.group) ??
      ok(`${needs.port} is there, and ${machine.user.name} may read and write it`)
    );
  },
};

/** Whether the kernel counts a device among its terminals, as it does every serial port. */
function isPort(machine: Machine, device: string, status: Stats): boolean {
  if (device.startsWith("/dev/pts/")) return true;
  if (!exists(machine, "/sys/class/tty")) return status.isCharacterDevice();
  return exists(machine, `/sys/class/tty/${device.slice("/dev/".length)}`);
}

function everyPort(machine: Machine, group: string): Found | Found[] {
  const ports = surveyPorts(machine.root)
    .map(({ path }) => path)
    .filter((path) => exists(machine, path));
  if (ports.length === 0) {
    return warning(
      "there is no serial port: plug one in, or switch on the header's UART",
      "dmesg | grep -i tty",
    );
  }
  const refused = ports
    .map((path) => permission(machine, path, group))
    .filter((found) => found !== null)
    // Which of them will be listened to, nobody has said.
    .map((found): Found => ({ ...found, status: "warning" }));
  return refused.length > 0 ? refused : ok(`${machine.user.name} may read and write ${ports.join(", ")}`);
}

function missing(machine: Machine, path: string): Found {
  const ports = surveyPorts(machine.root).map(({ path, stablePath }) => stablePath ?? path);
  const others =
    ports.length === 0
      ? "and no other either: plug the device in"
      : `but ${ports.join(", ")}: name one in source.serial.path`;
  return problem(`there is no serial port ${path}, ${others}`, "rivulet ports");
}

/** What keeps the user from a port, or null. */
function permission(machine: Machine, path: string, usualGroup: string): Found | null {
  const status = statusOf(machine, path);
  if (status === null || may(machine, path, status, access.read | access.write)) return null;
  const group = groupOf(machine, status.gid);
  const user = machine.user.name;
  const beginning = `${user} may not open ${path}`;
  const remedy = remedyFor(status, group.hasUser);
  if (remedy === "rule") {
    const rule = `KERNEL=="${resolved(machine, path).slice("/dev/".length)}", GROUP="${usualGroup}", MODE="0660"`;
    return problem(
      `${beginning}, and neither may its group ${group.name}: give it to the group ${usualGroup} by a udev rule`,
      `echo '${rule}' | sudo tee /etc/udev/rules.d/60-rivulet-port.rules && sudo udevadm control --reload && sudo udevadm trigger`,
    );
  }
  if (remedy === "log in") {
    return problem(
      `${beginning}: ${user} joined its group ${group.name} after this session began: log in again`,
      `exec su - ${quoted(user)}`,
    );
  }
  return problem(
    `${beginning}, which belongs to the group ${group.name}: join it, then log in again`,
    `sudo usermod -aG ${quoted(group.name)} ${quoted(user)}`,
  );
}

export const portHolder: Check = {
  name: "port holder",
  question: "whether another program has the port",
  ask({ machine, needs }) {
    if (!needs?.port || !exists(machine, needs.port)) return null;
    const device = resolved(machine, needs.port);
    const [holder] = holdersOf(machine, device);
    if (holder === undefined) {
      const { id, name } = machine.user;
      return ok(`no program${id === 0 ? "" : ` that ${name} may look into`} has ${needs.port} open`);
    }
    const { id, name, words } = holder;
    if (words.some((word) => /(^|\/)rivulet(\.cjs)?$|\/cli\.js$/.test(word)) && words.includes("run")) {
      return ok(`the daemon itself (process ${id}) has ${needs.port} open`);
    }
    if (isGetty(holder)) {
      return problem(
        `a login console (${name}, process ${id}) has ${needs.port} open: switch it off`,
        stopGetty(device),
      );
    }
    if (name === "ModemManager") {
      return problem(
        `ModemManager has ${needs.port} open and takes it for a modem: switch it off`,
        stopModemManager,
      );
    }
    return problem(`${name} (process ${id}) has ${needs.port} open: end it`, `kill ${id}`);
  },
};

const stopGetty = (device: string) =>
  `sudo systemctl disable --now serial-getty@${device.slice("/dev/".length)}.service`;

const stopModemManager = "sudo systemctl disable --now ModemManager.service";

/** ModemManager opens each new port on USB for some seconds and writes to it. */
export const modemManager: Check = {
  name: "modem manager",
  question: "whether ModemManager probes the ports",
  ask({ machine, needs }) {
    const onUsb = (path: string) => /^\/dev\/tty(ACM|USB)/.test(path);
    const concerned = needs === null || (needs.port !== null && onUsb(resolved(machine, needs.port)));
    if (!concerned || !runningPrograms(machine).some(({ name }) => name === "ModemManager")) return null;
    return warning(
      "ModemManager runs: it writes to each new port on USB in search of a modem, which a sensor takes for commands",
      stopModemManager,
    );
  },
};

export const stableName: Check = {
  name: "port name",
  question: "whether the port's name stays",
  ask({ machine, needs }) {
    if (!needs?.port || !/^\/dev\/tty(ACM|USB)\d+$/.test(needs.port)) return null;
    const found = surveyPorts(machine.root).find(({ path }) => path === needs.port);
    if (!found?.stablePath) return null;
    return warning(
      `${needs.port} may be another device after the next start, ${found.stablePath} stays: name that in source.serial.path`,
      `sed -i 's|${needs.port}|${found.stablePath}|' ${quoted(needs.config)}`,
    );
  },
};
