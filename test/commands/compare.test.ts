import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { folderWith, rivulet } from "../rivulet.ts";
import { saddle, wave } from "./data.ts";

const files = { "c.yaml": "target: { column: label, classes: 3 }\n", "d.csv": saddle(103) };
const words = ["compare", "c.yaml", "--data", "d.csv"];

interface Run {
  name: string;
  regime: string;
  updates: number;
  updatesPerEpoch: number;
  losses: number[];
  diverged: boolean;
}

async function compare(cwd: string, ...more: string[]) {
  const { code, stdout, stderr } = await rivulet([...words, "--json", ...more], { cwd });
  expect([code, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout);
}

describe.concurrent("compare", () => {
  test("makes exactly as many updates as each regime says, all from the same loss on", async () => {
    const cwd = folderWith(files);
    const { runs, page }: { runs: Run[]; page: string } = await compare(cwd, "--epochs", "5");
    const counts = runs.slice(0, 3).map(({ regime, updates }) => [regime, updates]);
    expect(counts).toEqual([
      ["batch", 5],
      ["stochastic", 5 * 103],
      ["mini-batch", 5 * 7],
    ]);
    const others = ["adagrad", "adam", "adamW", "momentum", "nesterov", "radam", "rmsprop"];
    expect(runs.slice(3).map(({ name }) => name)).toEqual([...others, "rate too large", "rate too small"]);
    for (const { losses, diverged, updates, updatesPerEpoch } of runs) {
      expect(losses[0]).toBe(runs[0].losses[0]);
      if (diverged) continue;
      expect(losses).toHaveLength(6);
      expect(updates).toBe(5 * updatesPerEpoch);
    }
    expect(page).toBe("compare.html");
  });

  test("writes one page with every figure in it, which asks for nothing from elsewhere", async () => {
    const cwd = folderWith(files);
    const { figures } = await compare(cwd, "--epochs", "3", "--out", "p.html", "--svg", "figures");
    const page = readFileSync(join(cwd, "p.html"), "utf8");
    // Each once for a desk and once for a telephone.
    expect(page.match(/<svg /g)).toHaveLength(12);
    expect(page.replaceAll('xmlns="http://www.w3.org/2000/svg"', "")).not.toMatch(
      /http|<script|<link|src=|url\(/,
    );
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
    expect(readdirSync(join(cwd, "figures"))).toHaveLength(6);
    for (const figure of figures) {
      const drawing = readFileSync(join(cwd, figure), "utf8");
      const [, title] = /font-weight="600">([^<]+)</.exec(drawing) ?? [];
      expect(page).toContain(`<h2>${title}</h2>`);
      const lines = drawing.match(/ d="M[^"]+L[^"]+"| points="[^"]+"/g) ?? [];
      expect(lines.length, figure).toBeGreaterThan(0);
    }
  });

  test("leaves out rows with values that cannot be true, and counts them", async () => {
    const [header, ...rows] = saddle(60).trimEnd().split("\n");
    const data = (lines: string[]) => [header, ...lines].join("\n");
    const ranged = `source: { fields: [{ name: x, range: [-1, 1] }, y, label] }\n${files["c.yaml"]}`;
    const [some, others] = await Promise.all(
      [data([...rows.slice(0, 30), "9,0,1", ...rows.slice(30)]), data(rows)].map((text) =>
        compare(folderWith({ "c.yaml": ranged, "d.csv": text }), "--epochs", "2"),
      ),
    );
    expect(some).toMatchObject({ rows: 60, rejected: 1 });
    expect(some.faults).toEqual([{ field: "x", notFinite: 0, outOfRange: 1, stuck: 0 }]);
    expect(others).toMatchObject({ rows: 60, rejected: 0, faults: [] });
    expect(some.runs[0].losses).toEqual(others.runs[0].losses);
  });

  test("compares on a number as well, and says so in words", async () => {
    const cwd = folderWith({ "c.yaml": "target: { column: target }\n", "d.csv": wave(60) });
    const { code, stdout, stderr } = await rivulet([...words, "--epochs", "4"], { cwd });
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^stochastic +[\d.]+ +240 +60 /m);
    expect(readFileSync(join(cwd, "compare.html"), "utf8")).not.toMatch(/NaN|Infinity|undefined/);
  });

  test("does with a single row", async () => {
    const { runs } = await compare(folderWith({ ...files, "d.csv": saddle(1) }), "--epochs", "2");
    expect(runs.slice(0, 3).map(({ updates }: Run) => updates)).toEqual([2, 2, 2]);
  });
});

test("a page that cannot be written whole leaves the one that was there", async () => {
  const cwd = folderWith({ ...files, "compare.html": "an older page" });
  const through = ["sh", "-c", 'ulimit -f 2; exec "$@"', "sh"];
  const { code, stderr } = await rivulet([...words, "--epochs", "1"], { cwd, through });
  expect(code).toBe(1);
  expect(stderr).toBe(
    "rivulet: cannot write compare.html: the file exceeds the largest permitted size; raise the limit (ulimit -f, LimitFSIZE=)\n",
  );
  expect(readFileSync(join(cwd, "compare.html"), "utf8")).toBe("an older page");
  expect(readdirSync(cwd).sort()).toEqual(["c.yaml", "compare.html", "d.csv"]);
});

describe.concurrent("compare refuses, with nothing written,", () => {
  test.each([
    ["a page that is a folder", files, ["--out", "."], "it is a folder; name a file in it"],
    [
      "a page that is a device",
      files,
      ["--out", "/dev/null"],
      "a device or a pipe has that name; name a file",
    ],
    [
      "a page in no folder",
      files,
      ["--out", "no/p.html"],
      "cannot write no/p.html: the folder does not exist",
    ],
    [
      "to write over its data",
      files,
      ["--out", "d.csv"],
      "cannot write d.csv: its rows or its config are read from it",
    ],
    ["figures in a file", files, ["--svg", "d.csv"], "cannot write figures into d.csv: found a file"],
    ["no epoch", files, ["--epochs", "0"], "--epochs must be a whole number of at least 1"],
    [
      "a label out of range",
      { ...files, "d.csv": "x,y,label\n1,2,3\n" },
      [],
      "d.csv, line 2: the label is 3",
    ],
    ["no rows", { ...files, "d.csv": "x,y,label\n" }, [], "d.csv"],
    ["too many rows", { ...files, "d.csv": saddle(20_001) }, [], "d.csv has more than 20000 rows"],
  ])("%s", async (_, given, more, sentence) => {
    const cwd = folderWith(given);
    const { code, stdout, stderr } = await rivulet([...words, ...more], { cwd });
    expect(code).toBeGreaterThan(0);
    expect(stdout).toBe("");
    expect(stderr).toContain(sentence);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(existsSync(join(cwd, "compare.html"))).toBe(false);
    expect(readFileSync(join(cwd, "d.csv"), "utf8")).toBe(given["d.csv"]);
  });
});
