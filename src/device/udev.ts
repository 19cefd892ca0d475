import type { PortFacts } from "./port.ts";

/** Whether a port's name goes with the device, whatever else is plugged in. */
const isStable = (path: string) => path.startsWith("/dev/serial/by-id/");

export interface UdevRule {
  text: string;
  /** A name that stays with the device, where the rule makes one. */
  link: string | null;
}

/**
 * What udev is to do with the port of a service: keep ModemManager away, which writes to each new port for half a
 * minute to find out whether it is a modem, and give the device a name that stays.
 */
export function udevRule(service: string, { path, kernelName, usb }: PortFacts): UdevRule {
  const head = `# The port of ${service}: no modem, so ModemManager leaves it alone.\n`;
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

/** A text as udev compares it, with every character that means something there left open. */
function asPattern(text: string): string {
  return text.replaceAll(/[^\w. :/+#@-]/g, "?");
}
