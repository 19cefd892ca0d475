import { expect, test } from "vitest";
import { defineFields, type FieldDescription, packedBytes } from "../../../src/samples/decoding/fields.ts";

test("a field is an f32 taken as it is unless it says otherwise", () => {
  expect(defineFields([{ name: "flow" }])).toEqual([{ name: "flow", type: "f32", scale: 1, offset: 0 }]);
});

test("keeps what a field says", () => {
  const field = { name: "temperature", type: "i16", scale: 0.01, offset: -40 } as const;
  expect(defineFields([field])).toEqual([field]);
});

test("keeps what it says of values that can be true", () => {
  const field: FieldDescription = {
    name: "temperature",
    type: "i16",
    scale: 0.01,
    offset: -40,
    range: [-40, 125],
    stuck: 600,
  };
  expect(defineFields([field])).toEqual([field]);
});

test("packed fields take the bytes of their types and no padding", () => {
  const types = ["f32", "f64", "i8", "u8", "i16", "u16", "i32", "u32"] as const;
  expect(packedBytes(defineFields(types.map((type) => ({ name: type, type }))))).toBe(26);
});

const refused: [string, FieldDescription[], string][] = [
  ["an empty list", [], "source.fields is empty"],
  ["a field without a name", [{ name: "" }], "source.fields[0].name is empty"],
  ["a name with a quote", [{ name: 'a"b' }], 'source.fields[0].name "a\\"b" holds a quote'],
  ["a name that is a number with a comma", [{ name: "1,5" }], 'source.fields[0].name "1,5" is a number'],
  [
    "a name with blanks around it",
    [{ name: " a" }],
    'source.fields[0].name " a" begins or ends with a blank',
  ],
  ["a name that reads as a number", [{ name: "12" }], 'source.fields[0].name "12" is a number'],
  [
    "two fields of one name",
    [{ name: "a" }, { name: "b" }, { name: "a" }],
    'source.fields[2].name "a" is already the name of source.fields[0]',
  ],
  [
    "an unknown type",
    [{ name: "a", type: "int" as "i8" }],
    'type of field "a" is "int", expected one of f32, f64, i8, u8, i16, u16, i32, u32',
  ],
  [
    "a type that every object has",
    [{ name: "a", type: "toString" as "i8" }],
    'type of field "a" is "toString"',
  ],
  ["a scale of 0", [{ name: "a", scale: 0 }], 'source.fields[0].scale of field "a" is 0'],
  [
    "an infinite offset",
    [{ name: "a", offset: -Infinity }],
    'source.fields[0].offset of field "a" is -Infinity',
  ],
  ["a range upside down", [{ name: "a", range: [2, 1] }], 'source.fields[0].range of field "a" is 2 to 1'],
  ["a range of one value", [{ name: "a", range: [1, 1] }], 'source.fields[0].range of field "a" is 1 to 1'],
  [
    "an infinite range",
    [{ name: "a", range: [0, Infinity] }],
    'source.fields[0].range of field "a" is 0 to Infinity, expected two finite numbers; give the lower first',
  ],
  ["a value stuck at once", [{ name: "a", stuck: 1 }], 'source.fields[0].stuck of field "a" is 1'],
];

test.each(refused)("refuses %s", (_, descriptions, sentence) => {
  expect(() => defineFields(descriptions, "source.fields")).toThrow(sentence);
});
