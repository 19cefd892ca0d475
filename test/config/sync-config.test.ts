import { describe, expect, test } from "vitest";
import { parseConfig } from "../../src/config/config.ts";

const key = `ed25519:${Buffer.alloc(32, 7).toString("base64")}`;
/** The same key as other programs write it, with what it is before it. */
const spki = `ed25519:MCowBQYDK2VwAyEA${Buffer.alloc(32, 7).toString("base64")}`;
const pump =
  "source: { stdin: true, framing: lines, fields: [x, label] }\ntarget: { column: label, classes: 2 }\n";
const network = "model: { layers: [{ dense: 2 }] }\n";
const syncWith = (models: string) =>
  `sync: { to: http://nas:9000/fleet, device: pump-7, secretFile: k, models: ${models} }\n`;
const modelsOf = (text: string) => parseConfig(text, "pump.yaml").sync?.models;

describe("the models that come back", () => {
  test("are none where the config does not ask for them", () => {
    expect(
      modelsOf(`${pump}sync: { to: http://nas:9000/fleet, device: pump-7, secretFile: k }\n`),
    ).toBeNull();
  });

  test("are those of a group, signed with one key, and a new network runs beside the old for 500 samples", () => {
    const text = `{ group: pumps, trust: "${key}" }`;
    expect(modelsOf(pump + syncWith(text))).toEqual({ group: "pumps", trust: key, sideBySide: 500 });
    expect(modelsOf(pump + network + syncWith(`{ group: pumps, trust: "${key}", sideBySide: 60 }`))).toEqual({
      group: "pumps",
      trust: key,
      sideBySide: 60,
    });
  });

  test.each([
    [
      `{ group: pumps, trust: "${spki}" }`,
      "sync.models.trust must be a public key as rivulet models key prints it",
    ],
    [`{ group: pumps, trust: "${key.slice(0, -2)}V=" }`, "sync.models.trust must be a public key"],
    ["{ group: pumps }", 'sync.models: the key "trust" is missing'],
    [`{ group: ../pumps, trust: "${key}" }`, "sync.models.group must be up to 64 letters"],
    [
      `{ group: pumps, trust: "${key}", sideBySide: 5 }`,
      "sync.models.sideBySide must be a whole number from 10",
    ],
  ])("refuse %s", (models, sentence) => {
    expect(() => parseConfig(pump + network + syncWith(models), "pump.yaml")).toThrow(sentence);
  });

  test("run beside nothing in the ensemble", () => {
    const models = `{ group: pumps, trust: "${key}", sideBySide: 60 }`;
    expect(() => parseConfig(pump + syncWith(models), "pump.yaml")).toThrow(
      "pump.yaml:3: sync.models.sideBySide has no effect without model:",
    );
  });

  test("are for nobody where no row is predicted", () => {
    const models = syncWith(`{ group: pumps, trust: "${key}" }`);
    const watching = pump.replace(/target: .*/, "anomaly: {}");
    expect(() => parseConfig(watching + models, "pump.yaml")).toThrow(
      "pump.yaml:3: sync.models has no effect without a target that is predicted row by row",
    );
  });
});
