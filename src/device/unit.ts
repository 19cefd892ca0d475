import { safe } from "../wording/safe.ts";
import type { PortFacts } from "./port.ts";
import { mebibyte } from "./size.ts";

/** All values that the text of a systemd unit depends on. */
export interface UnitFacts {
  /** Absolute paths of Node and of the command line. */
  node: string;
  cli: string;
  /** Absolute path of the config. */
  config: string;
  /** The serial ports. */
  ports: readonly PortFacts[];
  /** Whether samples arrive over the network. */
  network: boolean;
  /** The group that may use GPIO, `null` where there is none; absent where the config does not use GPIO. */
  gpio?: { group: string | null };
  /** Planned memory of all that is learned. */
  plannedBytes: number;
  /** Memory of the queue of samples. */
  queueBytes: number;
  /** Version of the systemd that will run the unit; `null` where it is unknown. */
  systemd: number | null;
}

/**
 * Flags of Node for the daemon. The first three save memory; with the second V8 collects what the start has left behind
 * (3 MB), which it would keep for days, since almost nothing is allocated later. With the last no text from outside can
 * ever become code: `eval` and `new Function` throw, also in the packages that the bundle contains.
 */
export const daemonFlags = [
  "--max-semi-space-size=1",
  "--initial-old-space-size=8",
  "--no-maglev",
  "--disallow-code-generation-from-strings",
] as const;

/**
 * Node, its code and the daemon with a small network: measured, with a margin. With less, the kernel evicts pages of the
 * program and reads them from the card again and again.
 */
const baseMebibytes = 96;
/** The kernel starts to reclaim memory this far below the limit. */
const pressureMebibytes = 16;

/** The kernel module of a class of ports, for classes whose module is loaded only when a device is plugged in. */
const modules: Record<string, string> = { ttyACM: "cdc_acm", ttyUSB: "usbserial" };

/** The first version of systemd that can increase the delay between restarts (RestartSteps=). */
const growingDelayVersion = 254;

const distinct = <Item>(items: readonly Item[]): Item[] => [...new Set(items)];

/** Returns the text of a systemd unit: the template `devices/systemd/rivulet.service`, filled in. */
export function unitText(template: string, facts: UnitFacts): string {
  const { ports, gpio } = facts;
  const classes = distinct(ports.flatMap((port) => port.classes));
  const groups = distinct([...ports.map(({ group }) => group), gpio?.group ?? null]).filter(Boolean);
  const devices = [...classes, ...(gpio ? ["gpiochip"] : [])];
  const parts: Record<string, string[]> = {
    modules: loading(classes),
    start: [`ExecStart=${[facts.node, ...daemonFlags, facts.cli, "run", facts.config].map(quote).join(" ")}`],
    backoff:
      facts.systemd !== null && facts.systemd >= growingDelayVersion
        ? ["RestartSteps=6", "RestartMaxDelaySec=5min"]
        : [],
    groups: groups.length === 0 ? [] : [`SupplementaryGroups=${groups.join(" ")}`],
    memory: memory(facts.plannedBytes, facts.queueBytes),
    devices: devices.map((name) => `DeviceAllow=char-${name} rw`),
    tunables: gpio
      ? ["# Pins are exported and driven through files in /sys.", "ProtectKernelTunables=no"]
      : ["ProtectKernelTunables=yes"],
    network: facts.network
      ? ["RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6"]
      : [
          "# A serial port needs no network; notifications use a Unix socket.",
          "PrivateNetwork=yes",
          "IPAddressDeny=any",
          "RestrictAddressFamilies=AF_UNIX AF_NETLINK",
        ],
    home: [homeLine([facts.node, facts.cli])],
  };
  return template
    .replace(
      /^(# [^\n]*\n)+\n/,
      `# Written by "rivulet install". To change settings, use "systemctl edit", which keeps them in a separate file.\n\n`,
    )
    .replaceAll(/^# \{(\w+)\}\n/gm, (_, name: string) => parts[name].map((line) => `${line}\n`).join(""));
}

/**
 * Loads drivers before the service starts. systemd looks up a class of devices in /proc/devices at that moment: without
 * the driver the class is unknown, and a device that is plugged in later would be forbidden.
 */
function loading(classes: readonly string[]): string[] {
  const units = classes
    .flatMap((name) => (name in modules ? [`modprobe@${modules[name]}.service`] : []))
    .join(" ");
  return units === "" ? [] : [`Wants=${units}`, `After=${units}`];
}

function memory(plannedBytes: number, queueBytes: number): string[] {
  const limit = baseMebibytes + Math.ceil((4 * plannedBytes + queueBytes) / mebibyte);
  return [
    `# ${baseMebibytes} MiB for Node and the daemon, plus 4 times the ${plannedBytes} bytes of what is learned (itself, the copy that is saved,`,
    `# and a checkpoint as read and as decoded), plus the queue of ${queueBytes} bytes.`,
    `MemoryHigh=${limit - pressureMebibytes}M`,
    `MemoryMax=${limit}M`,
  ];
}

/** With ProtectHome=yes, a program in these folders could not be read. */
export const homeLine = (programs: readonly string[]): string =>
  programs.some((path) => /^\/(home|root|run\/user)\//.test(path))
    ? "ProtectHome=read-only"
    : "ProtectHome=yes";

/** Quotes a word of a command line for systemd. */
export function quote(word: string): string {
  const plain = word.replaceAll("%", "%%").replaceAll("$", "$$$$");
  if (/^[\w@%$+=:,./-]+$/.test(plain)) return plain;
  // systemd reads the escapes of C in quotes.
  return `"${safe(plain.replaceAll(/["\\]/g, "\\$&"))}"`;
}
