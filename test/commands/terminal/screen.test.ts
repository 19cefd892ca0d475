/** A picture on a real terminal of the kernel, as a process of its own paints it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { cut } from "../../../src/commands/terminal/screen.ts";
import { openPseudoTerminal } from "../../../src/emulation/pseudo-terminal.ts";
import { builtModule } from "../../rivulet.ts";

const hide = "\u001b[?25l";
const show = "\u001b[?25h";

/** What a script that has `screen` writes to a terminal, and its exit code. */
async function paint(script: string): Promise<{ written: string; code: number | null }> {
  const module = builtModule("commands/terminal/screen.js");
  const code = `import { Screen } from ${JSON.stringify(module)}; const screen = new Screen(process.stdout); ${script}`;
  const terminal = openPseudoTerminal();
  const end = openSync(terminal.path, constants.O_RDWR | constants.O_NOCTTY);
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["ignore", end, "ignore"],
  });
  closeSync(end);
  const exited = once(child, "close");
  const buffer = Buffer.alloc(1 << 16);
  let written = "";
  try {
    // Until the last who had the terminal open is gone: only then is everything there.
    for (let length = 0; length >= 0; length = terminal.read(buffer)) {
      written += buffer.toString("utf8", 0, length);
      if (length === 0) await pause(5);
    }
    return { written, code: (await exited)[0] };
  } finally {
    terminal.close();
  }
}

test("paints over what it painted before, and shows the cursor again when it is closed", async () => {
  const { written } = await paint(`screen.paint(["one", "two"]); screen.paint(["three"]); screen.close();`);
  expect(written).toBe(`${hide}one\u001b[K\ntwo\u001b[K\n\u001b[J\u001b[2A\rthree\u001b[K\n\u001b[J${show}`);
});

test.each([
  ["ends without closing it", "", 0],
  ["exits in the middle", "process.exit(3);", 3],
  ["dies of a fault", "setTimeout(() => { throw new Error('fault'); });", 1],
])("shows the cursor again when the process %s", async (_, script, expected) => {
  const { written, code } = await paint(`screen.paint(["picture"]); ${script}`);
  expect(code).toBe(expected);
  expect(written.endsWith(show)).toBe(true);
});

test("never paints wider or higher than the terminal", async () => {
  const { written } = await paint(
    `process.stdout.columns = 40; process.stdout.rows = 5; screen.paint(new Array(9).fill("x".repeat(300)));`,
  );
  const lines = written.split("\n").slice(0, -1);
  expect(lines).toHaveLength(4);
  for (const line of lines) expect(line.replace(hide, "")).toBe(`${"x".repeat(39)}\u001b[K`);
});

test("cuts by what is seen, and ends a style that it cuts off", () => {
  const bold = "\u001b[1mabcdef\u001b[22m";
  expect(cut(bold, 6)).toBe(bold);
  expect(cut(bold, 3)).toBe("\u001b[1mabc\u001b[0m");
  expect(cut("abcdef", 3)).toBe("abc");
  expect(cut("abc", 3)).toBe("abc");
});
