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
      "bare.yaml has no status, so its daemon cannot be asked; add the line status: { listen: 127.0.0.1:8787 }",
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
  test("knows nothing before the first sample, and says so", async () => {
    const { get } = await startWatched();
    const document = (await (await get("/status.json")).json()) as StatusDocument;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a style begins with
    const styles = /\u001b\[\d+m/g;
    const text = livePicture(document, [], 100).join("\n").replaceAll(styles, "");
    expect(text).toMatch(/waiting: no sample has come yet/);
    expect(text).toMatch(/ensemble.* {5}– lately {8}– in all/);
    expect(text).toMatch(/skill +–/);
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
