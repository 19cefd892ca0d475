import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { livePicture } from "../../src/commands/live/picture.ts";
import type { StatusDocument } from "../../src/status/document.ts";
import { needing } from "../needs.ts";
import { cli, folderWith, rivulet, startRivulet } from "../rivulet.ts";
import { startWatched } from "../status/bench.ts";
import { until } from "../until.ts";

const source =
  "source: { stdin: true, framing: lines, fields: [a, b, label] }\ntarget: { column: label, classes: 3 }\n";
const rows = Array.from({ length: 300 }, (_, row) => `${(row % 3) + 0.1},${row % 7},${row % 3}\n`).join("");

/** A daemon that waits for more on standard input, and its folder with a config that leads to it. */
async function startDaemon() {
  const cwd = folderWith({ "c.yaml": `${source}status: { listen: 127.0.0.1:0 }\n` });
  const daemon = startRivulet(["run", "c.yaml", "--json", "--status-every", "50ms"], { cwd, stdin: "pipe" });
  daemon.process.stdin?.write(rows);
  const { text } = await daemon.event("status-page");
  await daemon.event("status", ({ samples }) => samples >= 299);
  const port = /:(\d+)\/$/.exec(text)?.[1];
  writeFileSync(join(cwd, "c.yaml"), `${source}status: { listen: 127.0.0.1:${port} }\n`);
  return { cwd, daemon, port };
}

describe("rivulet top", () => {
  test("shows a running daemon: as a picture, as JSON, as an address for a browser", async () => {
    const { cwd, daemon, port } = await startDaemon();
    const [picture, json, link] = await Promise.all([
      rivulet(["top", "c.yaml"], { cwd }),
      rivulet(["top", "c.yaml", "--json"], { cwd }),
      rivulet(["top", "c.yaml", "--link"], { cwd }),
    ]);
    expect(picture.stdout).toMatch(/^c {2}learning: .* samples a second/);
    expect(picture.stdout).toMatch(/\nsource +standard input, open\nsamples +(299|300), /);
    expect(picture.stdout).toMatch(/\nensemble +\d+\.\d % lately/);
    expect(JSON.parse(json.stdout)).toMatchObject({ name: "c", health: "learning" });
    const token = readFileSync(join(cwd, "checkpoints/c/status-token"), "utf8").trim();
    expect(link.stdout).toBe(`http://127.0.0.1:${port}/#token=${token}\n`);
    daemon.process.kill("SIGTERM");
    await daemon.ended;
  });

  test("says what to add to a config without status, and what may be wrong where nobody answers", async () => {
    const cwd = folderWith({ "bare.yaml": source, "c.yaml": `${source}status: { listen: 127.0.0.1:9 }\n` });
    const [bare, gone] = await Promise.all([
      rivulet(["top", "bare.yaml"], { cwd }),
      rivulet(["top", "c.yaml"], { cwd }),
    ]);
    expect([bare.code, gone.code]).toEqual([1, 1]);
    expect(bare.stderr).toContain(
      "bare.yaml has no status, so its daemon cannot be reached; add the line status: { listen: 127.0.0.1:8787 }",
    );
    expect(gone.stderr).toContain("cannot reach the daemon at http://127.0.0.1:9/");
  });
});

test("rivulet inspect draws the course of the scores that a checkpoint keeps", async () => {
  const { cwd, daemon } = await startDaemon();
  daemon.process.kill("SIGTERM");
  await daemon.ended;
  const [text, json] = await Promise.all([
    rivulet(["inspect", "checkpoints/c"], { cwd }),
    rivulet(["inspect", "checkpoints/c", "--json"], { cwd }),
  ]);
  expect(text.stdout).toMatch(/\nlast hour +[▁-█]+ {2}accuracy \d+\.\d % to \d+\.\d %\n/);
  const { course } = JSON.parse(json.stdout);
  expect(course.map(({ step }: { step: number }) => step)).toEqual([10, 600, 86_400]);
  expect(course[2].samples.at(-1)).toBeGreaterThan(290);
});

describe("the live view", () => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a style begins with
  const styles = /\u001b\[\d+m/g;

  test("knows nothing before the first sample, and says so", async () => {
    const { get } = await startWatched();
    const document = (await (await get("/status.json")).json()) as StatusDocument;
    const text = livePicture(document, [], 100).join("\n").replaceAll(styles, "");
    expect(text).toMatch(/^bench {2}waiting {2}rivulet .*\n! no sample has come yet$/m);
    expect(text).toMatch(/ensemble.* {5}– lately {8}– in all/);
    expect(text).toMatch(/skill +–/);
  });

  test("wraps in a narrow terminal, the problems first, and says that the daemon is out of reach", async () => {
    const { get, samples } = await startWatched();
    await samples(30);
    const document = (await (await get("/status.json")).json()) as StatusDocument;
    const problem = "a problem that somebody should know of whatever the width of the terminal";
    const reason = "the source is away since 2026-11-30T16:11:37.692Z";
    const seen = { ...document, problems: [problem], reason };
    const lines = livePicture(seen, [0.25, 0.5], 40).map((line) => line.replaceAll(styles, ""));
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(50);
    const text = lines.join(" ").replaceAll(/ +/g, " ");
    expect(text).toMatch(new RegExp(`! ${problem}.* source `));
    expect(text).toMatch(/skill (-?0|1).*baseline/);
    expect(lines).toContainEqual(expect.stringMatching(/^ensemble +[\d.]+ % lately$/));
    expect(lines).toContainEqual(expect.stringMatching(/^ {16} *[\d.]+ % in all$/));
    const localTime = new Date("2026-11-30T16:11:37Z").toLocaleString("sv-SE");
    expect(text).toContain(`the source is away since ${localTime}`);
    expect(lines).toContain(`${" ".repeat(16)}▃▅`);
    expect(livePicture(seen, [], 100, "nothing heard for 7 s")[0]).toContain(
      "bench  lost: nothing heard for 7 s",
    );
  });

  test("shows a forecast with how far ahead it is and the ends of its interval", async () => {
    const { get, samples } = await startWatched();
    await samples(3);
    const document = (await (await get("/status.json")).json()) as StatusDocument;
    const scores = {
      ...{
        samples: 40,
        mae: 1.5,
        fadingMae: 1.25,
        baselineMae: 4,
        interval: { asked: 0.9, coverage: 0.875, halfWidth: 3 },
      },
      forecast: { horizon: 6, horizonMs: 3_600_000, latest: { value: 21.5, lower: 20, upper: 23 } },
    };
    const text = livePicture({ ...document, scores } as unknown as StatusDocument, [], 100)
      .join("\n")
      .replaceAll(styles, "");
    expect(text).toMatch(
      /forecast +21\.50 in 1 h, within 20\.00 to 23\.00\ninterval +87\.5 % of the targets in the 90\.0 % interval/,
    );
  });

  const hasScript = spawnSync("script", ["--version"]).status === 0;
  test(
    "is what run draws in a terminal, and the last line says how well it did",
    needing(hasScript, "apt install bsdutils"),
    async () => {
      const cwd = folderWith({ "c.yaml": source, "rows.csv": rows });
      const rowsUntilDrawn = "cat rows.csv; while [ ! -e drawn ]; do sleep 0.1; done";
      const command = `(${rowsUntilDrawn}) | "${process.execPath}" "${cli}" run c.yaml`;
      const child = spawn("script", ["-qec", command, "/dev/null"], {
        cwd,
        stdio: ["ignore", "pipe", "inherit"],
        env: { ...process.env, TERM: "xterm", JOURNAL_STREAM: undefined },
      });
      onTestFinished(() => void child.kill("SIGKILL"));
      const ended = once(child, "close");
      let output = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
      await until(() => output.includes("\u001b[1m300\u001b[22m, "));
      writeFileSync(join(cwd, "drawn"), "");
      await ended;
      expect(output).toContain("\u001b[?25l");
      const last = output.trim().split("\n").at(-1);
      expect(last).toMatch(/ended after 300 samples, accuracy \d+\.\d % lately, .*; saved /);
    },
  );

  test("gives way to lines where there is no terminal, the first soon after the first sample", async () => {
    const cwd = folderWith({ "c.yaml": source });
    const daemon = startRivulet(["run", "c.yaml"], { cwd, stdin: "pipe" });
    daemon.process.stdin?.write("1,2,0\n");
    await new Promise<void>((resolve) => {
      daemon.process.stdout?.on(
        "data",
        () => daemon.stdout.includes("accuracy – lately, – in all") && resolve(),
      );
    });
    daemon.process.stdin?.end();
    const { stdout } = await daemon.ended;
    expect(stdout).not.toContain("\u001b");
  });
});
