import { expect, test } from "vitest";
import { createConfigErrors } from "../../src/config/config-errors.ts";
import { readDocument } from "../../src/config/document.ts";
import { RivuletError } from "../../src/errors/errors.ts";

const document = readDocument("source:\n  fields: [a]\nmodel:\n  layers: [relu]\n", "c.yaml");

function complaint(message: string, path: string | undefined, around?: string[]): string {
  const errors = createConfigErrors(document);
  errors.attempt(() => {
    throw new RivuletError("config.bad-value", message, { path });
  }, around);
  try {
    errors.throwIfAny();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("nothing was complained of");
}

test("an error with a path has the line of that key, whatever its sentence begins with", () => {
  expect(complaint("the first is odd", "source.fields[0]", ["model"])).toBe("c.yaml:2: the first is odd");
  expect(complaint("source is odd", "model.layers[7]")).toBe("c.yaml:4: source is odd");
});

test("an error without a path has the line of what was checked", () => {
  expect(complaint("source.fields is odd", undefined, ["model"])).toBe("c.yaml:3: source.fields is odd");
  expect(complaint("the network is odd", undefined, ["memory"])).toBe("c.yaml:1: the network is odd");
});

test("every error keeps its code, path and line; the thrown one has those of the first", () => {
  const errors = createConfigErrors(document);
  errors.conflict(["source", "fields"], " contradict the model");
  errors.add("config.unknown-key", ["model", "layer"], ': unknown key "layer"', ["model"]);
  const first = { code: "config.conflict", path: "source.fields", file: "c.yaml", line: 2 };
  const second = { code: "config.unknown-key", path: "model.layer", file: "c.yaml", line: 3 };
  expect(() => errors.throwIfAny()).toThrow(
    expect.objectContaining({
      ...first,
      message: 'c.yaml:2: source.fields contradict the model\nc.yaml:3: model: unknown key "layer"',
      errors: [expect.objectContaining(first), expect.objectContaining(second)],
    }),
  );
});
