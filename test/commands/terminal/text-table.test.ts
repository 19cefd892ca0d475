import { expect, test } from "vitest";
import { facts, textTable } from "../../../src/commands/terminal/text-table.ts";

test("makes each column as wide as its widest cell, and flushes numbers right", () => {
  const rows = [
    ["input", "16"],
    ["0.weight", "4096"],
  ];
  expect(textTable(["buffer", "bytes"], rows, [1])).toBe(
    ["buffer    bytes", "--------  -----", "input        16", "0.weight   4096"].join("\n"),
  );
});

test("keeps values that go over several lines in their column", () => {
  expect(
    facts([
      ["name", "pump"],
      ["layers", ["dense", "tanh"]],
    ]),
  ).toBe(["name    pump", "layers  dense", "        tanh"].join("\n"));
});
