import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { CsvDecoder, type RowOptions, readHeader, readRows } from "../../../src/samples/decoding/csv-file.ts";
import { SampleRing } from "../../../src/samples/ring.ts";
import { folderWith } from "../../rivulet.ts";

function file(content: string | Uint8Array, name = "data.csv"): string {
  const path = join(folderWith(), name);
  writeFileSync(path, content);
  return path;
}

async function rowsOf(path: string, options?: RowOptions): Promise<number[][]> {
  const rows: number[][] = [];
  await readRows(path, (row) => rows.push([...row]), options);
  return rows;
}

const good = "a,b,label\n1,-2.5,0\n3e2,.5,1\n";
const goodRows = [
  [1, -2.5, 0],
  [300, 0.5, 1],
];

describe("a good file", () => {
  test("gives its column names", async () => {
    expect(await readHeader(file(good))).toEqual(["a", "b", "label"]);
  });

  test.each([
    ["plain", good],
    ["gzipped", gzipSync(good)],
    ["with Windows line ends", good.replaceAll("\n", "\r\n")],
    ["with a byte order mark", `\uFEFF${good}`],
    ["without a last line end", good.trimEnd()],
    ["with empty lines", `\n${good.replaceAll("\n", "\n\n")}`],
    ["with semicolons", good.replaceAll(",", ";")],
    ["with tabs", good.replaceAll(",", "\t")],
    ["with blanks around cells", good.replaceAll(",", " , ")],
    ["with quotes", '"a","b","label"\n"1","-2.5","0"\n"300",0.5,"1"\n'],
    ["in two gzip members", Buffer.concat([gzipSync(good.slice(0, 12)), gzipSync(good.slice(12))])],
  ])("%s gives its rows", async (_, content) => {
    expect(await rowsOf(file(content))).toEqual(goodRows);
  });

  test("says what it gave", async () => {
    expect(await readRows(file(good), () => {}, { columns: ["label", "a"] })).toEqual({
      columns: ["label", "a"],
      rows: 2,
    });
  });

  test("gives the wanted columns in the wanted order and passes over text in the others", async () => {
    const path = file('time,a,"note, long",b\n12:00,1,"x, ""y""",2\n12:01,3,,4\n');
    expect(await rowsOf(path, { columns: ["b", "a"] })).toEqual([
      [2, 1],
      [4, 3],
    ]);
  });

  test("numbers the rows from 0 and the lines from 1, and reuses the array", async () => {
    const arrays = new Set<Float64Array>();
    const numbers: number[][] = [];
    await readRows(file("\na,b\n1,2\n\n3,4\n"), (row, index, line) => {
      arrays.add(row);
      numbers.push([index, line]);
    });
    expect([arrays.size, numbers]).toEqual([
      1,
      [
        [0, 3],
        [1, 5],
      ],
    ]);
  });

  test("of any content is read as it was written, however long its lines and cells", async () => {
    const table = fc.integer({ min: 1, max: 200 }).chain((width) =>
      fc.array(
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: width, maxLength: width }),
        {
          minLength: 1,
          maxLength: 120,
        },
      ),
    );
    await fc.assert(
      fc.asyncProperty(table, fc.boolean(), async (rows, zipped) => {
        const text = [rows[0].map((_, column) => `c${column}`), ...rows]
          .map((row) => row.join(","))
          .join("\n");
        const path = file(zipped ? gzipSync(text) : text);
        const read = await rowsOf(path);
        expect(read.length).toBe(rows.length);
        for (const [index, row] of rows.entries())
          expect(read[index]).toEqual(row.map((cell) => Number(`${cell}`)));
      }),
      { numRuns: 40 },
    );
  });

  test("is decoded into a ring wherever its bytes are cut, and waits while there is no room", () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
    fc.assert(
      fc.property(cuts, fc.integer({ min: 1, max: 4 }), (lengths, room) => {
        const rows = Array.from({ length: 30 }, (_, i) => [i, 10 ** (i - 15)]);
        const bytes = Buffer.from(
          `note,a,b\n${rows.map((row) => `"x, ""y""",${row.join(",")}\r\n\n`).join("")}`,
        );
        const ring = new SampleRing(2, room, "pause");
        const decoder = new CsvDecoder("data.csv", { columns: ["b", "a"] }, ring);
        const found: number[][] = [];
        const drain = () => {
          for (; ring.length > 0; ring.release()) {
            found.push([...ring.values.subarray(ring.front(), ring.front() + 2)]);
          }
        };
        for (let start = 0, piece = 0; start < bytes.length; piece++) {
          const end = Math.min(bytes.length, start + lengths[piece % lengths.length]);
          while (start < end) {
            start = decoder.decode(bytes, start, end, 7);
            drain();
          }
        }
        expect(found).toEqual(rows.map(([a, b]) => [b, a]));
        expect(decoder.counts).toMatchObject({ bytes: bytes.length, samples: rows.length });
      }),
    );
  });

  test("may be a pipe", async () => {
    const path = join(folderWith(), "pipe");
    execFileSync("sh", ["-c", 'mkfifo "$0"', path]);
    const writer = spawn("sh", ["-c", 'printf "a,b\\n1,2\\n" > "$0"', path]);
    onTestFinished(() => void writer.kill());
    expect(await rowsOf(path)).toEqual([[1, 2]]);
  });

  test("of 100 MB is read in a fraction of its size", () => {
    const path = file("a,b,c,d\n");
    const rows = "1.25,-2.5,3.125,0.0625\n".repeat(50_000);
    for (let block = 0; block < 90; block++) appendFileSync(path, rows);
    const first = file(`a,b,c,d\n${rows}`);
    const script = fileURLToPath(new URL("./read-csv.ts", import.meta.url));
    const output = execFileSync(process.execPath, ["--import", "tsx", script, first, path], {
      encoding: "utf8",
    });
    const { rows: read, growth } = JSON.parse(output);
    expect(read).toBe(4_500_000);
    expect(growth).toBeLessThan(20_000_000);
  });

  test("leaves no descriptor open when reading ends early", async () => {
    const path = file(`a\n${"1\n".repeat(200_000)}`);
    const zipped = file(gzipSync(`a\n${"1\n".repeat(200_000)}`));
    await readHeader(path);
    await readHeader(zipped);
    const open = () =>
      readdirSync("/proc/self/fd").filter((descriptor) => {
        try {
          return [path, zipped].includes(readlinkSync(`/proc/self/fd/${descriptor}`));
        } catch {
          return false;
        }
      });
    await expect.poll(open, { timeout: 10_000 }).toEqual([]);
  });
});

describe("a file that cannot be used is refused with file, line and column", () => {
  test.each([
    ["too few columns", `${good}1,2\n`, ", line 4 has 2 columns, but the header names 3"],
    ["too many columns", `${good}\n1,2,3,4\n`, ", line 5 has 4 columns, but the header names 3"],
    ["one column", `${good}7\n`, ", line 4 has 1 column, but the header names 3"],
    ["too few columns and a word", `${good}x,2\n`, ", line 4 has 2 columns, but the header names 3"],
    ["a word", `${good}1,two,0\n`, ', line 4, column "b": found "two", expected a finite number'],
    [
      "a number with a tail",
      `${good}1,2,0x\n`,
      ', line 4, column "label": found "0x", expected a finite number',
    ],
    [
      "a quote left open at the end",
      `${good}1,2,"0x\n`,
      ', line 4, column "label": found ""0x", expected a finite number',
    ],
    ["nan", `${good}nan,2,0\n`, ', line 4, column "a": found "nan", expected a finite number'],
    [
      "infinity",
      `${good}1,-Infinity,0\n`,
      ', line 4, column "b": found "-Infinity", expected a finite number',
    ],
    [
      "a number beyond a double",
      `${good}1,1e999,0\n`,
      ', line 4, column "b": found "1e999", expected a finite number',
    ],
    ["an empty cell", `${good}1,,0\n`, ', line 4, column "b": found an empty cell'],
    ["an empty last cell", `${good}1,2,\n`, ', line 4, column "label": found an empty cell'],
    ["a quote left open", `${good}1,"2,0\n`, ", line 4 has 2 columns"],
    [
      "a decimal comma",
      "a;b\n1;2,5\n",
      ', line 2, column "b": found "2,5", expected a number with a decimal point',
    ],
    ["no bytes", "", " is empty, expected a header line"],
    ["nothing but empty lines", "\n\r\n", " is empty, expected a header line"],
    ["no rows", "a,b\n", " has a header line but no rows"],
    ["no header", "1,2\n3,4\n", ' begins with "1,2", expected a header line'],
    ["a column without a name", "a,,c\n1,2,3\n", " has no name for column 2"],
    ["a name twice", "a,b,a\n1,2,3\n", ' names columns 1 and 3 both "a"'],
    ["bytes that are no text", Uint8Array.of(0x7f, 0x45, 0, 1, 10), " is not UTF-8 text"],
    [
      "a gzip file cut short",
      gzipSync(good).subarray(0, 30),
      " is a damaged gzip file (unexpected end of file)",
    ],
    ["a line without end", `a\n${"1".repeat(1_200_000)}`, ", line 2 is longer than 1048576 bytes"],
  ])("%s", async (_, content, sentence) => {
    const path = file(content);
    await expect(rowsOf(path)).rejects.toMatchObject({
      name: "RivuletError",
      message: expect.stringContaining(`${path}${sentence}`),
    });
  });

  test("a column that is not there", async () => {
    const path = file(good);
    await expect(rowsOf(path, { columns: ["a", "temp"] })).rejects.toThrow(
      `${path} has no column "temp": its header names a, b, label`,
    );
  });

  test("a file that is not there", async () => {
    await expect(readHeader("/nowhere/data.csv")).rejects.toThrow(
      "/nowhere/data.csv cannot be read: there is no such file",
    );
  });

  test("a folder", async () => {
    const path = folderWith();
    await expect(readHeader(path)).rejects.toThrow(
      `${path} cannot be read: it is a folder; name a file in it`,
    );
  });
});

test("an error of the caller comes through as it is", async () => {
  const fault = new TypeError("mine");
  const reading = readRows(file(good), () => {
    throw fault;
  });
  await expect(reading).rejects.toBe(fault);
});
