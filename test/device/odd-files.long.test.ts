/** What a machine may have in place of a file, and no check may stumble over. */
import { describe, expect, test } from "vitest";
import { type Entry, fakeMachine, findingsOn, healthyEntries, needing, usbPort, write } from "./tree.ts";

const replacements: Record<string, Entry> = {
  "nothing in it": "",
  "no words in it": "\0\x01\xff\x1b[2J\n[\n=,\n  \n/ / / /\n".repeat(30),
  "numbers that are none": "MemAvailable: 99999999999999999999999 kB\nmemory 0 0 9\n-1 -1 -1 -1\n1e999 . .\n",
  "a folder in its place": { folder: true },
  "a link to nowhere in its place": { link: "nowhere/at/all" },
  "a link to a folder above it in its place": { link: ".." },
  "a link to itself in its place": { link: "itself" },
};

describe.each(["raspberry-pi-4b", "raspberry-pi-5"])(
  "on %s every check answers about a file with",
  (board) => {
    const entries = { ...healthyEntries(board), ...usbPort };

    test.each(Object.entries(replacements))("%s", (_, replacement) => {
      const machine = fakeMachine(board, usbPort);
      for (const [path, entry] of Object.entries(entries)) {
        const itself = typeof replacement === "object" && replacement !== null && "link" in replacement;
        const loop =
          itself && replacement.link === "itself" ? { link: path.split("/").at(-1) as string } : replacement;
        write(machine.root, path, loop);
        for (const needs of [null, needing(), needing({ port: "/dev/ttyACM0" })]) {
          const findings = findingsOn(machine, needs);
          expect(findings.length, path).toBeGreaterThan(10);
          for (const { text } of findings) expect(text, path).not.toMatch(/\p{Cc}|undefined|NaN|\[object/u);
        }
        write(machine.root, path, entry);
      }
    });
  },
);
