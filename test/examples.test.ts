import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { recordPump } from "../scripts/record-pump.ts";
import { loadConfig } from "../src/config/config.ts";

const examples = new URL("../devices/examples/", import.meta.url);

test("the pump's recording is what its firmware sends", async () => {
  const recorded = readFileSync(new URL("pump.csv", examples), "utf8");
  const rows = 300;
  expect(await recordPump(rows)).toBe(
    `${recorded
      .split("\n")
      .slice(0, rows + 1)
      .join("\n")}\n`,
  );
});

test.each(readdirSync(examples).filter((name) => name.endsWith(".yaml")))(
  "%s is a config without a fault",
  (name) => {
    const config = loadConfig(new URL(name, examples).pathname);
    expect(config.target?.column ?? config.anomaly).not.toBe("");
  },
);
