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
import { quoted, replaceInFile } from "../shell.ts";
import { holdingPortUser } from "./port-users.ts";

/** Whether the serial port exists and the user may open it. */
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
        `${needs.port} is not a serial port; name another one in source.serial.path`,
        "rivulet ports",
      );
    }
    return (
      permission(machine, needs.port, profile.serial.group) ??
      ok(`${needs.port} exists, and ${machine.user.name} may read and write it`)
    );
  },
};

/** Whether the kernel lists a device as a terminal, as it does every serial port. */
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
      "there is no serial port; plug one in, or enable the header's UART",
      "dmesg | grep -i tty",
    );
  }
  const refused = ports
    .map((path) => permission(machine, path, group))
    .filter((found) => found !== null)
    // A warning only: without a config, nobody knows which of them will be used.
    .map((found): Found => ({ ...found, status: "warning" }));
  return refused.length > 0 ? refused : ok(`${machine.user.name} may read and write ${ports.join(", ")}`);
}

function missing(machine: Machine, path: string): Found {
  const ports = surveyPorts(machine.root).map(({ path, stablePath }) => stablePath ?? path);
  const others =
    ports.length === 0
      ? "and there is no other one; plug the device in"
      : `found ${ports.join(", ")}; name one in source.serial.path`;
  return problem(`there is no serial port ${path}, ${others}`, "rivulet ports");
}

/** Why the user may not open a port, or null where they may. */
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
      `${beginning}, and neither may its group ${group.name}; assign it to the group ${usualGroup} with a udev rule`,
      `echo ${quoted(rule)} | sudo tee /etc/udev/rules.d/60-rivulet-port.rules && sudo udevadm control --reload && sudo udevadm trigger`,
    );
  }
  if (remedy === "log in") {
    return problem(
      `${beginning}: ${user} joined its group ${group.name} after this session began; log in again`,
      `exec su - ${quoted(user)}`,
    );
  }
  return problem(
    `${beginning}, which belongs to the group ${group.name}; join it, then log in again`,
    `sudo usermod -aG ${quoted(group.name)} ${quoted(user)}`,
  );
}

/** Whether another program has the serial port open. */
export const portHolder: Check = {
  name: "port holder",
  question: "whether another program has the port open",
  ask({ machine, needs }) {
    if (!needs?.port || !exists(machine, needs.port)) return null;
    const device = resolved(machine, needs.port);
    const [holder] = holdersOf(machine, device);
    if (holder === undefined) {
      const { id, name } = machine.user;
      return ok(`no program${id === 0 ? "" : ` that ${name} may inspect`} has ${needs.port} open`);
    }
    const { id, name, words } = holder;
    if (words.some((word) => /(^|\/)rivulet(\.cjs)?$|\/cli\.js$/.test(word)) && words.includes("run")) {
      return ok(`the daemon itself (process ${id}) has ${needs.port} open`);
    }
    if (isGetty(holder)) {
      return problem(
        `a login console (${name}, process ${id}) has ${needs.port} open; disable it`,
        stopGetty(device),
      );
    }
    if (name === "ModemManager") {
      return problem(
        `ModemManager has ${needs.port} open and treats it as a modem; disable it`,
        stopModemManager,
      );
    }
    return (
      holdingPortUser(name, needs.port) ??
      problem(`${name} (process ${id}) has ${needs.port} open; end it`, `kill ${id}`)
    );
  },
};

const stopGetty = (device: string) =>
  `sudo systemctl disable --now ${quoted(`serial-getty@${device.slice("/dev/".length)}.service`)}`;

const stopModemManager = "sudo systemctl disable --now ModemManager.service";

/** Whether ModemManager runs, which opens each new USB port for some seconds and writes to it. */
export const modemManager: Check = {
  name: "modem manager",
  question: "whether ModemManager probes the ports",
  ask({ machine, needs }) {
    const onUsb = (path: string) => /^\/dev\/tty(ACM|USB)/.test(path);
    const concerned = needs === null || (needs.port !== null && onUsb(resolved(machine, needs.port)));
    if (!concerned || !runningPrograms(machine).some(({ name }) => name === "ModemManager")) return null;
    return warning(
      "ModemManager runs and writes to each new USB port to find modems; a sensor may treat these bytes as commands",
      stopModemManager,
    );
  },
};

/** Whether the port's name stays with the device. */
export const stableName: Check = {
  name: "port name",
  question: "whether the port's name stays with the device",
  ask({ machine, needs }) {
    if (!needs?.port || !/^\/dev\/tty(ACM|USB)\d+$/.test(needs.port)) return null;
    const found = surveyPorts(machine.root).find(({ path }) => path === needs.port);
    if (!found?.stablePath) return null;
    return warning(
      `${needs.port} may be another device after a reboot, ${found.stablePath} stays the same; name that in source.serial.path`,
      replaceInFile(needs.port, found.stablePath, needs.config),
    );
  },
};
