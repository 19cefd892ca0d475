import { type Check, ok, problem, warning } from "../finding.ts";
import { CannotTell, exists, type Machine, readText, resolved } from "../machine.ts";
import { mountOf } from "../mounts.ts";
import { quoted } from "../shell.ts";
import { mebibyte, sizeText } from "../size.ts";

/** What Node and the daemon take before there is a network, measured with Node 20 on x64. */
const processBytes = 64 * mebibyte;

const stopSomething = "ps -eo rss,pid,comm --sort=-rss | head";

export const memory: Check = {
  name: "memory",
  question: "whether there is memory enough",
  ask({ machine, board: { profile }, needs }) {
    const table = readText(machine, "/proc/meminfo");
    const total = bytesOf(table, "MemTotal");
    const available = bytesOf(table, "MemAvailable");
    const have = `${sizeText(available)} of ${sizeText(total)} are free`;
    const arena = needs?.arena ?? null;
    const look = needs === null ? null : `rivulet plan ${quoted(needs.config)}`;
    if (arena !== null && "refused" in arena) {
      return problem(`the network cannot be planned: ${arena.refused}`, look);
    }
    const needed = processBytes + (arena?.bytes ?? 0);
    if (available < needed) {
      return problem(
        `${have}, and the daemon takes ${sizeText(needed)}: stop what takes the rest`,
        stopSomething,
      );
    }
    const budget = profile.memory.budgetMiB * mebibyte;
    if (needed > budget) {
      return warning(
        `the daemon takes ${sizeText(needed)}, more than the ${sizeText(budget)} that suit a ${profile.name}: choose a smaller network`,
        look,
      );
    }
    if (available < budget) {
      return warning(
        `${have}, less than the ${sizeText(budget)} that suit a daemon on a ${profile.name}: stop what takes the rest`,
        stopSomething,
      );
    }
    return ok(`${have}; the daemon takes ${sizeText(needed)}${arena === null ? " and its network" : ""}`);
  },
};

/** Swap on a card wears it out, and waiting for it loses samples; in compressed memory it costs neither. */
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
      `swap is on the card (${onCard}): it wears the card out, and a daemon that waits for it loses samples`,
      `sudo swapoff ${quoted(onCard)}${disableFor(machine)}`,
    );
  },
};

/** A command that keeps swap off after the next start, where the system's way is known. */
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

/** The device of a swap area, which may be a file. */
function deviceBehind(machine: Machine, area: string): string {
  if (area.startsWith("/dev/")) return resolved(machine, area);
  return mountOf(machine, area).device;
}

function bytesOf(table: string, name: string): number {
  const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(table)?.[1];
  if (kibibytes === undefined) throw new CannotTell(`/proc/meminfo has no ${name}`);
  return Number(kibibytes) * 1024;
}
