import { type Check, ok, problem, warning } from "../finding.ts";
import { CannotTell, exists, type Machine, readText, resolved } from "../machine.ts";
import { mountOf } from "../mounts.ts";
import { quoted } from "../shell.ts";
import { mebibyte, sizeText } from "../size.ts";

/** Memory of Node and the daemon without what it learns, measured with Node 20 on x64. */
const processBytes = 64 * mebibyte;

const stopSomething = "ps -eo rss,pid,comm --sort=-rss | head";

/** Whether there is enough free memory for the daemon and what it learns. */
export const memory: Check = {
  name: "memory",
  question: "whether there is enough memory",
  ask({ machine, board: { profile }, needs }) {
    const table = readText(machine, "/proc/meminfo");
    const total = bytesOf(table, "MemTotal");
    const free = bytesOf(table, "MemAvailable");
    const container = containerMemory(machine);
    const available = Math.min(free, container.free);
    const have =
      container.free < free
        ? `this container may use ${sizeText(container.limit)}, of which ${sizeText(container.free)} are free`
        : `${sizeText(free)} of ${sizeText(total)} are free`;
    const planned = needs?.planned ?? null;
    const look = needs === null ? null : `rivulet plan ${quoted(needs.config)}`;
    if (planned !== null && "refused" in planned) {
      return problem(`what is learned cannot be planned: ${planned.refused}`, look);
    }
    const needed = processBytes + (planned?.bytes ?? 0);
    if (available < needed) {
      return problem(`${have}, but the daemon needs ${sizeText(needed)}; stop other programs`, stopSomething);
    }
    const budget = profile.memory.budgetMiB * mebibyte;
    if (needed > budget) {
      return warning(
        `the daemon needs ${sizeText(needed)}, more than the recommended ${sizeText(budget)} on a ${profile.name}; lower training.effort, name fewer columns, or set memory.budget`,
        look,
      );
    }
    if (available < budget) {
      return warning(
        `${have}, less than the recommended ${sizeText(budget)} for the daemon on a ${profile.name}; stop other programs`,
        stopSomething,
      );
    }
    return ok(
      `${have}; the daemon needs ${sizeText(needed)}${planned === null ? " plus what it learns" : ""}`,
    );
  },
};

/** Files of a container's memory in both versions of control groups: limit, use, and the key of the cache in it. */
const containerFiles = [
  {
    limit: "/sys/fs/cgroup/memory.max",
    used: "/sys/fs/cgroup/memory.current",
    statistics: "/sys/fs/cgroup/memory.stat",
    cache: "inactive_file",
  },
  {
    limit: "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    used: "/sys/fs/cgroup/memory/memory.usage_in_bytes",
    statistics: "/sys/fs/cgroup/memory/memory.stat",
    cache: "total_inactive_file",
  },
];

/**
 * Bytes that a container may use, and those that are free: its own group is the root of what it sees. Infinite outside of
 * one. Files in the cache that nobody has used lately count as free, as the kernel gives their memory to whoever needs it.
 */
function containerMemory(machine: Machine): { limit: number; free: number } {
  const files = containerFiles.find((each) => exists(machine, each.limit));
  const text = (file: string) => (exists(machine, file) ? readText(machine, file).trim() : "");
  const limit = files === undefined ? "max" : text(files.limit);
  if (files === undefined || !/^\d+$/.test(limit)) {
    return { limit: Number.POSITIVE_INFINITY, free: Number.POSITIVE_INFINITY };
  }
  const cache = new RegExp(`^${files.cache} (\\d+)$`, "m").exec(text(files.statistics))?.[1];
  const used = Math.max(0, Number(text(files.used)) - Number(cache ?? 0));
  return { limit: Number(limit), free: Math.max(0, Number(limit) - used) };
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
