/**
 * Lists the serial ports that Linux knows, with names, maker and serial number. It reads /sys, so that no port is
 * opened (opening resets an Arduino), and udev is needed only for the stable names.
 */
import { readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

/** A USB device, as lsusb prints it: vendor and product are four hexadecimal digits each, in lower case. */
export interface UsbDevice {
  vendor: string;
  product: string;
  /** Null: it has none, as cheap adapters, which cannot be distinguished from each other. */
  serialNumber: string | null;
}

export interface SurveyedPort {
  /** Path of the device file, `/dev/ttyUSB0`. */
  path: string;
  /** Links to it in /dev, `/dev/serial0`. */
  aliases: string[];
  /** Stable path of the device, `/dev/serial/by-id/...`, where udev provides one. */
  stablePath: string | null;
  maker: string | null;
  product: string | null;
  serialNumber: string | null;
  /** USB vendor and product number, `2341:0043`; null for a port that is not on USB. */
  usb: string | null;
  /** Which port of its USB device it is, `00` or `00-1`: an adapter may have several; null if it is not on USB. */
  usbPort: string | null;
  driver: string | null;
}

/** Returns every serial port with a device, those with a stable path first. `root`: folder used instead of "/". */
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

/** Whether a name in /dev is a real port: consoles have no device, and most of a PC's 32 `ttyS` have no UART. */
export function isPort(root: string, name: string): boolean {
  if (!/^(tty[A-Za-z]|rfcomm)/.test(name) || name === "ttyprintk") return false;
  const folder = join(root, "sys/class/tty", name);
  if (/^ttyS\d/.test(name)) return textAt(join(folder, "type")) !== "0" && names(folder).includes("device");
  return name.startsWith("rfcomm") || names(folder).includes("device");
}

/** Returns the USB device of a port, by the port's `device` link in /sys; null if it is not on USB. */
export function usbDeviceOf(link: string): UsbDevice | null {
  return usbDeviceBehind(deviceOf(link));
}

/** Returns the USB device of a surveyed port; null if it is not on USB. */
export function usbDeviceBehind({
  usb,
  serialNumber,
}: Pick<SurveyedPort, "usb" | "serialNumber">): UsbDevice | null {
  if (usb === null) return null;
  const [vendor, product] = usb.split(":");
  return { vendor, product, serialNumber };
}

/** Collects the properties in /sys from a port's device up to its USB device. */
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
    // Since Linux 6.5 these two are between a UART and its driver.
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

/** Returns the links in a folder and their targets, both as absolute paths below "/". */
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
