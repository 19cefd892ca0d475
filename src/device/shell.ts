import { exists, type Machine } from "./machine.ts";

/** A word as a shell must read it: in quotes where it has more than plain letters. */
export function quoted(word: string): string {
  return /^[\w./:@%+,=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Where Raspberry Pi OS keeps a file of the boot partition: it moved with Debian 12. */
export function bootFile(machine: Machine, name: "config.txt" | "cmdline.txt"): string | null {
  return [`/boot/firmware/${name}`, `/boot/${name}`].find((path) => exists(machine, path)) ?? null;
}

/** Adds a word to the one line of cmdline.txt, where there is one. */
export function addToCommandLine(machine: Machine, words: readonly string[]): string | null {
  const file = bootFile(machine, "cmdline.txt");
  return file === null || words.length === 0
    ? null
    : `sudo sed -i '1 s/$/ ${words.join(" ")}/' ${file} && sudo reboot`;
}
