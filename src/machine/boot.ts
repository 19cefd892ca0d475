import { readFileSync } from "node:fs";

/** The boot of the machine that this is, another text after each; "unknown" where no /proc says. */
export function bootOfMachine(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "unknown";
  }
}
