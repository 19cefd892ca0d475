import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { RivuletError } from "../../src/errors/errors.ts";
import { type Dataset, datasetOf, rereadableDatasetOf, type SampleRows } from "../../src/training/dataset.ts";
import { rejection } from "./rows.ts";

const rows = [
  [1, 2],
  [3, 4],
  [5, 6],
];

function* generated() {
  yield* rows;
}

async function* arriving() {
  yield* rows;
}

const forms: [string, () => SampleRows][] = [
  ["arrays in an array", () => rows],
  ["typed arrays in an array", () => rows.map((row) => Float32Array.from(row))],
  ["a Float64Array", () => Float64Array.from(rows.flat())],
  ["a Float32Array", () => Float32Array.from(rows.flat())],
  ["a generator", generated],
  ["a set", () => new Set(rows)],
  ["an async generator", arriving],
  ["a stream of Node", () => Readable.from(rows)],
  ["a dataset", () => datasetOf(rows)],
];

async function readAll(dataset: Dataset): Promise<number[][]> {
  const read: number[][] = [];
  const places: number[] = [];
  const { rows: count } = await dataset.read(["a", "b"], (values, offset, place) => {
    read.push([...values.subarray(offset, offset + 2)]);
    places.push(place);
  });
  expect(places).toEqual(read.map((_, index) => index + 1));
  expect(count).toBe(read.length);
  return read;
}

describe("rows are read in order, from 1 on,", () => {
  test.each(forms)("from %s", async (_, form) => {
    expect(await readAll(datasetOf(form()))).toEqual(rows);
  });

  test.each(forms)("as often as needed, from %s", async (_, form) => {
    const dataset = await rereadableDatasetOf(form(), ["a", "b"]);
    expect(await readAll(dataset)).toEqual(rows);
    expect(await readAll(dataset)).toEqual(rows);
  });
});

test("rows that are read once are copied, however many", async () => {
  function* many() {
    for (let row = 0; row < 5000; row++) yield [row, -row];
  }
  const read = await readAll(await rereadableDatasetOf(many(), ["a", "b"]));
  expect(read).toHaveLength(5000);
  expect(read[4999]).toEqual([4999, -4999]);
});

test("what a reader changes in a row does not change the rows", async () => {
  const given = [[1, 2]];
  await datasetOf(given).read(["a", "b"], (values) => values.fill(0));
  expect(given).toEqual([[1, 2]]);
  const flat = Float64Array.of(1, 2);
  await datasetOf(flat).read(["a", "b"], (values) => values.fill(0));
  expect([...flat]).toEqual([1, 2]);
});

describe("the error says which", () => {
  test.each<[string, SampleRows, string]>([
    [
      "row is too long",
      [
        [1, 2],
        [1, 2, 3],
      ],
      "row 2 has 3 numbers, expected 2; give one for each field, in the order a, b",
    ],
    ["row is too short", [[1]], "row 1 has 1 numbers, expected 2"],
    [
      "length is wrong",
      Float64Array.of(1, 2, 3),
      "the typed array has 3 numbers, expected a multiple of 2, one for each field of a row; correct its length",
    ],
  ])("%s", async (_, given, sentence) => {
    const error = await rejection(datasetOf(given).read(["a", "b"], () => {}));
    expect(error).toBeInstanceOf(RivuletError);
    expect(error.message).toContain(sentence);
  });
});
