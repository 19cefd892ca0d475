import type { PortFacts } from "./port.ts";
import { mebibyte } from "./size.ts";

/** All that a unit depends on. */
export interface UnitFacts {
  /** Absolute paths of Node and of the command line. */
  node: string;
  cli: string;
  /** Absolute path of the config. */
  config: string;
  /** The serial ports. */
  ports: readonly PortFacts[];
  /** Whether samples come over the network too, or there alone. */
  network: boolean;
  /** The group that may use lamps and buttons, `null` where there is none; absent where the config has neither. */
  gpio?: { group: string | null };
  /** What the plan of the network takes. */
  arenaBytes: number;
  /** What samples take that wait to be learned from. */
  queueBytes: number;
  /** Version of the systemd that is to run it; `null` where nobody knows. */
  systemd: number | null;
}

/**
 * Node, its code and the daemon with a small network: measured, with room to breathe. With less, the kernel throws out
 * pages of the program itself, and reads them from the card again and again.
 */
const baseMebibytes = 96;
/** Where the kernel begins to take memory back. */
const pressureMebibytes = 16;

/** The kernel's module that brings a class of ports, where it is one that may be loaded late. */
const modules: Record<string, string> = { ttyACM: "cdc_acm", ttyUSB: "usbserial" };

/** The first version in which the delay before another start can grow. */
const growingDelayVersion = 254;

const distinct = <Item>(items: readonly Item[]): Item[] => [...new Set(items)];

/** Fills in the template of `devices/systemd/rivulet.service`. */
export function unitText(template: string, facts: UnitFacts): string {
  const { ports, gpio } = facts;
  const classes = distinct(ports.flatMap((port) => port.classes));
  const groups = distinct([...ports.map(({ group }) => group), gpio?.group ?? null]).filter(Boolean);
  const devices = [...classes, ...(gpio ? ["gpiochip"] : [])];
  const parts: Record<string, string[]> = {
    modules: loading(classes),
    start: [
      `ExecStart=${[facts.node, "--max-semi-space-size=1", "--no-maglev", facts.cli, "run", facts.config].map(quote).join(" ")}`,
    ],
    backoff:
      facts.systemd !== null && facts.systemd >= growingDelayVersion
        ? ["RestartSteps=6", "RestartMaxDelaySec=5min"]
        : [],
    groups: groups.length === 0 ? [] : [`SupplementaryGroups=${groups.join(" ")}`],
    memory: memory(facts.arenaBytes, facts.queueBytes),
    devices: devices.map((name) => `DeviceAllow=char-${name} rw`),
    tunables: gpio
      ? ["# Pins are exported and driven through files of /sys.", "ProtectKernelTunables=no"]
      : ["ProtectKernelTunables=yes"],
    network: facts.network
      ? ["RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6"]
      : [
          "# A port needs no network; the notification is a Unix socket.",
          "PrivateNetwork=yes",
          "IPAddressDeny=any",
          "RestrictAddressFamilies=AF_UNIX AF_NETLINK",
        ],
    home: [
      // From there the program could not be read otherwise.
      [facts.node, facts.cli].some((path) => /^\/(home|root|run\/user)\//.test(path))
        ? "ProtectHome=read-only"
        : "ProtectHome=yes",
    ],
  };
  return template
    .replace(
      /^(# [^\n]*\n)+\n/,
      `# Made by "rivulet install". To change it: systemctl edit, which keeps a file of its own.\n\n`,
    )
    .replaceAll(/^# \{(\w+)\}\n/gm, (_, name: string) => parts[name].map((line) => `${line}\n`).join(""));
}

/**
 * systemd finds a class of devices in /proc/devices when the service starts: where no such device was ever plugged in,
 * its driver must be there first, or the class is unknown, and a device that comes later forbidden.
 */
function loading(classes: readonly string[]): string[] {
  const units = classes
    .flatMap((name) => (name in modules ? [`modprobe@${modules[name]}.service`] : []))
    .join(" ");
  return units === "" ? [] : [`Wants=${units}`, `After=${units}`];
}

function memory(arenaBytes: number, queueBytes: number): string[] {
  const limit = baseMebibytes + Math.ceil((4 * arenaBytes + queueBytes) / mebibyte);
  return [
    `# ${baseMebibytes} MiB for Node and the daemon, 4 times the arena (${arenaBytes} bytes: itself, the copy that is being saved,`,
    `# and a checkpoint as it is read and as it is unpacked), and the queue (${queueBytes} bytes).`,
    `MemoryHigh=${limit - pressureMebibytes}M`,
    `MemoryMax=${limit}M`,
  ];
}

/** A word of a command line as systemd reads it. */
function quote(word: string): string {
  const plain = word.replaceAll("%", "%%").replaceAll("$", "$$$$");
  return /^[\w@%$+=:,./-]+$/.test(plain) ? plain : `"${plain.replaceAll(/["\\]/g, "\\$&")}"`;
}
