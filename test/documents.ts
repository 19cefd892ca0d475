/** What the project's documents show: their fenced blocks, and whether a command's output is what they print. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** Every document whose commands, snippets and configs the tests run. */
export const documents = [
  "README.md",
  "CONTRIBUTING.md",
  "docs/config.md",
  "docs/features.md",
  "docs/labels.md",
  "docs/limits.md",
  "docs/status.md",
  "docs/framings.md",
  "docs/sync.md",
  "docs/anomaly.md",
  "docs/experts.md",
  "devices/examples/README.md",
  "devices/firmware/README.md",
  "devices/systemd/README.md",
  "devices/boards/README.md",
  "scripts/README.md",
];

export const read = (document: string): string => readFileSync(join(root, document), "utf8");

/** Contents of a document's fenced blocks of one language, in order. */
export function blocks(document: string, language: string): string[] {
  return [...read(document).matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, "gm"))].map(
    (match) => match[1],
  );
}

/** A command of a document, and the lines that it is said to print; null where none are shown. */
export interface Shown {
  command: string;
  output: string[] | null;
}

/** The commands of `sh` blocks, and those of `console` blocks with what they print, in the order of the document. */
export function shownCommands(document: string): Shown[] {
  const shown: Shown[] = [];
  for (const [, language, text] of read(document).matchAll(/^```(sh|console)\n([\s\S]*?)^```/gm)) {
    for (const line of text.trimEnd().split("\n")) {
      if (language === "sh") shown.push({ command: line, output: null });
      else if (line.startsWith("$ ")) shown.push({ command: line.slice(2), output: [] });
      else shown.at(-1)?.output?.push(line);
    }
  }
  return shown;
}

/** The shown lines as one expression: a line `...` stands for any lines, `…` within a line for any text. */
export function asExpression(lines: readonly string[]): RegExp {
  const source = lines
    .map((line) => (line === "..." ? "(?:.*\n)*?" : `${line.split("…").map(escaped).join(".*")}\n`))
    .join("");
  return new RegExp(`^${source}$`);
}

const escaped = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
