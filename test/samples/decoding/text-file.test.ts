import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { csvFile } from "../../../src/library/data-files.ts";
import { defineFields } from "../../../src/samples/decoding/fields.ts";
import {
  lookAtFile,
  type RowOptions,
  readRows,
  TextFileDecoder,
} from "../../../src/samples/decoding/text-file.ts";
import { SampleRing } from "../../../src/samples/ring.ts";
import { folderWith } from "../../rivulet.ts";

function file(content: string | Uint8Array, name = "data.csv"): string {
  const path = join(folderWith(), name);
  writeFileSync(path, content);
  return path;
}

async function rowsOf(path: string, options?: RowOptions): Promise<number[][]> {
  const rows: number[][] = [];
  let width = 0;
  const { columns } = await readRows(
    path,
    (values, offset) => rows.push([...values.subarray(offset)]),
    options,
  );
  width = columns.length;
  return rows.map((row) => row.slice(0, width));
}

async function namesIn(path: string): Promise<string[]> {
  return (await lookAtFile(path)).columns.map(({ name }) => name);
}

const good = "a,b,label\n1,-2.5,0\n3e2,.5,1\n";
const goodRows = [
  [1, -2.5, 0],
  [300, 0.5, 1],
];

test("a file of which no line ends is refused for that, whatever column is asked for", async () => {
  const path = file("21.5,40,1,".repeat(1 << 15));
  const said = expect.objectContaining({
    code: "data.bad-row",
    message: expect.stringContaining("no line ends"),
  });
  await expect(lookAtFile(path)).rejects.toEqual(said);
  await expect(rowsOf(path, { fields: ["label"] })).rejects.toEqual(said);
});

describe("a good file", () => {
  test("gives its column names", async () => {
    expect(await namesIn(file(good))).toEqual(["a", "b", "label"]);
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
    expect(await readRows(file(good), () => {}, { fields: ["label", "a"] })).toEqual({
      columns: ["label", "a"],
      rows: 2,
      damaged: 0,
      cutOff: 0,
      refusals: [],
      doubts: [],
    });
  });

  test("gives the wanted columns in the wanted order and passes over text in the others", async () => {
    const path = file('time,a,"note, long",b\n12:00,1,"x, ""y""",2\n12:01,3,,4\n');
    expect(await rowsOf(path, { fields: ["b", "a"] })).toEqual([
      [2, 1],
      [4, 3],
    ]);
  });

  test("numbers the rows from 0 and the lines from 1", async () => {
    const numbers: number[][] = [];
    await readRows(file("\na,b\n1,2\r\n\r\n3,4\r5,6"), (_values, _offset, index, line) => {
      numbers.push([index, line]);
    });
    expect(numbers).toEqual([
      [0, 3],
      [1, 5],
      [2, 6],
    ]);
  });

  test("of any content is read as it was written, however long its lines and cells", async () => {
    const table = fc.integer({ min: 1, max: 200 }).chain((width) =>
      fc.array(
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: width, maxLength: width }),
        {
          minLength: 1,
          maxLength: 30,
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
        // Not by `expect`, which would take longer than all the rest.
        for (const [index, row] of rows.entries()) {
          const isSame = row.every((cell, column) => Object.is(read[index][column], Number(`${cell}`)));
          if (!isSame || read[index].length !== row.length)
            throw new Error(`row ${index} is read as ${read[index]}`);
        }
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
        const decoder = new TextFileDecoder(
          "data.csv",
          defineFields([{ name: "b" }, { name: "a" }]),
          ring,
          null,
        );
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
    await namesIn(path);
    await namesIn(zipped);
    const open = () =>
      readdirSync("/proc/self/fd").filter((descriptor) => {
        try {
          return [path, zipped].includes(readlinkSync(`/proc/self/fd/${descriptor}`));
        } catch {
          return false;
        }
      });
    await expect.poll(open, { timeout: 300_000 }).toEqual([]);
  });
});

describe("a line that cannot be read is counted, and described with its place", () => {
  test.each([
    ["too few columns", `${good}1,2\n`, 4, 'another number of columns: "1,2"'],
    ["too many columns", `${good}\n1,2,3,4\n`, 5, "another number of columns: "],
    ["a word", `${good}1,two,0\n`, 4, 'a value that is not a number for b: "two"'],
    ["a number with a tail", `${good}1,2,0x1\n`, 4, 'a value that is not a number for label: "0x1"'],
    ["a quote left open", `${good}1,"2,0\n`, 4, "a quote that is not closed: "],
    ["a log line", `${good}W (300) wifi: retry 2\n`, 4, "W (300) wifi: retry 2"],
    ["NUL bytes in the middle", `${good}1,\0\0\0-2.5,0\n`, 4, "a value that is not a number for b: "],
  ])("%s", async (_, content, line, text) => {
    const rows: number[] = [];
    const read = await readRows(file(content), (values, offset) => rows.push(values[offset]));
    expect(rows).toEqual([1, 300]);
    expect(read).toMatchObject({
      rows: 2,
      damaged: 1,
      refusals: [{ line, text: expect.stringContaining(text) }],
    });
  });

  test("but not the last line where it has no end, which may be cut off", async () => {
    expect(await readRows(file(`${good}1,`), () => {})).toMatchObject({ rows: 2, damaged: 0, cutOff: 1 });
  });

  test.each([
    ["nan", "nan,2,0"],
    ["an empty cell", "1,,0"],
    ["an empty last cell", "1,2,"],
    ["NA in quotes", '1,"NA",0'],
  ])("and a missing value is none: %s", async (_, line) => {
    const rows = await rowsOf(file(`${good}${line}\n`));
    expect(rows[2].filter(Number.isNaN)).toHaveLength(1);
  });
});

describe("a file that cannot be used is refused with file and line", () => {
  test.each([
    [
      "most of whose lines cannot be read",
      "a,b\n1,2\nx,3\ny,4\n",
      ', line 3: found a value that is not a number for a: "x"',
    ],
    ["without a byte", "", " is empty, expected a header line"],
    ["of nothing but empty lines", "\n\r\n", " is empty, expected a header line"],
    ["without rows", "a,b\n", " has no row of numbers"],
    ["that names a column twice", "a,b,a\n1,2,3\n", ' names columns 1 and 3 both "a"'],
    ["of bytes that are no text", Uint8Array.of(0x7f, 0x45, 0, 1, 10), " is not text"],
    [
      "that is gzip cut short",
      gzipSync(good).subarray(0, 30),
      " is a damaged gzip file (unexpected end of file)",
    ],
  ])("%s", async (_, content, sentence) => {
    const path = file(content);
    await expect(rowsOf(path)).rejects.toMatchObject({
      name: "RivuletError",
      message: expect.stringContaining(`${path}${sentence}`),
    });
  });

  test("but a line without end takes no more than a megabyte of memory, and is counted", async () => {
    expect(await readRows(file(`${good}${"1".repeat(1_200_000)}\n`), () => {})).toMatchObject({
      rows: 2,
      refusals: [{ reason: "too-long", line: 4 }],
    });
  });

  test("a column that is not there", async () => {
    const path = file(good);
    await expect(rowsOf(path, { fields: ["a", "temp"] })).rejects.toThrow(
      `${path} has no column "temp"; known are a, b, label`,
    );
  });

  test("a file that is not there", async () => {
    await expect(lookAtFile("/nowhere/data.csv")).rejects.toThrow(
      "/nowhere/data.csv cannot be read: there is no such file",
    );
  });

  test("a folder", async () => {
    const path = folderWith();
    await expect(lookAtFile(path)).rejects.toThrow(
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

describe("a clock in a file", () => {
  async function timesOf(content: string, columns: string[]) {
    const data = csvFile(file(content), { time: { columns } });
    const times: string[] = [];
    const read = await data.read(["a"], (_values, _offset, _place, all, at = 0) => {
      times.push(new Date((all as Float64Array)[at]).toISOString());
    });
    return { times, clock: read.clock };
  }
  const expected = ["2024-03-10T18:00:00.000Z", "2024-03-10T18:01:00.000Z"];

  test.each([
    ["of text", "at,a\n2024-03-10 18:00:00,1\n2024-03-10 18:01:00,2\n", ["at"]],
    ["of seconds", "a;at\n1;1710093600\n2;1710093660\n", ["at"]],
    ["in pairs", "a:1,at:2024-03-10T18:00:00\na:2,at:2024-03-10T18:01:00\n", ["at"]],
    ["in JSON", '{"a":1,"at":"2024-03-10T18:00:00Z"}\n{"a":2,"at":"2024-03-10T18:01:00Z"}\n', ["at"]],
    ["of two columns", "Date,Time,a\n10/03/2024,18.00.00,1\n10/03/2024,18.01.00,2\n", ["Date", "Time"]],
  ])("%s is the time of its rows", async (_, content, columns) => {
    const { times, clock } = await timesOf(content, columns);
    expect(times).toEqual(expected);
    expect(clock).toMatchObject({ absent: 0, repeated: 0, back: 0 });
  });

  test("that was not set spoils no row", async () => {
    const content = "at,a\n2024-03-10 18:00:00,1\nnot set,2\n,3\n2024-03-10 18:00:01,4\n";
    const data = csvFile(file(content), { time: { columns: ["at"] } });
    const { rows, clock } = await data.read(["a"], () => {});
    expect([rows, clock?.absent]).toEqual([4, 2]);
  });

  test("that is no column is refused with the nearest", async () => {
    await expect(timesOf("at,a\n1,2\n", ["tim"])).rejects.toThrow(/has no column "tim"/);
  });
});

test("a long greeting above the rows does not hide them", async () => {
  const greeting = Array.from({ length: 150 }, (_, percent) => `Reading ${percent} %\n`).join("");
  const rows = Array.from({ length: 400 }, (_, index) => `${index},${index % 2}\n`).join("");
  const { rows: read, damaged } = await readRows(file(greeting + rows), () => {}, { fields: ["a", "b"] });
  expect([read, damaged]).toEqual([400, 150]);
});

test("words of other programs for no value are missing values, unless they name a class", async () => {
  const path = file("a,b\n1,unknown\nunavailable,2\n1.#INF,-1.#IND\n");
  expect(await rowsOf(path)).toEqual([
    [1, Number.NaN],
    [Number.NaN, 2],
    [Number.NaN, Number.NaN],
  ]);
  const classes = ["known", "unknown"];
  expect(await rowsOf(file("a,b\n1,unknown\n2,known\n"), { fields: ["a", { name: "b", classes }] })).toEqual([
    [1, 1],
    [2, 0],
  ]);
});

test("a group behind a comma is one where the column shows it", async () => {
  expect(await rowsOf(file("a;b\n1,234.5;1\n1,234;2\n"))).toEqual([
    [1234.5, 1],
    [1234, 2],
  ]);
});

describe("what stands above a header is no row", () => {
  const rows = (count: number) =>
    Array.from(
      { length: count },
      (_, index) => `${index / 10}\t${20 + (index % 7)}\t${40 - (index % 5)}\n`,
    ).join("");

  test("though it has as many cells, as a file of LabVIEW has", async () => {
    const above =
      "Writer_Version\t2\nSeparator\tTab\nSamples\t20\t20\t\nX_Dimension\tTime\tTime\t\nX0\t0.0\t0.0\t\n" +
      "***End_of_Header***\t\nX_Value\tflow\tpressure\tComment\n";
    const path = file(above + rows(20));
    expect(await namesIn(path)).toEqual(["X_Value", "flow", "pressure"]);
    const { rows: read, damaged } = await readRows(path, () => {}, { fields: ["flow", "pressure"] });
    expect([read, damaged]).toEqual([20, 0]);
    expect((await rowsOf(path, { fields: ["flow", "pressure"] }))[1]).toEqual([21, 39]);
  });

  test("and names stand above units, of which some are signs, and kinds of value", async () => {
    const above = '"TOA5","station"\n"TIME","AirTC","RH"\n"TS","Deg C","%"\n"","Avg","Smp"\n';
    const times = Array.from(
      { length: 20 },
      (_, index) => `"2026-03-01 10:00:${10 + index}",${20 + index},4${index % 7}\n`,
    );
    expect(await namesIn(file(above + times.join("")))).toEqual(["TIME", "AirTC", "RH"]);
  });

  test("and a comment is none, though nobody wants its first cell", async () => {
    const path = file("#group,false,true\nid,on,b\nx,true,2\ny,false,3\n#group,false,5\nz,true,4\n");
    expect(await rowsOf(path, { fields: ["on", "b"] })).toEqual([
      [1, 2],
      [0, 3],
      [1, 4],
    ]);
  });

  test("and names of more columns than a row has shift none, though some rows have them all", async () => {
    const path = file(`a,b,c,d\n1,2,3,4\n${"1,2,3\n".repeat(63)}${"1,2,3,4\n".repeat(100)}1,2,3,4,5\n`);
    const found = { rows: 0, others: 0 };
    const { damaged } = await readRows(path, (values, at) => {
      found.rows++;
      if (String(values.subarray(at, at + 3)) !== "1,2,3") found.others++;
    });
    expect({ ...found, damaged }).toEqual({ rows: 164, others: 0, damaged: 1 });
  });

  test("and empty cells at the end of a row are cells", async () => {
    const path = file(`a,b,c,d\n${"1,2,3,4\n1,2,3,\n1,2,,\n".repeat(30)}`);
    expect(await lookAtFile(path)).toMatchObject({ rows: 63, lines: 63 });
    expect((await rowsOf(path)).slice(0, 3)).toEqual([
      [1, 2, 3, 4],
      [1, 2, 3, Number.NaN],
      [1, 2, Number.NaN, Number.NaN],
    ]);
  });

  test("however long a comment above them is", async () => {
    expect(await rowsOf(file(`# ${"x".repeat(200_000)}\n${good}`))).toEqual(goodRows);
  });
});

describe("quotes", () => {
  test.each([
    ["may hold line ends", 'a,note,b\n1,"one\ntwo, three",2\n3,"all ""fine""\r\n\r\nagain",4\n'],
    ["of a header may hold them", '"a","note ""x""","b\r\n(C)"\r\n1,x,2\r\n3,y,4\r\n'],
    ["that mean inches open nothing", 'a,note,b\n1,5" pipe,2\n3,6" pipe,4\n'],
  ])("%s", async (_, content) => {
    const path = file(content);
    const b = (await namesIn(path))[2];
    expect(await rowsOf(path, { fields: ["a", b] })).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  test("that nothing closes cost one line, told with its number", async () => {
    const lines = Array.from(
      { length: 3000 },
      (_, index) => `${index},${index === 1500 ? '"' : ""}x,${index % 2}`,
    );
    const path = file(`a,note,b\n${lines.join("\n")}\n`);
    const { rows, damaged, refusals } = await readRows(path, () => {}, { fields: ["a", "b"] });
    expect([rows, damaged]).toEqual([2999, 1]);
    expect(refusals).toMatchObject([{ line: 1502, reason: "quote" }]);
  });

  describe("that nothing closes cost at most one line, though other cells below are in quotes", () => {
    const numbered = (note: (index: number) => string) =>
      `a,note,b\n${Array.from({ length: 40 }, (_, index) => `${index},${note(index)},${2 * index}\n`).join("")}`;
    const all = Array.from({ length: 40 }, (_, index) => [index, 2 * index]);
    const without = (...lines: number[]) => all.filter(([index]) => !lines.includes(index));
    const fields = ["a", "b"];

    test.each([
      ["words", (index: number) => (index === 10 ? '"x' : `"n${index}"`)],
      ["nothing", (index: number) => (index === 10 ? '"x' : '""')],
      ["blanks", (index: number) => (index === 10 ? '"x' : '" "')],
      ["pairs of quotes", (index: number) => (index === 10 ? '"x' : '"an ""n"""')],
      ["separators", (index: number) => (index === 10 ? '"x' : '"n, o"')],
    ])("which hold %s", async (_, note) => {
      const path = file(numbered(note));
      expect(await rowsOf(path, { fields })).toEqual(without(10));
      expect(await readRows(path, () => {}, { fields })).toMatchObject({
        damaged: 1,
        refusals: [{ line: 12, reason: "quote" }],
      });
      expect(await lookAtFile(path)).toMatchObject({ columns: { length: 3 } });
    });

    test("where each stands for the word above it", async () => {
      const path = file(numbered((index) => (index === 10 || index === 11 ? '"' : "x")));
      expect(await rowsOf(path, { fields })).toEqual(without(10, 11));
    });

    test("where a record of several lines is below them", async () => {
      const path = file(numbered((index) => ({ 10: '"x', 11: '"one\ntwo"' })[index] ?? "n"));
      expect(await rowsOf(path, { fields })).toEqual(without(10));
    });

    test("in the last column, which nobody wants", async () => {
      const rows = Array.from({ length: 40 }, (_, index) => {
        const note = { 20: '"open', 30: '"x"' }[index] ?? (index < 20 ? '"ok"' : "ok");
        return `${index},${2 * index},${note}\n`;
      });
      expect(await rowsOf(file(`a,b,note\n${rows.join("")}`), { fields })).toEqual(all);
    });

    test("behind a separator of another kind", async () => {
      const path = file(numbered((index) => `p|"${index}`));
      expect(await rowsOf(path, { fields })).toEqual(all);
      expect(await namesIn(path)).toEqual(["a", "note", "b"]);
    });

    test.each(["#", "//", "%"])("in a comment behind %s", async (mark) => {
      const lines = numbered((index) => `"n${index % 2}"`).split("\n");
      lines.splice(6, 0, `${mark} moved, "to the hall`);
      expect(await rowsOf(file(lines.join("\n")), { fields })).toEqual(all);
    });

    test("at a line that is too long to be one", async () => {
      const path = file(
        numbered((index) => ({ 10: '"x', 11: `n\n${"y".repeat((1 << 20) + 1)}\n11,n` })[index] ?? "n"),
      );
      const read = await readRows(path, () => {}, { fields });
      expect(read).toMatchObject({ damaged: 3, refusals: [{ line: 12 }, { line: 13 }, { line: 14 }] });
    });
  });

  test.each(["\n", "\r\n"])(
    "of as many lines as are read as one are looked at as one, with %j",
    async (end) => {
      const record = (lines: number) => `"${Array.from({ length: lines }, () => "n").join(end)}"`;
      const lines = (count: number) => `a,${record(count)},b${end}${`1,x,2${end}`.repeat(20)}`;
      expect(await lookAtFile(file(lines(32)))).toMatchObject({ columns: { length: 3 }, headerLine: 1 });
      expect(await rowsOf(file(lines(32)), { fields: ["a", "b"] })).toHaveLength(20);
      expect(await namesIn(file(lines(33)))).not.toContain("a");
    },
  );

  test("that nothing closes at the end of the file cost one line too", async () => {
    const { rows, damaged } = await readRows(file('a,b\n1,2\n"3,4\n5,6\n'), () => {});
    expect([rows, damaged]).toEqual([2, 1]);
  });
});

describe("is refused for what it is", () => {
  test.each<[string, string | Uint8Array, RegExp]>([
    [
      "frames of a device",
      Uint8Array.from({ length: 3000 }, (_, at) => (at * 37 + (at >> 3)) & 0xff),
      /is not text/,
    ],
    ["a file of which few lines are rows", `Polling: 1\n${"[1]: \t7 of many\n".repeat(40)}`, /1 can be rows/],
    ["bytes in hexadecimal", "41 0C 03 1D\n41 0C 03 2E\n".repeat(20), /hexadecimal/],
    ["JSON over several lines", '[\n  {\n    "a": 1,\n    "b": 2\n  }\n]\n', /one object a line/],
    ["JSON with several objects in a line", '[{"a":1},{"a":2}]\n', /one object a line/],
    ["a page", "<!DOCTYPE html>\n<html><body>1,2</body></html>\n", /XML or HTML/],
  ])("%s", async (_, content, reason) => {
    await expect(lookAtFile(file(content))).rejects.toThrow(reason);
  });

  test("but not where rows stand between bytes in hexadecimal, such as addresses", async () => {
    expect(await namesIn(file("temp=20.5\nA4:C1:38:AA:BB:C0\n".repeat(20)))).toEqual(["temp"]);
  });

  test("but not where control codes stand around each line", async () => {
    const path = file(`a,b\n${"\x021,20.5\x03\n".repeat(60)}`);
    expect(await lookAtFile(path)).toMatchObject({ rows: 60 });
    const within = `a,b\n${"1,2\x020.5\x03 \n".repeat(60)}`;
    await expect(lookAtFile(file(within))).rejects.toThrow(/is not text/);
  });

  test("but not where a logger's brackets stand before each line, or a line of JSON is long", async () => {
    const logged = "[00:00:01.234,000] <inf> main: a: 1; b: 2\n[00:00:02.234,000] <inf> main: a: 3; b: 4\n";
    expect(await namesIn(file(logged))).toEqual(["a", "b"]);
    const long = `{"a":1,"text":"${"x".repeat(9000)}","b":2}\n`;
    expect(await namesIn(file(long + long))).toEqual(["a", "text", "b"]);
  });

  test("but JSON with an object a line is read, within brackets too", async () => {
    expect(await rowsOf(file('[\n{"a":1,"b":2},\n{"a":3,"b":4}\n]\n'))).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });
});

test.each([
  ["behind a separator", "ST,GS,+   1.5kg\nST,GS,-   2.5kg\nUS,GS,+  10.5kg\n", ["_", "_", "w"]],
  ["between blanks", "N     +   1.5 g\nN     -   2.5 g\nN     +  10.5 g\n", ["_", "w", "_"]],
])("a sign apart from its number belongs to it, %s", async (_, content, columns) => {
  expect(await rowsOf(file(content), { fields: ["w"], columns })).toEqual([[1.5], [-2.5], [10.5]]);
});

test("decimals stay decimals beside numbers with a unit", async () => {
  const path = file(`w\tx\n${"1,200 kg\t21.300\n".repeat(20)}`);
  expect((await rowsOf(path))[0]).toEqual([1.2, 21.3]);
});
