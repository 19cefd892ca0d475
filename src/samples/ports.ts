/** The serial ports of a machine, and why one of them cannot be opened. */
import { promises } from "node:fs"; // loaded when it is asked for, and a daemon whose port opens never asks
import { userInfo } from "node:os";
import { join, resolve } from "node:path";
import { RivuletError } from "../errors.ts";

export interface SerialPortEntry {
  /** Name of the device as the kernel gives it, `/dev/ttyUSB0`. It may change with the order of plugging in. */
  path: string;
  /** Name that stays with the device, `/dev/serial/by-id/...`, where udev provides one. */
  stablePath?: string;
}

/**
 * Adapters and boards on USB, the UARTs of ARM boards, and what macOS calls them. Left out are the `ttyS` of a PC, of
 * which Linux shows 32 whether there is a UART behind them or not.
 */
const portName = /^(ttyACM|ttyUSB|ttyAMA|ttyTHS|ttymxc|serial|rfcomm|cu\.usb)/;

/**
 * The serial ports that there seem to be, those with a stable name first.
 *
 * @param deviceDirectory where to look, for tests
 */
export async function listSerialPorts(deviceDirectory = "/dev"): Promise<SerialPortEntry[]> {
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
    if (!portName.test(name) || name === "serial") continue;
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
    super(message);
    this.kind = kind;
  }
}

/**
 * Turns what opening a port threw into a sentence. The file system is asked first, as errors of the bindings carry
 * nothing but a text.
 */
export async function describeOpenFailure(path: string, error: unknown): Promise<PortError> {
  const text = error instanceof Error ? error.message : String(error);
  const device = await promises.stat(path).catch((failure: NodeJS.ErrnoException) => failure);
  if (device instanceof Error) {
    if (device.code === "ENOENT") return missing(path);
    return new PortError("failing", `the serial port ${path} cannot be reached: ${device.message}`);
  }
  // It may have come back since.
  if (/no such file/i.test(text)) return missing(path);
  if (!device.isCharacterDevice()) {
    const found = device.isDirectory() ? "a folder" : device.isFile() ? "a file" : "not a device";
    return new PortError(
      "unsuitable",
      `${path} is ${found}, not a serial port: name a port such as ${await examplePort()}`,
    );
  }
  if (/permission denied|operation not permitted|EACCES|EPERM/i.test(text)) {
    return new PortError("forbidden", await forbiddenSentence(path, device.gid, device.mode));
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
        `name a port such as ${await examplePort()}`,
    );
  }
  return new PortError(
    "failing",
    `the serial port ${path} cannot be opened (${detail(text)}): check the device and its cable`,
  );
}

async function missing(path: string): Promise<PortError> {
  const ports = await listSerialPorts();
  const advice =
    ports.length === 0
      ? 'plug the device in, then "rivulet ports" names its port'
      : `use one of ${ports.map((port) => port.stablePath ?? port.path).join(", ")}`;
  return new PortError("missing", `there is no serial port ${path}: ${advice}`);
}

async function examplePort(): Promise<string> {
  const [port] = await listSerialPorts();
  return port?.stablePath ?? port?.path ?? "/dev/ttyACM0";
}

async function forbiddenSentence(path: string, groupId: number, mode: number): Promise<string> {
  const beginning = `no permission to open the serial port ${path}`;
  const group = await readGroup(groupId);
  const groupMayUse = (mode & 0o060) === 0o060;
  // Membership of root's own group would open far more than a port.
  if (groupId === 0 || !groupMayUse) {
    return (
      `${beginning}: its group "${group.name}" ${groupMayUse ? "is the administrator's" : "may not read and write it"}; ` +
      'give it to the group dialout by a udev rule with GROUP="dialout", MODE="0660"'
    );
  }
  const user = userInfo().username;
  if (group.members.includes(user)) {
    return `${beginning}: ${user} was added to its group "${group.name}" after this session began; log out and in again`;
  }
  return (
    `${beginning}: it belongs to the group "${group.name}"; ` +
    `run "sudo usermod -aG ${group.name} ${user}", then log out and in again`
  );
}

async function readGroup(groupId: number): Promise<{ name: string; members: string[] }> {
  const groups = await promises.readFile("/etc/group", "utf8").catch(() => "");
  for (const line of groups.split("\n")) {
    const [name, , id, members = ""] = line.split(":");
    if (id !== undefined && Number(id) === groupId) return { name, members: members.split(",") };
  }
  return { name: String(groupId), members: [] };
}

async function entries(directory: string): Promise<string[]> {
  return promises.readdir(directory).catch(() => []);
}

/** An error text of the bindings without its opening word. */
function detail(text: string): string {
  return text.replace(/^Error:? ?/, "");
}
