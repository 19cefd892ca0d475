import { readFileSync, realpathSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { parseGroups } from "../machine/groups.ts";
import { findByDevice } from "../samples/ports/port-finder.ts";
import { type UsbDevice, usbDeviceOf } from "../samples/ports/port-survey.ts";

/** What a service needs to know of a serial port. */
export interface PortFacts {
  /** Path in the config; `null` where the config names a USB device instead. */
  path: string | null;
  /** The kernel's name of the device, such as ttyACM0; `null` where it is not plugged in. */
  kernelName: string | null;
  /** Names in /proc/devices of the drivers that the port may belong to, such as ttyACM. */
  classes: string[];
  /** The USB device of the port; `null` where it has none or is not plugged in. */
  usb: UsbDevice | null;
  /** The group that may use the port; `null` where there is none that a service should join. */
  group: string | null;
}

/** Where to read these facts: other paths for tests and mounted images. */
interface Places {
  /** Mount point of sysfs. */
  sys?: string;
  /** The file /etc/group. */
  groups?: string;
}

/**
 * Describes a serial port. Never throws.
 *
 * The kernel describes a port that is plugged in; of a missing port only the name is known. A USB device that is not
 * plugged in, or that matches several ports, has no kernel name.
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
  // A name that udev gives to a device, which is not plugged in. It ends in a port number if the driver can have several.
  if (path.startsWith("/dev/serial/") && device === null)
    return [/-port\d+$/.test(name) ? "ttyUSB" : "ttyACM"];
  if (/^serial\d+$/.test(name)) return ["ttyAMA", "ttyS"];
  const known = /^(tty[A-Z][A-Za-z]*|ttymxc|rfcomm)\d+$/.exec(name);
  return known === null ? ["ttyACM", "ttyUSB"] : [known[1]];
}

/** Returns the first of these group names that exists in /etc/group; `null` where none does. */
export function firstGroup(names: readonly string[], file = "/etc/group"): string | null {
  const groups = groupsIn(file);
  return names.find((name) => groups.some((group) => group.name === name)) ?? null;
}

const groupsIn = (file: string) => parseGroups(attempt(() => readFileSync(file, "utf8")) ?? "");

/** The group of a port that is plugged in, otherwise the usual group of serial ports on this Linux distribution. */
function groupOf(device: string | null, file: string): string | null {
  const id = device === null ? 0 : (attempt(() => statSync(device).gid) ?? 0);
  // The group root would permit far more than a port.
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
