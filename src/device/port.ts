import { readFileSync, realpathSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { parseGroups } from "../machine/groups.ts";
import { findByDevice } from "../samples/ports/port-finder.ts";
import { type UsbDevice, usbDeviceOf } from "../samples/ports/port-survey.ts";

/** What a machine says of a serial port before a service is made for it. */
export interface PortFacts {
  /** As it is configured; `null` where the config names the device. */
  path: string | null;
  /** Name that the kernel gives the device, such as ttyACM0; `null` where it is not plugged in. */
  kernelName: string | null;
  /** Names of the drivers in /proc/devices, such as ttyACM, whose ports it can be one of. */
  classes: string[];
  usb: UsbDevice | null;
  /** The group that may use it; `null` where there is none that a service should be in. */
  group: string | null;
}

/** Where a machine says it; other folders for tests and images. */
interface Places {
  /** The kernel's folder of devices. */
  sys?: string;
  /** The file of groups. */
  groups?: string;
}

/**
 * What is known of a port: of one that is plugged in by the kernel, of one that is away by its name. A device that is
 * away, or of which there are several, has no kernel's name. Never fails.
 */
export function describePort(
  port: string | UsbDevice,
  { sys = "/sys", groups = "/etc/group" }: Places = {},
): PortFacts {
  const named = typeof port === "string" ? port : null;
  const path = typeof port === "string" ? port : attempt(() => findByDevice(port, "/").find());
  const device = path === null ? null : attempt(() => realpathSync(path));
  const kernelName = device === null ? null : basename(device);
  const usb = kernelName === null ? null : usbDeviceOf(join(sys, "class/tty", kernelName, "device"));
  return {
    path: named,
    kernelName,
    classes: classesOf(path ?? "", device),
    usb: typeof port === "string" ? usb : port,
    group: groupOf(device, groups),
  };
}

function classesOf(path: string, device: string | null): string[] {
  if (device?.startsWith("/dev/pts/")) return ["pts"];
  const name = basename(device ?? path);
  // A name that udev gives, of a device that is away. It ends in a port's number where a driver can have several.
  if (path.startsWith("/dev/serial/") && device === null)
    return [/-port\d+$/.test(name) ? "ttyUSB" : "ttyACM"];
  if (/^serial\d+$/.test(name)) return ["ttyAMA", "ttyS"];
  const known = /^(tty[A-Z][A-Za-z]*|ttymxc|rfcomm)\d+$/.exec(name);
  return known === null ? ["ttyACM", "ttyUSB"] : [known[1]];
}

/** The one of some groups that a machine has; `null` where it has none of them. */
export function firstGroup(names: readonly string[], file = "/etc/group"): string | null {
  const groups = groupsIn(file);
  return names.find((name) => groups.some((group) => group.name === name)) ?? null;
}

const groupsIn = (file: string) => parseGroups(attempt(() => readFileSync(file, "utf8")) ?? "");

/** The group of a port that is there, else the one that such ports belong to on this kind of Linux. */
function groupOf(device: string | null, file: string): string | null {
  const id = device === null ? 0 : (attempt(() => statSync(device).gid) ?? 0);
  // Root's own group would open far more than a port.
  const own = id === 0 ? undefined : groupsIn(file).find((group) => group.id === id);
  return own?.name ?? firstGroup(["dialout", "uucp"], file);
}

function attempt<Value>(read: () => Value): Value | null {
  try {
    return read();
  } catch {
    return null;
  }
}
