import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { diskError } from "../checkpoint/disk-error.ts";
import { type Config, devicesOf, loadConfig, sampleColumns } from "../config/config.ts";
import { planDaemon } from "../config/plan-daemon.ts";
import { originOf, portsOf } from "../config/source-config.ts";
import { installedConfig } from "../device/installed-config.ts";
import { describePort, firstGroup, type PortFacts } from "../device/port.ts";
import { quoted } from "../device/shell.ts";
import { canBeUser, type SyncUnitFacts, syncServiceText, syncTimerText } from "../device/sync-unit.ts";
import { udevRule } from "../device/udev.ts";
import { homeLine, unitText } from "../device/unit.ts";
import { RivuletError } from "../errors/errors.ts";
import { usbDeviceName } from "../samples/ports/port-finder.ts";
import type { UsbDevice } from "../samples/ports/port-survey.ts";
import { SampleRing } from "../samples/ring.ts";
import type { SyncConfig } from "../sync/sync-config.ts";
import { safe } from "../wording/safe.ts";
import type { Invocation, Report } from "./command-line/command.ts";

const template = fileURLToPath(new URL("../../devices/systemd/rivulet.service", import.meta.url));
const commandLine = fileURLToPath(new URL("../../dist/bin/rivulet.cjs", import.meta.url));

/** A file of the installation. */
interface InstalledFile {
  /** Path on the system on which the service is installed. */
  path: string;
  text: string;
  /** Present content of the file: none, the same text, or another. */
  before: "missing" | "same" | "different";
}

/** Installs a config as a systemd service: a unit, a udev rule for its port, and a copy of the config. */
export async function run({ positionals: [file], options, switches }: Invocation): Promise<Report> {
  const dryRun = switches.has("dry-run");
  const root = resolve(options["root"] ?? "/");
  const isImage = root !== "/";
  const config = loadConfig(file);
  const service = serviceName(config);
  const { files, notes, refusal, units } = installation(config, service, root);
  if (!dryRun) {
    requireRoot(isImage);
    // An image may be built on a machine whose folders differ from the board's.
    if (refusal !== null && !isImage) throw new RivuletError("install.forbidden", refusal);
    requireNew(files, switches.has("force"));
    for (const { path, text, before } of files) if (before !== "same") write(join(root, path), text);
  }
  if (refusal !== null) notes.push(refusal);
  const commands = isImage
    ? [`systemctl --root=${quoted(root)} enable ${units.join(" ")}`]
    : [
        "udevadm control --reload && udevadm trigger --action=change --subsystem-match=usb --subsystem-match=tty",
        "systemctl daemon-reload",
        `systemctl enable --now ${units.join(" ")}`,
      ];
  return {
    data: { service, dryRun, root, files, notes, commands },
    text: [
      ...(dryRun
        ? files.map(
            ({ path, text, before }) => `==> ${safe(join(root, path))} (${wouldBe[before]})\n\n${text}`,
          )
        : []),
      ...(dryRun ? [] : files.map(({ path, before }) => `${was[before]} ${safe(join(root, path))}`)),
      `systemd creates the folder for checkpoints, /var/lib/${service}, when the service starts.`,
      ...notes.map((note) => `note: ${safe(note)}`),
      "",
      dryRun ? "Nothing was changed. After the installation, start it with" : "Start it with",
      "",
      ...commands.map((command) => `    ${command}`),
    ].join("\n"),
  };
}

const wouldBe = {
  missing: "would be written",
  same: "is there already",
  different: "exists with other content; only --force would replace it",
};
const was = { missing: "wrote", same: "kept", different: "replaced" };

function serviceName({ name, file }: Config): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) {
    throw new RivuletError(
      "install.bad-name",
      `${file} is named "${name}", expected letters, digits, dots, dashes or underscores for a service; set such a name:`,
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
      `${config.file} has no serial port and no TCP connection, expected one for a service; add source: { serial: { path: /dev/ttyUSB0 } } or tcp, and source.fields`,
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
        // A port that is named by its device has that name everywhere.
        return path === null ? [] : [{ at, path }];
      }),
      checkpoints: `/var/lib/${service}`,
      secret: secretFileOf(config.sync),
    }),
    [`/etc/systemd/system/${service}.service`]: unitText(readFileSync(template, "utf8"), {
      node,
      cli,
      config: configPath,
      ports: ports.map(({ port }) => port),
      network:
        kinds.some((kind) => kind?.usesNetwork) ||
        config.status !== null ||
        (config.predictions?.tcp ?? config.predictions?.webhook ?? null) !== null,
      ...(gpio && { gpio }),
      plannedBytes: planDaemon(config, columns).bytes,
      queueBytes: SampleRing.bytesFor(fields.length, queue.samples),
      systemd: root === "/" ? systemdVersion() : null,
    }),
    ...(config.sync !== null && syncUnits(config.sync, { service, node, cli, config: configPath })),
    ...(ports.length > 0 && {
      [`/etc/udev/rules.d/70-${service}.rules`]: ports.map(({ rule }) => rule.text).join(""),
    }),
  };
  const files = Object.entries(texts).map(
    ([path, text]): InstalledFile => ({ path, text, before: compare(join(root, path), text) }),
  );
  const notes = ports.flatMap(({ port, rule }) => notesOn(port, rule.link));
  if (gpio?.group === null) {
    notes.push("there is no group gpio; assign the pins to a group, and add it with SupplementaryGroups=");
  }
  const units = [service, ...(config.sync === null ? [] : [`${service}-sync.timer`])];
  return { files, notes, refusal: unreadable(node) ?? unreadable(cli), units };
}

const secretFileOf = (sync: SyncConfig | null): string | null =>
  sync !== null && "secretFile" in sync.credentials ? sync.credentials.secretFile : null;

/** Returns the timer that sends checkpoints and its service, by their paths. */
function syncUnits(
  sync: SyncConfig,
  { service, node, cli, config }: Pick<SyncUnitFacts, "service" | "node" | "cli" | "config">,
): Record<string, string> {
  if (!canBeUser(service)) {
    throw new RivuletError(
      "install.bad-name",
      `${service} cannot be the name of a user, which the service and the timer of sync share; set name: to at most 23 letters, digits, dashes and underscores`,
      { path: "name" },
    );
  }
  const home = homeLine([node, cli]);
  const facts = { service, node, cli, config, secretFile: secretFileOf(sync), everyMs: sync.everyMs, home };
  return {
    [`/etc/systemd/system/${service}-sync.service`]: syncServiceText(facts),
    [`/etc/systemd/system/${service}-sync.timer`]: syncTimerText(facts),
  };
}

/** Returns the ports of a config: their config keys, their properties on this machine, and their udev rules. */
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
  if (link !== null) notes.push(`the service reads ${link}, a stable path of the device at ${name}`);
  if (usb?.serialNumber === null) {
    notes.push("the device has no serial number, so another device of its model would get the same path");
  }
  if (kernelName === null) {
    notes.push(
      `there is no ${name} now; plug the device in first, so that its properties and group can be read`,
    );
  }
  if (group === null) {
    notes.push(
      "there is no group dialout or uucp; assign the port to a group, and add it with SupplementaryGroups=",
    );
  }
  return notes;
}

/** Returns why a service, with its own user and its own /tmp, cannot run a program; null if it can. */
function unreadable(program: string): string | null {
  const advice =
    'install Node and Rivulet where all users may read them, Rivulet with "npm pack", then "sudo npm install --global" and the file that it names';
  if (/^\/(var\/)?tmp\//.test(program))
    return `a service cannot read ${program}, because it has a private /tmp; ${advice}`;
  for (let at = program; at !== dirname(at); at = dirname(at)) {
    const stat = statSync(at, { throwIfNoEntry: false });
    if (stat === undefined) return `there is no ${at}; build Rivulet with npm run build`;
    const needed = stat.isDirectory() ? 0o001 : 0o004;
    if ((stat.mode & needed) === 0)
      return `the user of a service may not read ${program}, because of ${at}; ${advice}`;
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
    "only root may install a service, and nothing was changed; run it with sudo, or see what it would write with --dry-run",
  );
}

/** Refuses to replace other files. It is called before anything is written, so that an error changes nothing. */
function requireNew(files: readonly InstalledFile[], force: boolean): void {
  const different = files.filter(({ before }) => before === "different").map(({ path }) => path);
  if (force || different.length === 0) return;
  throw new RivuletError(
    "file.exists",
    `${different.join(", ")} ${different.length === 1 ? "exists" : "exist"} with other content, and nothing was changed; compare with --dry-run, then replace with --force`,
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
    // Independent of the umask, because the service's own user must read them.
    chmodSync(path, 0o644);
    if (outermostNew !== undefined) {
      for (let at = folder; at.startsWith(outermostNew); at = dirname(at)) chmodSync(at, 0o755);
    }
  } catch (error) {
    throw diskError(error, `cannot write ${path}`, dirname(path));
  }
}
