import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { folderWith, rivulet } from "../rivulet.ts";
import { saddle, wave } from "./data.ts";

async function reportOf(cwd: string, words: string[]): Promise<string> {
  const { code, stdout, stderr } = await rivulet([...words, "--report", "r.html", "--json"], { cwd });
  expect([code, stderr]).toEqual([0, ""]);
  expect(JSON.parse(stdout).report).toBe("r.html");
  return readFileSync(join(cwd, "r.html"), "utf8");
}

const headings = (page: string) => [...page.matchAll(/<h2>([^<]*)</g)].map(([, title]) => title);

function expectSelfContained(page: string) {
  expect(page.replaceAll('xmlns="http://www.w3.org/2000/svg"', "")).not.toMatch(
    /http|<script|<link|src=|url\(/,
  );
  expect(page).not.toMatch(/NaN|Infinity|undefined|null/);
}

const common = ["Confusion matrix", "Scores of each class", "Calibration"];

describe.concurrent("--report", () => {
  test("of replay is one page of the stream's course, classes, experts and fields", async () => {
    const cwd = folderWith({ "d.csv": saddle(600) });
    const page = await reportOf(cwd, ["replay", "--data", "d.csv"]);
    expectSelfContained(page);
    expect(headings(page)).toEqual([
      ...["Course of the accuracy", "Course of the log loss", ...common],
      ...["Weights of the experts", "Experts at the end", "What matters", "About this page"],
    ]);
    expect(page).toContain("most frequent class");
  });

  test("of replay on a number has its error, its latest answers and their interval", async () => {
    const cwd = folderWith({ "d.csv": wave(600) });
    const page = await reportOf(cwd, ["replay", "--data", "d.csv"]);
    expectSelfContained(page);
    expect(headings(page).slice(0, 3)).toEqual([
      "Course of the mean absolute error",
      "Latest answers",
      "Coverage",
    ]);
  });

  test("of fit has the loss by epoch, of training rows and those held out", async () => {
    const cwd = folderWith({
      "c.yaml": "target: { column: label, classes: 3 }\nmodel: {}\n",
      "d.csv": saddle(300),
    });
    const page = await reportOf(cwd, ["fit", "c.yaml", "--data", "d.csv", "--epochs", "3"]);
    expectSelfContained(page);
    expect(headings(page)).toEqual(["Course of the training", ...common, "What matters", "About this page"]);
    expect(page).toContain(">rows held out</text>");
  });

  test("of fit that chooses a network has what was tried", async () => {
    const cwd = folderWith({ "d.csv": wave(300) });
    const page = await reportOf(cwd, ["fit", "--data", "d.csv", "--minutes", "0.02"]);
    expectSelfContained(page);
    expect(headings(page)).toEqual(
      expect.arrayContaining(["Course of the training", "Predictions and targets", "Networks tried"]),
    );
  });

  test("is refused where it would replace the data, before anything is learned", async () => {
    const cwd = folderWith({ "d.csv": saddle(30) });
    const { code, stderr } = await rivulet(["replay", "--data", "d.csv", "--report", "d.csv"], { cwd });
    expect(code).toBe(1);
    expect(stderr).toBe(
      "rivulet: cannot write d.csv: its rows or its config are read from it; name another file with --report\n",
    );
    expect(existsSync(join(cwd, "r.html"))).toBe(false);
    expect(readFileSync(join(cwd, "d.csv"), "utf8")).toBe(saddle(30));
  });
});
