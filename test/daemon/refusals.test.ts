/** Nothing is refused in silence: what `rivulet run` and `rivulet record` say of bytes that make no sample. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openPseudoTerminal } from "../../src/emulation/pseudo-terminal.ts";
import { defineFields, type Field } from "../../src/samples/decoding/fields.ts";
import { createFrameEncoder } from "../../src/samples/decoding/frames.ts";
import { folderWith, startRivulet } from "../rivulet.ts";

const cleanups: (() => unknown)[] = [];
afterAll(() => {
  for (const cleanup of cleanups) cleanup();
});

const config = (source: string, fields = "[a, b, label]") => `name: bench
source: { ${source}, fields: ${fields} }
target: { column: label, classes: 3 }
checkpoint: { directory: saved }
`;
const typed = "[{ name: a, type: f32 }, { name: b, type: f32 }, { name: label, type: u8 }]";
const typedFields = defineFields([{ name: "a" }, { name: "b" }, { name: "label", type: "u8" }]);

function frame(fields: readonly Field[], values: number[], sequence: number): Buffer {
  const encoder = createFrameEncoder(fields);
  const target = Buffer.alloc(encoder.maximumBytes);
  return target.subarray(0, encoder.encode(values, sequence, 10 * sequence, target, 0));
}

const rows = (count: number) =>
  Array.from({ length: count }, (_, i) => `${i / 4},${i % 5},${i % 3}\n`).join("");

async function runWith(input: string | Uint8Array, text: string, words: string[] = []) {
  const cwd = folderWith({ "c.yaml": text });
  const run = startRivulet(["run", "c.yaml", "--json", ...words], { cwd, stdin: "pipe" });
  run.process.stdin?.end(input);
  const outcome = await run.ended;
  const refused = run.events("refused").map(({ reason, bytes }) => [reason, bytes]);
  return { ...outcome, refused, end: run.events("totals")[0], run };
}

describe.concurrent("run", () => {
  test("shows the first line that is refused for each reason, and counts all of them by reason", async () => {
    const bad = ["1,2\n", "1,2,3,4\n", "x\u001b[31m,2,0\n", `${"9".repeat(300_000)}\n`, "1,2\n"];
    const { code, refused, end } = await runWith(
      rows(20) + bad.join("") + rows(20),
      config("stdin: true, framing: lines"),
    );
    expect(code).toBe(0);
    expect(refused).toEqual([
      ["wrongColumns", '"1,2"'],
      ["notNumber", '"x\\x1b[31m,2,0"'],
      // As many as had come when it was known to be too long.
      ["tooLong", expect.stringMatching(/^"9{60}" and 2\d{5} more bytes$/)],
    ]);
    expect(end).toMatchObject({
      samples: 40,
      damaged: 5,
      refused: { wrongColumns: 3, notNumber: 1, tooLong: 1 },
    });
    expect(end.text).toContain(
      "5 damaged (3 with other columns, 1 with a value that is not a number, 1 too long)",
    );
  });

  test("tells a damaged frame from one with other fields, and both from frames of replies", async () => {
    const good = Array.from({ length: 20 }, (_, i) => frame(typedFields, [i, 1, i % 3], i));
    const broken = Uint8Array.from(good[3], (byte, at) => (at === 12 ? byte ^ 0x21 : byte));
    const short = frame(typedFields.slice(0, 2), [1, 2], 30);
    const { code, refused, end } = await runWith(
      Buffer.concat([...good.slice(0, 10), broken, short, ...good.slice(10)]),
      config("stdin: true", typed),
    );
    expect(code).toBe(0);
    expect(refused.map(([reason]) => reason)).toEqual(["checksum", "wrongLength"]);
    expect(end.refused).toEqual({ checksum: 1, wrongLength: 1 });
  });

  test("says once that a header names other columns, and of a last line that it is cut off", async () => {
    const header = "a,bb,label\n";
    const { code, end, run } = await runWith(
      `${rows(20)}${header}${rows(5)}${header}${rows(5)}a,b,label\n${rows(20)}1,2`,
      config("stdin: true, framing: lines"),
    );
    expect(code).toBe(0);
    const said = run.events("other-header");
    expect(said).toHaveLength(1);
    expect(said[0].text).toContain('names a, bb, label, but not "b" (did you mean "bb"?) of source.fields');
    expect(end).toMatchObject({ samples: 40, damaged: 12, refused: { otherHeader: 11 } });
    expect(end.text).toContain("the last line cut off");
  });

  test("says of bytes that never end a line how many there are, and ends with 1", async () => {
    const { code, stderr, refused, end } = await runWith(
      "1,2,0;".repeat(300_000),
      config("stdin: true, framing: lines"),
    );
    expect(code).toBe(1);
    expect(refused).toHaveLength(1);
    expect(end).toMatchObject({ samples: 0, unfinishedBytes: 1_800_000 });
    expect(end.text).toContain("1.7 MiB without an end of a line or frame, no sample in 1800000 bytes");
    expect(end.text).not.toContain("none lost");
    expect(stderr).toMatch(/^rivulet: no sample in 1800000 bytes of standard input: /m);
  });

  test.each<[string, string, string, RegExp]>([
    [
      "another framing",
      rows(50),
      config("stdin: true", typed),
      /these are lines of commas.*set framing: lines\n$/,
    ],
    [
      "other columns",
      rows(50).replaceAll("\n", ",7\n"),
      config("stdin: true, framing: lines"),
      /with 4 columns, but source\.fields names a, b, label\n$/,
    ],
    [
      "other names",
      '{"t":1.5,"hum":4,"label":0}\n'.repeat(50),
      config("stdin: true, framing: lines"),
      /with the fields t, hum, label, but source\.fields names a, b, label\n$/,
    ],
    [
      "nothing but half a line",
      "1,2",
      config("stdin: true, framing: lines"),
      /it sent no whole frame or line/,
    ],
  ])("ends with 1 and the likely cause where a stream has %s", async (_, input, text, sentence) => {
    const { code, stderr, end } = await runWith(input, text);
    expect(code).toBe(1);
    expect(stderr).toMatch(sentence);
    expect(end.text).not.toContain("none lost");
  });

  test("says why nothing is understood of a port while it still sends", async () => {
    const terminal = openPseudoTerminal();
    const timer = setInterval(() => terminal.write(Buffer.from(rows(5))), 20);
    cleanups.push(() => {
      clearInterval(timer);
      terminal.close();
    });
    const cwd = folderWith({ "c.yaml": config(`serial: { path: ${terminal.path} }`, typed) });
    const run = startRivulet(["run", "c.yaml", "--json"], { cwd });
    const said = await run.event("not-understood");
    expect(said.text).toMatch(
      /these are lines of commas, without names, but source\.framing is frames; set framing: lines$/,
    );
    run.process.kill("SIGTERM");
    expect((await run.ended).code).toBe(1);
  });
});

test("record leaves no file behind where nothing was understood, and ends with 1", async () => {
  const cwd = folderWith({ "c.yaml": config("stdin: true", typed) });
  const run = startRivulet(["record", "c.yaml", "--out", "r.rec"], { cwd, stdin: "pipe" });
  run.process.stdin?.end(rows(100));
  const { code, stderr } = await run.ended;
  expect([code, existsSync(join(cwd, "r.rec"))]).toEqual([1, false]);
  expect(stderr).toMatch(/set framing: lines\n$/);
});
