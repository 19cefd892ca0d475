import { type Check, ok, problem, warning } from "../finding.ts";
import { CannotTell, exists, type Machine, readText, resolved } from "../machine.ts";
import { mountOf } from "../mounts.ts";
import { quoted } from "../shell.ts";
import { mebibyte, sizeText } from "../size.ts";

/** Memory of Node and the daemon without a network, measured with Node 20 on x64. */
const processBytes = 64 * mebibyte;

const stopSomething = "ps -eo rss,pid,comm --sort=-rss | head";

/** Whether there is enough free memory for the daemon and its network. */
export const memory: Check = {
  name: "memory",
  question: "whether there is enough memory",
  ask({ machine, board: { profile }, needs }) {
    const table = readText(machine, "/proc/meminfo");
    const total = bytesOf(table, "MemTotal");
    const free = bytesOf(table, "MemAvailable");
    const limit = containerLimit(machine);
    const available = Math.min(free, limit);
    const have =
      limit < free
        ? `this container may use ${sizeText(limit)}`
        : `${sizeText(free)} of ${sizeText(total)} are free`;
    const arena = needs?.arena ?? null;
    const look = needs === null ? null : `rivulet plan ${quoted(needs.config)}`;
    if (arena !== null && "refused" in arena) {
      return problem(`the network cannot be planned: ${arena.refused}`, look);
    }
    const needed = processBytes + (arena?.bytes ?? 0);
    if (available < needed) {
      return problem(`${have}, but the daemon needs ${sizeText(needed)}; stop other programs`, stopSomething);
    }
    const budget = profile.memory.budgetMiB * mebibyte;
    if (needed > budget) {
      return warning(
        `the daemon needs ${sizeText(needed)}, more than the recommended ${sizeText(budget)} on a ${profile.name}; choose a smaller network`,
        look,
      );
    }
    if (available < budget) {
      return warning(
        `${have}, less than the recommended ${sizeText(budget)} for the daemon on a ${profile.name}; stop other programs`,
        stopSomething,
      );
    }
    return ok(`${have}; the daemon needs ${sizeText(needed)}${arena === null ? " plus its network" : ""}`);
  },
};

/** Bytes that a container may use: its own group is the root of what it sees. Infinite outside of one. */
function containerLimit(machine: Machine): number {
  const files = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
  const file = files.find((each) => exists(machine, each));
  const text = file === undefined ? "max" : readText(machine, file).trim();
  return /^\d+$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
}

/** Whether swap is on an SD card: that wears out the card, and waiting for it loses samples. Compressed memory (zram) does neither. */
export const swap: Check = {
  name: "swap",
  question: "whether memory is swapped to the card",
  ask({ machine }) {
    const areas = readText(machine, "/proc/swaps")
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split(/\s+/)[0]);
    if (areas.length === 0) return ok("no swap");
    const onCard = areas.find((area) => deviceBehind(machine, area).startsWith("/dev/mmcblk"));
    if (onCard === undefined) return ok(`swap is not on a card (${areas.join(", ")})`);
    return warning(
      `swap is on the SD card (${onCard}): it wears out the card, and the daemon loses samples while it waits for it`,
      `sudo swapoff ${quoted(onCard)}${disableFor(machine)}`,
    );
  },
};

/** The end of a command that keeps swap disabled after a reboot, for the mechanism that this system uses. */
function disableFor(machine: Machine): string {
  const way = [
    ["/etc/dphys-swapfile", " && sudo systemctl disable dphys-swapfile"],
    // Raspberry Pi OS 13.
    [
      "/etc/rpi/swap.conf",
      " && sudo mkdir -p /etc/rpi/swap.conf.d && printf '[Main]\\nMechanism=zram\\n' | sudo tee /etc/rpi/swap.conf.d/zram.conf",
    ],
  ].find(([file]) => exists(machine, file));
  return way?.[1] ?? " && sudo sed -i '/\\sswap\\s/ s/^[^#]/#&/' /etc/fstab";
}

/** The block device of a swap area, which is a device or a file. */
function deviceBehind(machine: Machine, area: string): string {
  if (area.startsWith("/dev/")) return resolved(machine, area);
  return mountOf(machine, area).device;
}

function bytesOf(table: string, name: string): number {
  const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(table)?.[1];
  if (kibibytes === undefined) throw new CannotTell(`/proc/meminfo has no ${name}`);
  return Number(kibibytes) * 1024;
}
