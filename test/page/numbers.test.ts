import { expect, test } from "vitest";
import { shortName, withLocalTimes } from "../../src/page/numbers.ts";

test("moments in a text of the daemon are shown by the reader's clock, and all else as it is", () => {
  const moment = "2026-11-30T10:00:11.814Z";
  const shown = new Date(moment).toLocaleString([], { hourCycle: "h23" });
  expect(withLocalTimes(`anomaly in flow since ${moment}: evidence 1.8`)).toBe(
    `anomaly in flow since ${shown}: evidence 1.8`,
  );
  expect(withLocalTimes("value out of range: 2026 of 3000")).toBe("value out of range: 2026 of 3000");
});

test("a long name is shortened in the middle, so that its end still tells it from others", () => {
  expect(shortName("stairs down", 14)).toBe("stairs down");
  expect(shortName("a-quite-long-name-of-a-class-1", 14)).toBe("a-quite…lass-1");
  expect(shortName("a-quite-long-name-of-a-class-1", 14)).toHaveLength(14);
});
