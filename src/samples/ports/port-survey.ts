/**
 * What Linux knows of its serial ports: names, maker, serial number. Read from /sys, which the kernel fills, so that
 * nothing is opened (opening resets an Arduino) and nothing is needed of udev but the names that stay.
 */
import { readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

/** A device on USB as lsusb prints it: vendor and product are four hex digits in lower case each. */
export interface UsbDevice {
  vendor: string;
  product: string;
  /** Null: it has none, as cheap adapters do, which cannot be told from each other. */
  serialNumber: string | null;
}

export interface SurveyedPort {
  /** Name of the device as the kernel gives it, `/dev/ttyUSB0`. */
  path: string;
  /** Other names that the system gives it, `/dev/serial0`. */
  aliases: string[];
  /** Name that stays with the device, `/dev/serial/by-id/...`, where udev provides one. */
  stablePath: string | null;
  maker: string | null;
  product: string | null;
  serialNumber: string | null;
  /** Vendor and product as USB counts them, `2341:0043`; null for what is not on USB. */
  usb: string | null;
  /** Which port of its USB device it is, `00` or `00-1`: an adapter may have several; null for what is not on USB. */
  usbPort: string | null;
  driver: string | null;
}

/** Every serial port that has a device behind it, those with a stable name first. `root` stands for "/". */
export function surveyPorts(root = "/"): SurveyedPort[] {
  const stable = linksIn(root, "/dev/serial/by-id");
  const aliases = linksIn(root, "/dev");
  return names(join(root, "sys/class/tty"))
    .filter((name) => isPort(root, name))
    .map((name): SurveyedPort => {
      const path = `/dev/${name}`;
      return {
        path,
        aliases: [...aliases].filter(([, target]) => target === path).map(([link]) => link),
        stablePath: [...stable].find(([, target]) => target === path)?.[0] ?? null,
        ...deviceOf(join(root, "sys/class/tty", name, "device")),
      };
    })
    .sort(
      (left, right) =>
        Number(left.stablePath === null) - Number(right.stablePath === null) ||
        left.path.localeCompare(right.path, "en", { numeric: true }),
    );
}

/** Whether there is a port behind a name: consoles have no device, and of a PC's 32 `ttyS` most have no UART. */
export function isPort(root: string, name: string): boolean {
  if (!/^(tty[A-Za-z]|rfcomm)/.test(name) || name === "ttyprintk") return false;
  const folder = join(root, "sys/class/tty", name);
  if (/^ttyS\d/.test(name)) return textAt(join(folder, "type")) !== "0" && names(folder).includes("device");
  return name.startsWith("rfcomm") || names(folder).includes("device");
}

/** The USB device above a port, by the `device` link of the port in /sys; null where there is none. */
export function usbDeviceOf(link: string): UsbDevice | null {
  return usbDeviceBehind(deviceOf(link));
}

/** The USB device that a port belongs to; null where it is on none. */
export function usbDeviceBehind({
  usb,
  serialNumber,
}: Pick<SurveyedPort, "usb" | "serialNumber">): UsbDevice | null {
  if (usb === null) return null;
  const [vendor, product] = usb.split(":");
  return { vendor, product, serialNumber };
}

/** What is written on the way from a port's device up to the USB device that holds it. */
function deviceOf(link: string): Omit<SurveyedPort, "path" | "aliases" | "stablePath"> {
  const found = {
    ...{ maker: null, product: null, serialNumber: null, usb: null, usbPort: null },
    driver: null as string | null,
  };
  let usbPort = "";
  let folder: string;
  try {
    folder = realpathSync(link);
  } catch {
    return found;
  }
  // An adapter with several ports is four steps above its port.
  for (let step = 0; step < 6; step++, folder = dirname(folder)) {
    const driver = linkTarget(join(folder, "driver"));
    // Those two stand between a UART and its driver since Linux 6.5.
    if (driver !== null && found.driver === null && driver !== "port" && driver !== "ctrl")
      found.driver = driver;
    const number = textAt(join(folder, "port_number"));
    if (number !== null) usbPort = `-${number}`;
    usbPort = (textAt(join(folder, "bInterfaceNumber")) ?? "") + usbPort;
    const vendor = textAt(join(folder, "idVendor"));
    if (vendor === null) continue;
    return {
      ...found,
      maker: textAt(join(folder, "manufacturer")),
      product: textAt(join(folder, "product")),
      serialNumber: textAt(join(folder, "serial")),
      usb: `${vendor}:${textAt(join(folder, "idProduct")) ?? "?"}`,
      usbPort,
    };
  }
  return found;
}

/** Links of a folder and what they point to, both as paths of the machine. */
function linksIn(root: string, folder: string): Map<string, string> {
  const links = new Map<string, string>();
  for (const name of names(join(root, folder))) {
    const target = linkText(join(root, folder, name));
    if (target !== null) links.set(join(folder, name), resolve(folder, target));
  }
  return links;
}

function linkTarget(path: string): string | null {
  const target = linkText(path);
  return target === null ? null : basename(target);
}

function linkText(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textAt(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim() || null;
  } catch {
    return null;
  }
}
