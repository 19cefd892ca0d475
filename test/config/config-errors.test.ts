import { expect, test } from "vitest";
import { createConfigErrors } from "../../src/config/config-errors.ts";
import { readDocument } from "../../src/config/document.ts";
import { RivuletError } from "../../src/errors/errors.ts";

const document = readDocument("source:\n  fields: [a]\nmodel:\n  layers: [relu]\n", "c.yaml");

function complaint(message: string, around?: string[]): string {
  const errors = createConfigErrors(document);
  errors.attempt(() => {
    throw new RivuletError(message);
  }, around);
  try {
    errors.throwIfAny();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("nothing was complained of");
}

test("a complaint that begins with a key has the line of that key", () => {
  expect(complaint("source.fields[0] is odd", ["model"])).toBe("c.yaml:2: source.fields[0] is odd");
  expect(complaint("model.layers[7] is odd")).toBe("c.yaml:4: model.layers[7] is odd");
});

test("a complaint that begins with any word has the line of what was checked", () => {
  expect(complaint("the network is odd", ["model"])).toBe("c.yaml:3: the network is odd");
  expect(complaint("the network is odd", ["memory"])).toBe("c.yaml:1: the network is odd");
});
