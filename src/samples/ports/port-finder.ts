/**
 * Which file stands for a port just now. A device that is plugged in again while its old port is still open gets
 * another name, and somebody else may have got the old one.
 */
import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { type SurveyedPort, surveyPorts, type UsbDevice, usbDeviceBehind } from "./port-survey.ts";
import { PortError } from "./ports.ts";

export interface PortFinder {
  /** What is looked for, as a part of a sentence. */
  readonly name: string;
  /** What a port is that was found under another name, as a part of a sentence. */
  readonly device: string;
  /**
   * The path to open now.
   * @throws PortError `missing`, `different` or `ambiguous`: no file is known to be that port
   */
  find(): string;
  /** To be called once `path` is open: what it is then is what is looked for from now on. */
  opened(path: string): void;
}

/** Finds the port of a device. `root` stands for "/", here and below. */
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
          `there is no serial port of the ${usbDeviceName(device)}: plug it in, or name one that "rivulet ports" shows`,
        );
      }
      if (others.length === 0) return join(root, first.path);
      throw new PortError(
        "ambiguous",
        `${1 + others.length} serial ports are of the ${usbDeviceName(device)}, ${listed([first, ...others])}: ` +
          "name the serial number, or the path that stays with the one that is meant",
      );
    },
    opened() {},
  };
}

/**
 * Finds a port by its path, and by the USB device that it was when it was first opened: later another one is never
 * opened in its place. Devices without a serial number look alike, so such a one is looked for under other names only
 * if there was no other of its kind at first, and is one only now. What is not on USB has nothing but its path.
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
          `the serial port ${path} is gone, and whether ${listed([first, ...others])} is ${device} cannot be told, as ` +
            `others look the same: plug it in where it was`,
        );
      }
      if (!existsSync(path)) {
        throw new PortError("missing", `there is no serial port ${path}, and no other one of ${device}`);
      }
      throw new PortError(
        "different",
        `the serial port ${path} is another device now, not ${device}: plug that one in, or start anew with this one`,
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

/** The port that a path leads to, by whatever name. */
function portAt(path: string, ports: readonly SurveyedPort[], root: string): SurveyedPort | undefined {
  const target = realPath(path);
  if (target === undefined) return undefined;
  return ports.find((port) => realPath(join(root, port.path)) === target);
}

/** The same port of the same device, as far as can be told. */
function isSame(port: SurveyedPort | undefined, known: SurveyedPort | undefined): boolean {
  return (
    port?.usb === known?.usb && port?.serialNumber === known?.serialNumber && port?.usbPort === known?.usbPort
  );
}

/** `USB device 2341:0043 with the serial number 7573`. */
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
