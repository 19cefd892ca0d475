import { expect, test } from "vitest";
import { facts, textTable } from "../../../src/commands/terminal/text-table.ts";
import { safe } from "../../../src/wording/safe.ts";

test("makes each column as wide as its widest cell, and flushes numbers right", () => {
  const rows = [
    ["input", "16"],
    ["0.weight", "4096"],
  ];
  expect(textTable(["buffer", "bytes"], rows, [1])).toBe(
    ["buffer    bytes", "--------  -----", "input        16", "0.weight   4096"].join("\n"),
  );
});

test("makes a column as wide as what is printed of a cell that is not safe to print", () => {
  const [header, rule] = textTable(["name", "last"], [["a\u001b[31mb", "1"]]).split("\n");
  const shown = safe("a\u001b[31mb");
  expect(rule).toBe(`${"-".repeat(shown.length)}  ----`);
  expect(header).toBe(`${"name".padEnd(shown.length)}  last`);
});

test("keeps values that go over several lines in their column", () => {
  expect(
    facts([
      ["name", "pump"],
      ["layers", ["dense", "tanh"]],
    ]),
  ).toBe(["name    pump", "layers  dense", "        tanh"].join("\n"));
});
