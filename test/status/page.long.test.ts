/** The page as a browser shows it: on a desk and on a phone, in light and dark, by the board alone. */

import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { needing } from "../needs.ts";
import { built, folderWith, type Run, startRivulet } from "../rivulet.ts";
import { until } from "../until.ts";
import { type Browser, hasChromium, type Page, startChromium } from "./chromium.ts";

const rows = Array.from({ length: 3000 }, (_, row) => {
  const label = (row * 7) % 3;
  return `${label + (row % 10) / 20},${(row % 50) / 10},${label}\n`;
}).join("");

const config = (more: string) => `name: pump-7
source: { stdin: true, framing: lines, fields: [<b>temperature</b>, vibration, label] }
target: { column: label, classes: 3 }
status: { ${more} }
`;

/** A daemon that has learned from standard input, which stays open. */
async function startDaemon(more: string) {
  const cwd = folderWith({ "c.yaml": config(more) });
  const daemon = startRivulet(["run", "c.yaml", "--json", "--status-every", "100ms"], { cwd, stdin: "pipe" });
  daemon.process.stdin?.write(rows);
  const { text } = await daemon.event("status-page");
  await daemon.event("status", ({ samples }) => samples >= 2999);
  const token = readFileSync(join(cwd, "checkpoints/pump-7/status-token"), "utf8").trim();
  const port = /:(\d+)\/$/.exec(text)?.[1];
  return { daemon, token, url: `http://127.0.0.1:${port}/` };
}

/** The page of a daemon with another state than its own. */
async function serveChanged(daemon: string, change: (status: object) => object) {
  const server = createServer(async ({ url = "/" }, response) => {
    if (url.endsWith("events")) {
      response.writeHead(200, { "Content-Type": "text/event-stream" }).flushHeaders();
      return;
    }
    const answer = await fetch(new URL(url, daemon));
    const isStatus = url.endsWith("status.json");
    const body = isStatus
      ? JSON.stringify(change((await answer.json()) as object))
      : Buffer.from(await answer.arrayBuffer());
    response
      .writeHead(answer.status, { "Content-Type": answer.headers.get("content-type") ?? "text/plain" })
      .end(body);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close };
}

test("the page comes packed, and takes at most 60 KB in all", () => {
  const folder = join(built, "dist/page");
  const packed = readdirSync(folder).filter((name) => name.endsWith(".gz"));
  expect(packed.sort()).toEqual(["icon.svg.gz", "index.html.gz", "page.css.gz", "page.js.gz"]);
  const bytes = packed.map((name) => readFileSync(join(folder, name)));
  expect(bytes.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(60_000);
  expect(gunzipSync(bytes[1]).toString()).not.toMatch(/<script>|<style| on\w+=|https?:/);
});

describe("in Chromium", needing(hasChromium, "apt install chromium"), () => {
  let browser: Browser;
  let open: { daemon: Run; token: string; url: string };
  let guarded: typeof open;
  beforeAll(async () => {
    if (!hasChromium) return;
    browser = startChromium();
    [open, guarded] = await Promise.all(["listen: 127.0.0.1:0", "listen: 0.0.0.0:0"].map(startDaemon));
  });
  afterAll(() => browser?.close());

  const isDrawn = 'document.querySelector("main:not([hidden])") && document.querySelector("#fields td")';
  const textOf = (page: Page, id: string) =>
    page.evaluate<string>(`document.getElementById("${id}").innerText`);

  test.each([
    ["on a desk", { width: 1280, height: 900 }],
    ["on a phone in the dark", { width: 360, height: 740, dark: true }],
  ])(
    "%s it fits, asks nobody but the board, and the browser has nothing to complain of",
    async (_, looks) => {
      const page = await browser.open(open.url, looks);
      await page.shows(isDrawn);
      await page.shows('document.querySelectorAll("#tiles .tile").length === 5');
      await page.shows(
        'document.getElementById("chart-empty").hidden || document.querySelector("#legend li") === null',
      );
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(looks.width);
      expect(await textOf(page, "name")).toBe("pump-7");
      expect(await textOf(page, "confusion")).toMatch(/precision %/);
      expect(await textOf(page, "experts")).toMatch(/naive-bayes/);
      const dark = await page.evaluate<string>("getComputedStyle(document.documentElement).backgroundColor");
      expect(dark === "rgb(16, 22, 27)").toBe("dark" in looks);
      for (const address of page.requests) expect(address.startsWith(open.url)).toBe(true);
      const picture = await page.screenshot();
      expect(picture.length).toBeGreaterThan(20_000);
      expect(page.complaints).toEqual([]);
      const folder = process.env["RIVULET_SCREENSHOTS"];
      if (folder !== undefined) writeFileSync(join(folder, `page-${looks.width}.png`), picture);
    },
  );

  test.each([
    [
      "on trial",
      { state: "side by side", samples: 150, difference: -0.0125 },
      /on trial.*weight.*150 samples.*0.0125 less/s,
    ],
    ["in use", { state: "in use", samples: 500, difference: 0 }, /Version 17 is in use.*as without it/s],
    [
      "given up",
      { state: "went back", reason: "it was <i>worse</i>", samples: 500, difference: 0.2 },
      /not used any more — it was <i>worse<\/i>.*0.2 more/s,
    ],
    [
      "refused",
      { state: "refused", reason: "it has other fields", samples: 0, difference: null },
      /refused — it has other fields/,
    ],
  ])("a model from the host that is %s stands there with its fate", async (name, fate, expected) => {
    const { url, close } = await serveChanged(open.url, (status) => {
      const { scores } = status as { scores: { experts: { name: string }[] } };
      scores.experts[0].name = "guest";
      return { ...status, model: { version: 17, group: "pumps", ...fate } };
    });
    for (const looks of [
      { width: 1280, height: 900 },
      { width: 360, height: 740, dark: true },
    ]) {
      const page = await browser.open(url, looks);
      await page.shows(isDrawn);
      expect(await textOf(page, "model-panel")).toMatch(expected);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(looks.width);
      const folder = process.env["RIVULET_SCREENSHOTS"];
      if (folder !== undefined)
        writeFileSync(
          join(folder, `model-${name.replace(" ", "-")}-${looks.width}.png`),
          await page.screenshot(),
        );
    }
    close();
  });

  test("of many classes the scores stand there, the worst first, and no matrix", async () => {
    const classes = Array.from({ length: 64 }, (_, label) => `key ${label}`);
    const { url, close } = await serveChanged(open.url, (status) => {
      const { scores } = status as { scores: object };
      const perClass = classes.map((_, label) => {
        const score = label / 64;
        return { precision: score, recall: score, f1: score, support: label === 3 ? 0 : 10 };
      });
      return {
        ...status,
        target: { column: "label", classes },
        scores: { ...scores, confusion: [], perClass },
      };
    });
    const page = await browser.open(url, { width: 360, height: 740 });
    await page.shows(isDrawn);
    const first = '[...document.querySelectorAll("#confusion td.class")].map((cell) => cell.textContent)';
    const shown = await page.evaluate<string[]>(first);
    expect(shown.slice(0, 4)).toEqual(["key 0", "key 1", "key 2", "key 4"]);
    expect(shown.at(-1)).toBe("key 3");
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
    expect(await page.evaluate("document.getElementById('confusion').clientHeight")).toBeLessThan(500);
    close();
  });

  test("an anomaly is said once, at the reader's time, and a daemon without a target has no scores", async () => {
    const since = "2026-11-30T16:11:37.692Z";
    const text = `anomaly in temperature since ${since}: evidence 5.2`;
    const anomaly = {
      ...{
        text,
        columns: ["temperature"],
        alarmsPerWeek: 2,
        alarms: 1,
        accepted: 0,
        saidNormal: 0,
        isWarm: true,
      },
      ...{ samplesToWarm: 0, secondsToWarm: 0, isOpen: true, evidence: 5.2, threshold: 20.4, episodes: [] },
      ...{ knowsLocalTime: true, localTimeChanges: 0 },
    };
    const { url, close } = await serveChanged(open.url, (status) => ({
      ...status,
      ...{ target: null, anomaly, health: "watching", reason: text, problems: [text] },
    }));
    const page = await browser.open(url, { width: 1280, height: 900 });
    await page.shows(isDrawn);
    expect(await page.evaluate("document.getElementById('problems').hidden")).toBe(true);
    expect(await textOf(page, "anomaly-panel")).toContain("evidence 5.2");
    expect(await textOf(page, "reason")).not.toContain(since);
    expect(await textOf(page, "facts")).not.toMatch(/\n(loss|drifts)\n/);
    // The buttons stand at the right of the head, however long the reason is.
    const right = "Math.round(document.querySelector('.actions').getBoundingClientRect().right)";
    expect(await page.evaluate(right)).toBe(1244);
    close();
  });

  test("the name of a field is text, whatever it is", async () => {
    const page = await browser.open(open.url, { width: 1280, height: 900 });
    await page.shows(isDrawn);
    expect(await textOf(page, "fields")).toContain("<b>temperature</b>");
    expect(await page.evaluate('document.querySelectorAll("#fields td b").length')).toBe(2); // the marks of the two ranges
  });

  test("it follows the daemon, and says when it is gone", async () => {
    const { daemon, url } = await startDaemon("listen: 127.0.0.1:0");
    const page = await browser.open(url, { width: 1280, height: 900 });
    await page.shows(isDrawn);
    daemon.process.stdin?.write(rows);
    await page.shows('document.getElementById("facts").innerText.includes("6,000 learned")');
    daemon.process.kill("SIGKILL");
    await page.shows('document.getElementById("state").innerText === "lost"');
  });

  test("a token in the address becomes a cookie, leaves the address, and lets the page pause learning", async () => {
    const page = await browser.open(`${guarded.url}#token=${guarded.token}`, { width: 1280, height: 900 });
    await page.shows(isDrawn);
    expect(await page.evaluate("location.href")).toBe(guarded.url);
    expect(await page.evaluate("document.cookie")).toBe("");
    await page.evaluate('document.getElementById("pause").click()');
    await page.shows('document.getElementById("state").innerText === "paused"');
    await until(() => guarded.daemon.events("pause").length > 0);
    expect(page.complaints).toEqual([]);
  });

  test("without a token it asks for one, and a command on the open page does too", async () => {
    const { url, token } = await startDaemon("listen: 127.0.0.1:0");
    const page = await browser.open(url, { width: 360, height: 740 });
    await page.shows(isDrawn);
    await page.evaluate('document.getElementById("save").click()');
    await page.shows('!document.getElementById("token-form").hidden');
    await page.evaluate(`document.getElementById("token").value = "${token}"`);
    await page.evaluate('document.querySelector("#token-form button").click()');
    await page.shows('document.getElementById("token-form").hidden');
    await page.evaluate('document.getElementById("save").click()');
    await page.shows('/^saved |nothing new/.test(document.getElementById("message").innerText)');
  });
});
