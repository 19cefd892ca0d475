import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { diskError } from "../checkpoint/disk-error.ts";
import { type Config, devicesOf, loadConfig, sampleColumns } from "../config/config.ts";
import { planConfig } from "../config/plan-config.ts";
import { originOf, portsOf } from "../config/source-config.ts";
import { installedConfig } from "../device/installed-config.ts";
import { describePort, firstGroup, type PortFacts } from "../device/port.ts";
import { udevRule } from "../device/udev.ts";
import { unitText } from "../device/unit.ts";
import { RivuletError } from "../errors/errors.ts";
import { usbDeviceName } from "../samples/ports/port-finder.ts";
import type { UsbDevice } from "../samples/ports/port-survey.ts";
import { SampleRing } from "../samples/ring.ts";
import type { Invocation, Report } from "./command-line/command.ts";

const template = fileURLToPath(new URL("../../devices/systemd/rivulet.service", import.meta.url));
const commandLine = fileURLToPath(new URL("../../dist/bin/rivulet.cjs", import.meta.url));

/** A file of the installation. */
interface InstalledFile {
  /** As the system that is installed to names it. */
  path: string;
  text: string;
  /** What stands there now: nothing, this very text, or another one. */
  before: "missing" | "same" | "different";
}

/** Installs a config as a systemd service: a unit, a udev rule for its port, and a copy of the config. */
export async function run({ positionals: [file], options, switches }: Invocation): Promise<Report> {
  const dryRun = switches.has("dry-run");
  const root = resolve(options["root"] ?? "/");
  const isImage = root !== "/";
  const config = loadConfig(file);
  const service = serviceName(config);
  const { files, notes, refusal } = installation(config, service, root);
  if (!dryRun) {
    requireRoot(isImage);
    // An image may be built on a machine with other folders than the board.
    if (refusal !== null && !isImage) throw new RivuletError("install.forbidden", refusal);
    requireNew(files, switches.has("force"));
    for (const { path, text, before } of files) if (before !== "same") write(join(root, path), text);
  }
  if (refusal !== null) notes.push(refusal);
  const commands = isImage
    ? [`systemctl --root=${root} enable ${service}`]
    : [
        "udevadm control --reload && udevadm trigger --action=change --subsystem-match=usb --subsystem-match=tty",
        "systemctl daemon-reload",
        `systemctl enable --now ${service}`,
      ];
  return {
    data: { service, dryRun, root, files, notes, commands },
    text: [
      ...(dryRun
        ? files.map(({ path, text, before }) => `==> ${join(root, path)} (${wouldBe[before]})\n\n${text}`)
        : []),
      ...(dryRun ? [] : files.map(({ path, before }) => `${was[before]} ${join(root, path)}`)),
      `systemd makes the folder for checkpoints, /var/lib/${service}, when the service starts.`,
      ...notes.map((note) => `note: ${note}`),
      "",
      dryRun ? "Nothing was changed. After the installation these start it:" : "Start it with",
      "",
      ...commands.map((command) => `    ${command}`),
    ].join("\n"),
  };
}

const wouldBe = {
  missing: "would be written",
  same: "is there already",
  different: "is there with another content: only --force would replace it",
};
const was = { missing: "wrote", same: "kept", different: "replaced" };

function serviceName({ name, file }: Config): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) {
    throw new RivuletError(
      "install.bad-name",
      `${file} is named "${name}", which is no name for a service: give it one of letters, digits, dots, dashes or underscores with name:`,
    );
  }
  return `rivulet-${name}`;
}

function installation(config: Config, service: string, root: string) {
  const { fields, queue } = config.source;
  const columns = sampleColumns(config);
  const kinds = devicesOf(config).map((device) => originOf(device)?.kind);
  if (fields === null || columns === null || !kinds.every((kind) => kind?.isDevice)) {
    throw new RivuletError(
      "config.no-source",
      `${config.file} names no port or connection, which is what a service can wait for: add source: { serial: { path: /dev/ttyUSB0 } } or tcp, and source.fields`,
    );
  }
  const groups = join(root, "etc/group");
  const ports = describePorts(config, service, groups);
  const gpio = config.gpio && { group: firstGroup(["gpio"], groups) };
  const configPath = `/etc/rivulet/${config.name}.yaml`;
  const cli = realPath(commandLine);
  const node = realPath(process.execPath);
  const texts = {
    [configPath]: installedConfig(readFileSync(config.file, "utf8"), {
      ports: ports.flatMap(({ at, port, rule }) => {
        const path = rule.link ?? port.path;
        // One that is named by its device goes by that name everywhere.
        return path === null ? [] : [{ at, path }];
      }),
      checkpoints: `/var/lib/${service}`,
    }),
    [`/etc/systemd/system/${service}.service`]: unitText(readFileSync(template, "utf8"), {
      node,
      cli,
      config: configPath,
      ports: ports.map(({ port }) => port),
      network: kinds.some((kind) => kind?.usesNetwork),
      ...(gpio && { gpio }),
      arenaBytes: planConfig(config, columns).totalBytes,
      queueBytes: SampleRing.bytesFor(fields.length, queue.samples),
      systemd: root === "/" ? systemdVersion() : null,
    }),
    ...(ports.length > 0 && {
      [`/etc/udev/rules.d/70-${service}.rules`]: ports.map(({ rule }) => rule.text).join(""),
    }),
  };
  const files = Object.entries(texts).map(
    ([path, text]): InstalledFile => ({ path, text, before: compare(join(root, path), text) }),
  );
  const notes = ports.flatMap(({ port, rule }) => notesOn(port, rule.link));
  if (gpio?.group === null) {
    notes.push("there is no group gpio: give the pins to a group, and add it with SupplementaryGroups=");
  }
  return { files, notes, refusal: unreadable(node) ?? unreadable(cli) };
}

/** The ports of a config: where it names each, what this machine says of it, and what udev is to do with it. */
function describePorts({ source }: Config, service: string, groups: string) {
  return portsOf(source).map(({ at, port: named, device }) => {
    const port = describePort(named, { groups });
    const link = source.merge === null ? service : `${service}-${device + 1}`;
    return { at, port, rule: udevRule(link, port) };
  });
}

function notesOn({ path, kernelName, usb, group }: PortFacts, link: string | null): string[] {
  const notes: string[] = [];
  const name = path ?? `port of the ${usbDeviceName(usb as UsbDevice)}`;
  if (link !== null) notes.push(`the service reads ${link}, a name that stays with the device at ${name}`);
  if (usb?.serialNumber === null) {
    notes.push("the device has no serial number: another one of its kind would be taken for it");
  }
  if (kernelName === null) {
    notes.push(`there is no ${name} now: plug the device in first, and its name and group are read from it`);
  }
  if (group === null) {
    notes.push(
      "there is no group dialout or uucp: give the port to a group, and add it with SupplementaryGroups=",
    );
  }
  return notes;
}

/** Why a program is out of reach for a service that has a user, and a /tmp, of its own; `null` where it is not. */
function unreadable(program: string): string | null {
  const advice =
    'install Node and Rivulet where all may read them, Rivulet with "npm pack", then "sudo npm install --global" and the file that it names';
  if (/^\/(var\/)?tmp\//.test(program))
    return `a service does not see ${program}, as its /tmp is its own: ${advice}`;
  for (let at = program; at !== dirname(at); at = dirname(at)) {
    const stat = statSync(at, { throwIfNoEntry: false });
    if (stat === undefined) return `there is no ${at}: build Rivulet with npm run build`;
    const needed = stat.isDirectory() ? 0o001 : 0o004;
    if ((stat.mode & needed) === 0)
      return `the user of a service may not read ${program}, because of ${at}: ${advice}`;
  }
  return null;
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function systemdVersion(): number | null {
  try {
    const text = execFileSync("systemctl", ["--version"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return Number(/^systemd (\d+)/.exec(text)?.[1] ?? Number.NaN) || null;
  } catch {
    return null;
  }
}

function requireRoot(isImage: boolean): void {
  if (isImage || process.getuid?.() === 0) return;
  throw new RivuletError(
    "install.forbidden",
    "only root may install a service, and nothing was changed: run it with sudo, or look at what it would write with --dry-run",
  );
}

/** Called before anything is written, so that a refusal changes nothing. */
function requireNew(files: readonly InstalledFile[], force: boolean): void {
  const different = files.filter(({ before }) => before === "different").map(({ path }) => path);
  if (force || different.length === 0) return;
  throw new RivuletError(
    "file.exists",
    `${different.join(", ")} ${different.length === 1 ? "is" : "are"} there with another content, and nothing was changed: compare with --dry-run, then replace with --force`,
  );
}

function compare(path: string, text: string): InstalledFile["before"] {
  try {
    return readFileSync(path, "utf8") === text ? "same" : "different";
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return "missing";
    throw diskError(error, `cannot read ${path}`, dirname(path));
  }
}

function write(path: string, text: string): void {
  try {
    const folder = dirname(path);
    const outermostNew = mkdirSync(folder, { recursive: true });
    writeFileSync(path, text);
    // Whatever the umask: the service has a user of its own, who reads them.
    chmodSync(path, 0o644);
    if (outermostNew !== undefined) {
      for (let at = folder; at.startsWith(outermostNew); at = dirname(at)) chmodSync(at, 0o755);
    }
  } catch (error) {
    throw diskError(error, `cannot write ${path}`, dirname(path));
  }
}
