/**
 * The chips under /sys/class/gpio. The kernel numbers all lines of all chips in one row, and where a chip begins in it
 * is the kernel's choice: 0 on a Pi before Linux 6.6, 512 since, 399 or 571 on a Pi 5. So a line is found by its chip.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Chip, chooseChip } from "./chips.ts";

const sysfs = "/sys/class/gpio";

export interface SysfsChip extends Chip {
  /** The number of its line 0. */
  base: number;
}

/** Whether the kernel offers GPIO as files. */
export function hasSysfs(root = sysfs): boolean {
  return existsSync(join(root, "export"));
}

/** @throws RivuletError where no chip has the label, or, with null, none is a Raspberry Pi's header */
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
