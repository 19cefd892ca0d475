import { expect, test } from "vitest";
import { refuseForeignFormat } from "../../../src/samples/sources/file-format.ts";

const bytes = (text: string) => Buffer.from(text, "latin1");

test.each([
  ["PK\x03\x04\x14\0", /a zip archive.*save the table as CSV/],
  ["BZh91AY&SY\xd1", /compressed by bzip2.*decompress it/],
  ["\xfd7zXZ\0", /compressed by xz/],
  ["\x28\xb5\x2f\xfd", /compressed by zstd/],
  ["SQLite format 3\0", /an SQLite database.*CSV/],
  ["PAR1\x15\x04", /a Parquet file/],
  ["\x89HDF\r\n\x1a\n", /an HDF5 file/],
  ["\x93NUMPY\x01\0", /numpy\.savetxt/],
  ["MATLAB 5.0 MAT-file\0\x01IM", /a MATLAB file/],
  ["ID3\x03\0\0", /a sound file/],
  ["RIFF\x10\0\0\0WAVEfmt ", /a sound file/],
  ["%PDF-1.5\n\xff", /a PDF document/],
])("a file that begins with %j is refused by its name, with what to do", (beginning, sentence) => {
  expect(() => refuseForeignFormat("data.csv", bytes(beginning))).toThrow(sentence);
  expect(() => refuseForeignFormat("data.csv", bytes(beginning))).toThrow(/^data\.csv is /);
});

test.each([
  "PAR1,PAR2\n1,2\n",
  "MATLAB 5.0,b\n1,2\n",
  "%PDF-like title\n1,2\n",
  "PAR1,\xb0C\n1,2\n",
  "ID3,\xb0C\n1,2\n",
  "a,b\n1,2\n",
])("a text that begins with %j is not refused", (text) => {
  expect(() => refuseForeignFormat("data.csv", bytes(text))).not.toThrow();
});
