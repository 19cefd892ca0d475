import type { PortFacts } from "./port.ts";

/** Whether a port's name stays with the device, whatever else is plugged in. */
const isStable = (path: string) => path.startsWith("/dev/serial/by-id/");

/** A rules file for udev. */
export interface UdevRule {
  text: string;
  /** Path of the link that the rule creates and that stays with the device; null where it creates none. */
  link: string | null;
}

/**
 * Returns the udev rule for the port of a service. It keeps ModemManager away, which writes to each new port for half a
 * minute to find out whether it is a modem, and it gives the device a stable name.
 *
 * @param service name of the service, also used for the link in /dev
 */
export function udevRule(service: string, { path, kernelName, usb }: PortFacts): UdevRule {
  const head = `# The port of ${service} is not a modem: ModemManager must not use it.\n`;
  if (usb !== null) {
    const { vendor, product, serialNumber } = usb;
    const number = serialNumber === null ? [] : ["serial", serialNumber];
    const match = (key: "ATTR" | "ATTRS") =>
      [["idVendor", vendor], ["idProduct", product], number]
        .filter((pair) => pair.length > 0)
        .map(([name, value]) => `${key}{${name}}=="${asPattern(value)}"`)
        .join(", ");
    const link = path === null || isStable(path) ? null : service;
    const naming = link === null ? "" : `, SYMLINK+="${link}"`;
    return {
      link: link === null ? null : `/dev/${link}`,
      text: `${head}ACTION!="remove", SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", ${match("ATTR")}, ENV{ID_MM_DEVICE_IGNORE}="1"
ACTION!="remove", SUBSYSTEM=="tty", ${match("ATTRS")}, ENV{ID_MM_PORT_IGNORE}="1"${naming}
`,
    };
  }
  const name = kernelName ?? String(path).replace(/^\/dev\//, "");
  const port =
    kernelName === null && name.includes("/")
      ? `ENV{DEVLINKS}=="*${asPattern(String(path))}*"`
      : `KERNEL=="${asPattern(name)}"`;
  const keys = ["ID_MM_DEVICE_IGNORE", "ID_MM_PORT_IGNORE"].map((key) => `ENV{${key}}="1"`).join(", ");
  return { link: null, text: `${head}ACTION!="remove", SUBSYSTEM=="tty", ${port}, ${keys}\n` };
}

/** A text as a pattern of udev; every character with a special meaning becomes `?`, which matches any character. */
function asPattern(text: string): string {
  return text.replaceAll(/[^\w. :/+#@-]/g, "?");
}
