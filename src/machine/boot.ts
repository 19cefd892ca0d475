import { readFileSync } from "node:fs";

/** Returns the boot id of the machine, which changes at each boot; "unknown" without /proc. */
export function bootOfMachine(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "unknown";
  }
}
