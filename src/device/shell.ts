import { safe } from "../wording/safe.ts";
import { exists, type Machine } from "./machine.ts";

/** Quotes a word for a shell, so that it is also safe to print; returns it unchanged where it has no special characters. */
export function quoted(word: string): string {
  if (/^[\w./:@%+,=-]+$/.test(word)) return word;
  if (safe(word) === word) return `'${word.replaceAll("'", "'\\''")}'`;
  // Escapes of a POSIX shell of 2024, which bash and busybox have too.
  return `$'${safe(word.replaceAll(/['\\]/g, "\\$&"))}'`;
}

/** Returns a command that replaces a text in a file, for paths with any characters except a line end. */
export function replaceInFile(from: string, to: string, file: string): string {
  const pattern = from.replaceAll(/[\\.*[\]^$|]/g, "\\$&");
  const replacement = to.replaceAll(/[\\&|]/g, "\\$&");
  return `sed -i ${quoted(`s|${pattern}|${replacement}|`)} ${quoted(file)}`;
}

/** Returns the path of a file in the boot partition of Raspberry Pi OS, which Debian 12 moved; null where there is none. */
export function bootFile(machine: Machine, name: "config.txt" | "cmdline.txt"): string | null {
  return [`/boot/firmware/${name}`, `/boot/${name}`].find((path) => exists(machine, path)) ?? null;
}

/** Returns a command that adds words to the kernel's command line in cmdline.txt and reboots; null where there is no such file. */
export function addToCommandLine(machine: Machine, words: readonly string[]): string | null {
  const file = bootFile(machine, "cmdline.txt");
  return file === null || words.length === 0
    ? null
    : `sudo sed -i '1 s/$/ ${words.join(" ")}/' ${file} && sudo reboot`;
}
