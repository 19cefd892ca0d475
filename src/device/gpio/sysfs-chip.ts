/**
 * The GPIO chips in /sys/class/gpio. The kernel numbers the lines of all chips in one sequence, and the first number of
 * a chip depends on the kernel: 0 on a Pi before Linux 6.6, 512 since then, 399 or 571 on a Pi 5. So a line is found
 * relative to its chip.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Chip, chooseChip } from "./chips.ts";

const sysfs = "/sys/class/gpio";

/** A GPIO chip in sysfs. */
export interface SysfsChip extends Chip {
  /** Kernel number of its line 0. */
  base: number;
}

/** Whether the kernel has GPIO in sysfs. */
export function hasSysfs(root = sysfs): boolean {
  return existsSync(join(root, "export"));
}

/**
 * Finds the GPIO chip with this label, or, for null, that of a Raspberry Pi's header.
 * @throws RivuletError where there is no such chip
 */
export function findSysfsChip(label: string | null, root = sysfs): SysfsChip {
  return chooseChip(sysfsChips(root), label);
}

function sysfsChips(root: string): SysfsChip[] {
  const folders = readdirSync(root).filter((name) => /^gpiochip\d+$/.test(name));
  return folders.map((folder) => {
    const read = (name: string) => readFileSync(join(root, folder, name), "utf8").trim();
    return { label: read("label"), base: Number(read("base")), lines: Number(read("ngpio")) };
  });
}
