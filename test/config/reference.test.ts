import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { configPage } from "../../scripts/config-page.ts";
import { configKeys } from "../../src/config/reference.ts";
import { errorCodes } from "../../src/errors/codes.ts";

const keys = new Map(configKeys().map((key) => [key.path, key]));

test("the page docs/config.md is that of the schema: npm run config-page writes it", () => {
  expect(readFileSync(new URL("../../docs/config.md", import.meta.url), "utf8")).toBe(configPage());
});

test("every key says what it means, what it may hold and what it is where it is left out", () => {
  for (const { path, title, accepts, leftOut } of keys.values()) {
    expect(title, path).toMatch(/^[A-Z0-9].*[^.]$/);
    expect(accepts, path).not.toBe("");
    expect(leftOut, path).not.toBe("");
  }
});

test("a key has its range and its default, a required one has none", () => {
  expect(keys.get("source.tcp.port")).toMatchObject({
    accepts: "a whole number from 1 to 65535",
    leftOut: null,
  });
  expect(keys.get("checkpoint.keep")).toMatchObject({ leftOut: "5" });
  expect(keys.get("source.merge[].serial")?.accepts).toBe("a map; its keys are those of source.serial");
});

test("an option of a part has its default, which may be the value of another option", () => {
  expect(keys.get("model.optimizer.adam.beta1")).toMatchObject({ leftOut: "0.9" });
  expect(keys.get("model.layers[].dense.outputs")).toMatchObject({ leftOut: null });
  expect(keys.get("model.layers[].maxPool1d.stride")).toMatchObject({ leftOut: "the kernel" });
  expect(keys.get("features[].clip")).toBeDefined();
});

test("the page lists every error code", () => {
  const page = configPage();
  for (const code of Object.keys(errorCodes)) expect(page).toContain(`| \`${code}\` |`);
});
