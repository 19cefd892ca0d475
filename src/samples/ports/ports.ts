/** Lists the serial ports of a machine, and explains why one cannot be opened. */
import { promises, type Stats } from "node:fs"; // Node loads `promises` at the first use, after a port has failed
import { userInfo } from "node:os";
import { join, resolve } from "node:path";
import { RivuletError } from "../../errors/errors.ts";
import { groupById } from "../../machine/groups.ts";
import { isPort } from "./port-survey.ts";

export interface SerialPortEntry {
  /** Path of the device file, `/dev/ttyUSB0`. It may change with the order of plugging in. */
  path: string;
  /** Stable path of the device, `/dev/serial/by-id/...`, where udev provides one. */
  stablePath?: string;
}

/**
 * Names of USB adapters and boards, of the UARTs of ARM boards, and of ports on macOS. Not the `ttyS` of a PC: Linux
 * lists 32 of them, with or without a UART, so each is checked.
 */
const portName = /^(ttyACM|ttyUSB|ttyAMA|ttyTHS|ttymxc|serial|rfcomm|cu\.usb)/;

/**
 * Lists the serial ports by their names, those with a stable path first.
 *
 * It runs at each attempt to open a missing port. So it does not read their properties, which takes much longer.
 *
 * @param root folder used instead of "/", for tests
 */
export async function listSerialPorts(root = "/"): Promise<SerialPortEntry[]> {
  const deviceDirectory = join(root, "dev");
  const stableNames = new Map<string, string>();
  const byId = join(deviceDirectory, "serial/by-id");
  for (const name of await entries(byId)) {
    const target = await promises.readlink(join(byId, name)).catch(() => undefined);
    if (target !== undefined) stableNames.set(resolve(byId, target), join(byId, name));
  }
  const ports: SerialPortEntry[] = [];
  for (const name of await entries(deviceDirectory)) {
    const path = join(deviceDirectory, name);
    // `serial` itself is the folder of stable names; `serial0` is the UART on a Raspberry Pi's header.
    if (name === "serial") continue;
    const isListed = portName.test(name) || (name.startsWith("ttyS") && isPort(root, name));
    if (!isListed) continue;
    const stablePath = stableNames.get(path);
    ports.push(stablePath === undefined ? { path } : { path, stablePath });
  }
  return ports.sort(
    (left, right) =>
      Number(left.stablePath === undefined) - Number(right.stablePath === undefined) ||
      left.path.localeCompare(right.path, "en", { numeric: true }),
  );
}

/**
 * Why a port cannot be opened. `missing`, `different` (another device has its name), `ambiguous` (several ports match),
 * `forbidden` and `busy` may change without a restart. `unsuitable` does not: the file is not a serial port, or does
 * not accept the settings. `failing` is any other failure.
 */
export type PortFailureKind =
  | "missing"
  | "different"
  | "ambiguous"
  | "forbidden"
  | "busy"
  | "unsuitable"
  | "failing";

/** Thrown when a port cannot be opened; the message is a sentence for the user. */
export class PortError extends RivuletError {
  override name = "PortError";
  readonly kind: PortFailureKind;

  constructor(kind: PortFailureKind, message: string) {
    super(`port.${kind}`, message);
    this.kind = kind;
  }
}

/**
 * Explains an error from opening a port in a sentence. It checks the file system first, because errors of the bindings
 * carry only a text.
 *
 * @param root folder used instead of "/" to list ports
 */
export async function describeOpenFailure(path: string, error: unknown, root = "/"): Promise<PortError> {
  const text = error instanceof Error ? error.message : String(error);
  const device = await promises.stat(path).catch((failure: NodeJS.ErrnoException) => failure);
  if (device instanceof Error) {
    if (device.code === "ENOENT") return missing(path, root);
    return new PortError("failing", `the serial port ${path} cannot be reached: ${device.message}`);
  }
  // The file may exist again by now.
  if (/no such file/i.test(text)) return missing(path, root);
  if (!device.isCharacterDevice()) {
    const found = device.isDirectory() ? "a folder" : device.isFile() ? "a file" : "not a device";
    return new PortError(
      "unsuitable",
      `${path} is ${found}, not a serial port; name a port such as ${await examplePort(root)}`,
    );
  }
  if (/permission denied|operation not permitted|EACCES|EPERM/i.test(text)) {
    return new PortError("forbidden", await forbiddenSentence(path, device));
  }
  if (/cannot lock|temporarily unavailable|resource busy|EBUSY|EAGAIN/i.test(text)) {
    return new PortError(
      "busy",
      `the serial port ${path} is in use by another program; close that program ("fuser -v ${path}" names it)`,
    );
  }
  if (/baud ?rate/i.test(text) && !/inappropriate ioctl/i.test(text)) {
    return new PortError(
      "unsuitable",
      `the serial port ${path} does not accept this baud rate (${detail(text)}); choose another`,
    );
  }
  if (/inappropriate ioctl|ENOTTY|invalid/i.test(text)) {
    return new PortError(
      "unsuitable",
      `${path} is not a serial port, or does not accept these settings (${detail(text)}); ` +
        `name a port such as ${await examplePort(root)}`,
    );
  }
  return new PortError(
    "failing",
    `the serial port ${path} cannot be opened (${detail(text)}); check the device and its cable`,
  );
}

async function missing(path: string, root: string): Promise<PortError> {
  const names = await portNames(root);
  const advice =
    names.length === 0
      ? 'plug the device in, then find its port with "rivulet ports"'
      : `use one of ${names.join(", ")}`;
  return new PortError("missing", `there is no serial port ${path}; ${advice}`);
}

async function examplePort(root: string): Promise<string> {
  const [name = "/dev/ttyACM0"] = await portNames(root);
  return name;
}

/** Returns the best path of each port of the machine. */
async function portNames(root: string): Promise<string[]> {
  const ports = await listSerialPorts(root);
  return ports.map(({ path, stablePath }) => stablePath ?? path);
}

/**
 * Returns how a user can get permission to open a port: by a udev `rule` that assigns it to another group; by `join`ing
 * its group; or, if the user joined after this session began, by `log in` again.
 */
export function remedyFor(
  { gid, mode }: { gid: number; mode: number },
  isMember: boolean,
): "rule" | "join" | "log in" {
  // Membership in root's group would permit far more than a port.
  if (gid === 0 || !groupMayUse(mode)) return "rule";
  return isMember ? "log in" : "join";
}

const groupMayUse = (mode: number) => (mode & 0o060) === 0o060;

async function forbiddenSentence(path: string, status: Stats): Promise<string> {
  const beginning = `no permission to open the serial port ${path}`;
  const groups = await promises.readFile("/etc/group", "utf8").catch(() => "");
  const group = groupById(groups, status.gid);
  const user = userInfo().username;
  switch (remedyFor(status, group.members.includes(user))) {
    case "rule": {
      const fault = groupMayUse(status.mode) ? "is reserved for root" : "may not read and write it";
      return (
        `${beginning}: its group "${group.name}" ${fault}; ` +
        'assign it to the group dialout by a udev rule with GROUP="dialout", MODE="0660"'
      );
    }
    case "log in":
      return `${beginning}: ${user} was added to its group "${group.name}" after this session began; log out and in again`;
    case "join":
      return (
        `${beginning}: it belongs to the group "${group.name}"; ` +
        `run "sudo usermod -aG ${group.name} ${user}", then log out and in again`
      );
  }
}

async function entries(directory: string): Promise<string[]> {
  return promises.readdir(directory).catch(() => []);
}

/** Returns an error text of the bindings without the leading "Error". */
function detail(text: string): string {
  return text.replace(/^Error:? ?/, "");
}
