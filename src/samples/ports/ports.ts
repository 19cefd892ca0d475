/** The serial ports of a machine, and why one of them cannot be opened. */
import { promises, type Stats } from "node:fs"; // loaded when it is asked for, and a daemon whose port opens never asks
import { userInfo } from "node:os";
import { join, resolve } from "node:path";
import { RivuletError } from "../../errors/errors.ts";
import { groupById } from "../../machine/groups.ts";
import { isPort } from "./port-survey.ts";

export interface SerialPortEntry {
  /** Name of the device as the kernel gives it, `/dev/ttyUSB0`. It may change with the order of plugging in. */
  path: string;
  /** Name that stays with the device, `/dev/serial/by-id/...`, where udev provides one. */
  stablePath?: string;
}

/**
 * Adapters and boards on USB, the UARTs of ARM boards, and what macOS calls them. Not the `ttyS` of a PC, of which Linux
 * shows 32 whether there is a UART behind them or not: those are asked for one by one.
 */
const portName = /^(ttyACM|ttyUSB|ttyAMA|ttyTHS|ttymxc|serial|rfcomm|cu\.usb)/;

/**
 * The serial ports that there seem to be, those with a stable name first.
 *
 * It is asked for at each attempt to open one that is away, and so does not survey them, which takes much longer.
 *
 * @param root stands for "/", for tests
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
 * Why a port cannot be opened. These can pass by themselves: it is `missing`, `different` (another device has its
 * name), `ambiguous` (several ports could be meant), `forbidden` or `busy`. `unsuitable` cannot: that is no serial
 * port, or not with these settings.
 */
export type PortFailureKind =
  | "missing"
  | "different"
  | "ambiguous"
  | "forbidden"
  | "busy"
  | "unsuitable"
  | "failing";

/** A port that could not be opened; the message is a sentence for the user. */
export class PortError extends RivuletError {
  override name = "PortError";
  readonly kind: PortFailureKind;

  constructor(kind: PortFailureKind, message: string) {
    super(`port.${kind}`, message);
    this.kind = kind;
  }
}

/**
 * Turns what opening a port threw into a sentence. The file system is asked first, as errors of the bindings carry
 * nothing but a text.
 *
 * @param root stands for "/" where the machine says which ports it has
 */
export async function describeOpenFailure(path: string, error: unknown, root = "/"): Promise<PortError> {
  const text = error instanceof Error ? error.message : String(error);
  const device = await promises.stat(path).catch((failure: NodeJS.ErrnoException) => failure);
  if (device instanceof Error) {
    if (device.code === "ENOENT") return missing(path, root);
    return new PortError("failing", `the serial port ${path} cannot be reached: ${device.message}`);
  }
  // It may have come back since.
  if (/no such file/i.test(text)) return missing(path, root);
  if (!device.isCharacterDevice()) {
    const found = device.isDirectory() ? "a folder" : device.isFile() ? "a file" : "not a device";
    return new PortError(
      "unsuitable",
      `${path} is ${found}, not a serial port: name a port such as ${await examplePort(root)}`,
    );
  }
  if (/permission denied|operation not permitted|EACCES|EPERM/i.test(text)) {
    return new PortError("forbidden", await forbiddenSentence(path, device));
  }
  if (/cannot lock|temporarily unavailable|resource busy|EBUSY|EAGAIN/i.test(text)) {
    return new PortError(
      "busy",
      `the serial port ${path} is in use by another program: close that program ("fuser -v ${path}" names it)`,
    );
  }
  if (/baud ?rate/i.test(text) && !/inappropriate ioctl/i.test(text)) {
    return new PortError(
      "unsuitable",
      `the serial port ${path} does not take this baud rate: ${detail(text)}`,
    );
  }
  if (/inappropriate ioctl|ENOTTY|invalid/i.test(text)) {
    return new PortError(
      "unsuitable",
      `${path} is not a serial port, or takes none of these settings (${detail(text)}): ` +
        `name a port such as ${await examplePort(root)}`,
    );
  }
  return new PortError(
    "failing",
    `the serial port ${path} cannot be opened (${detail(text)}): check the device and its cable`,
  );
}

async function missing(path: string, root: string): Promise<PortError> {
  const names = await portNames(root);
  const advice =
    names.length === 0
      ? 'plug the device in, then "rivulet ports" names its port'
      : `use one of ${names.join(", ")}`;
  return new PortError("missing", `there is no serial port ${path}: ${advice}`);
}

async function examplePort(root: string): Promise<string> {
  const [name = "/dev/ttyACM0"] = await portNames(root);
  return name;
}

/** What each port of the machine is best called. */
async function portNames(root: string): Promise<string[]> {
  const ports = await listSerialPorts(root);
  return ports.map(({ path, stablePath }) => stablePath ?? path);
}

/**
 * What lets a user open a port who may not: a `rule` of udev that gives it to another group; to `join` its group; or,
 * where that was done since this session began, to `log in` again.
 */
export function remedyFor(
  { gid, mode }: { gid: number; mode: number },
  isMember: boolean,
): "rule" | "join" | "log in" {
  // Membership of root's own group would open far more than a port.
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
      const fault = groupMayUse(status.mode) ? "is the administrator's" : "may not read and write it";
      return (
        `${beginning}: its group "${group.name}" ${fault}; ` +
        'give it to the group dialout by a udev rule with GROUP="dialout", MODE="0660"'
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

/** An error text of the bindings without its opening word. */
function detail(text: string): string {
  return text.replace(/^Error:? ?/, "");
}
