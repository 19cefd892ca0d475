import { expect, test } from "vitest";
import { nearest, suggestion } from "../../src/wording/nearest.ts";

test("finds the word that was meant, whatever its case", () => {
  expect(nearest("baudrate", ["path", "baudRate"])).toBe("baudRate");
  expect(nearest("colum", ["classes", "column"])).toBe("column");
});

test("suggests nothing for a word that resembles none", () => {
  expect(nearest("gpio", ["name", "source", "target"])).toBeNull();
  expect(nearest("x", ["a", "b"])).toBeNull();
});

test("lists what is known when nothing is near", () => {
  expect(suggestion("gpio", ["source", "target"])).toBe("known are source, target");
  const many = Array.from({ length: 100_000 }, (_, index) => `x${index}`);
  expect(suggestion("x1", many)).toMatch(/^known are x0, .* x49 and 99950 more$/);
});
