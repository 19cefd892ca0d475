/**
 * Finds the present device file of a port. A device that is plugged in again while its old port is still open gets
 * another name, and another device may have got the old name.
 */
import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { type SurveyedPort, surveyPorts, type UsbDevice, usbDeviceBehind } from "./port-survey.ts";
import { PortError } from "./ports.ts";

/** Finds the path of one port, at each opening. */
export interface PortFinder {
  /** The port that is searched, as a part of a sentence. */
  readonly name: string;
  /** The device of a port that was found under another name, as a part of a sentence. */
  readonly device: string;
  /**
   * Returns the path to open now.
   * @throws PortError `missing`, `different` or `ambiguous` when no file is known to be that port
   */
  find(): string;
  /** Call it once `path` is open: the device found there is searched from now on. */
  opened(path: string): void;
}

/** Creates a finder of the port of a USB device. `root`, here and below: folder used instead of "/". */
export function findByDevice(device: UsbDevice, root: string): PortFinder {
  const name = `the serial port of the ${usbDeviceName(device)}`;
  return {
    name,
    device: `the ${usbDeviceName(device)}`,
    find() {
      const [first, ...others] = surveyPorts(root).filter(({ usb, serialNumber }) => {
        const isOfKind = usb === `${device.vendor}:${device.product}`;
        return isOfKind && (device.serialNumber === null || serialNumber === device.serialNumber);
      });
      if (first === undefined) {
        throw new PortError(
          "missing",
          `there is no serial port of the ${usbDeviceName(device)}; plug it in, or name one that "rivulet ports" lists`,
        );
      }
      if (others.length === 0) return join(root, first.path);
      throw new PortError(
        "ambiguous",
        `found ${1 + others.length} serial ports of the ${usbDeviceName(device)}, ${listed([first, ...others])}, ` +
          "expected one; name the serial number, or a stable path below /dev/serial",
      );
    },
    opened() {},
  };
}

/**
 * Creates a finder of a port by its path, and by the USB device found there at the first opening: later no other device
 * is opened in its place. Devices of one model without serial numbers cannot be distinguished, so such a device is
 * searched under other names only if it was the only one of its model at first, and is now. A port that is not on USB
 * is found by its path only.
 */
export function findByPath(path: string, root: string): PortFinder {
  let known: SurveyedPort | undefined;
  let isUnlike = false;
  return {
    name: `the serial port ${path}`,
    device: `the device that was ${path}`,
    find() {
      if (known === undefined) return path;
      const ports = surveyPorts(root);
      if (isSame(portAt(path, ports, root), known)) return path;
      const [first, ...others] = ports.filter((port) => isSame(port, known));
      if (first !== undefined && others.length === 0 && isUnlike) return join(root, first.path);
      const device = `the ${usbDeviceName(usbDeviceBehind(known) as UsbDevice)} that it was`;
      if (first !== undefined) {
        throw new PortError(
          "ambiguous",
          `the serial port ${path} is gone, and ${listed([first, ...others])} cannot be identified as ${device}, ` +
            "because devices of this model look the same; plug it in where it was",
        );
      }
      if (!existsSync(path)) {
        throw new PortError(
          "missing",
          `there is no serial port ${path}, and no other port of ${device}; plug it in`,
        );
      }
      throw new PortError(
        "different",
        `the serial port ${path} is now another device, expected ${device}; plug that one in, or restart to use this one`,
      );
    },
    opened(openedPath) {
      if (known !== undefined) return;
      const ports = surveyPorts(root);
      const port = portAt(openedPath, ports, root);
      if (port === undefined || port.usb === null) return;
      known = port;
      isUnlike = ports.filter((other) => isSame(other, port)).length === 1;
    },
  };
}

/** Returns the port that a path leads to, also through links. */
function portAt(path: string, ports: readonly SurveyedPort[], root: string): SurveyedPort | undefined {
  const target = realPath(path);
  if (target === undefined) return undefined;
  return ports.find((port) => realPath(join(root, port.path)) === target);
}

/** Whether both are the same port of the same device, as far as their properties show. */
function isSame(port: SurveyedPort | undefined, known: SurveyedPort | undefined): boolean {
  return (
    port?.usb === known?.usb && port?.serialNumber === known?.serialNumber && port?.usbPort === known?.usbPort
  );
}

/** Names a USB device: `USB device 2341:0043 with the serial number 7573`. */
export function usbDeviceName({ vendor, product, serialNumber }: UsbDevice): string {
  const number = serialNumber === null ? "" : ` with the serial number ${serialNumber}`;
  return `USB device ${vendor}:${product}${number}`;
}

const listed = (ports: readonly SurveyedPort[]) => ports.map(({ path }) => path).join(", ");

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
