import { expect, test } from "vitest";
import { alternatives } from "../../src/wording/alternatives.ts";

test("joins two with or, and lists more", () => {
  expect(alternatives(["frames"])).toBe("frames");
  expect(alternatives(["frames", "lines"])).toBe("frames or lines");
  expect(alternatives(["skip", "hold", "alarm"])).toBe("one of skip, hold, alarm");
});
