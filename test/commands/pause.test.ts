import { writeFileSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { Invocation } from "../../src/commands/command-line/command.ts";
import { run as pause } from "../../src/commands/pause.ts";
import { run as resume } from "../../src/commands/resume.ts";
import { run as top } from "../../src/commands/top.ts";
import { folderWith } from "../rivulet.ts";
import { startWatched } from "../status/bench.ts";

const invoke = (file: string, options: Record<string, string> = {}) =>
  ({ positionals: [file], options, switches: new Set(), json: false }) as unknown as Invocation;
const config =
  "source: { stdin: true, framing: lines, fields: [a, b, label] }\ntarget: { column: label, classes: 3 }\n";

test("a running daemon is paused, for a time too, and goes on when it is told", async () => {
  const folder = folderWith();
  const { daemon, port, config: own, stop } = await startWatched({ folder });
  const file = join(folder, "told.yaml");
  writeFileSync(
    file,
    `${config}status: { listen: 127.0.0.1:${port}, tokenFile: ${own.status?.tokenFile} }\n`,
  );
  expect((await pause(invoke(file, { for: "2h" }))).text).toContain("told: learning is paused for 2 h");
  expect(daemon.status().pauseLeftMs).toBeGreaterThan(7_000_000);
  expect((await resume(invoke(file))).text).toBe("told: learning continues");
  expect([daemon.status().paused, daemon.status().pauseLeftMs]).toEqual([false, null]);
  await pause(invoke(file));
  expect([daemon.status().paused, daemon.status().pauseLeftMs]).toEqual([true, null]);
  await stop();
  await expect(resume(invoke(file))).rejects.toThrow("cannot reach the daemon at http://127.0.0.1:");
});

test("what cannot be asked is said before anything is sent", async () => {
  const folder = folderWith({ "c.yaml": config });
  const file = join(folder, "c.yaml");
  await expect(pause(invoke(file))).rejects.toThrow("add the line status: { listen: 127.0.0.1:8787 }");
  await expect(pause(invoke(file, { for: "soon" }))).rejects.toThrow('such as 2h, up to 24d, found "soon"');
});

/** Another program at the address of the daemon, which answers as it likes. */
async function stranger(answer: (response: ServerResponse) => void) {
  const server: Server = createServer((_, response) => answer(response));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const folder = folderWith({ "c.yaml": `${config}status: { listen: 127.0.0.1:${port} }\n`, token: "t" });
  return join(folder, "c.yaml");
}

describe("another program at the address of the daemon", () => {
  const chunk = " ".repeat(1 << 20);
  const pour = (response: ServerResponse): void => {
    response.write(chunk, (error) => (error ? undefined : pour(response)));
  };
  test.each<[string, (response: ServerResponse) => void, string]>([
    ["a page", (response) => response.end("<html></html>"), "no JSON object"],
    ["null", (response) => response.end("null"), "no JSON object"],
    ["a list", (response) => response.end("[]"), "no JSON object"],
    ["a map of something else", (response) => response.end('{"text":3}'), "without"],
    [
      "less than it says",
      (response) => response.writeHead(200, { "content-length": 9 }).write("{", () => response.destroy()),
      "breaks off",
    ],
    ["spaces without end", pour, "more than 16777216 bytes"],
  ])("is called that where it answers with %s", async (_, answer, found) => {
    const file = await stranger(answer);
    for (const command of [pause, top]) {
      await expect(command(invoke(file))).rejects.toMatchObject({
        code: "status.unreachable",
        message: expect.stringMatching(
          `^found .*${found}.* at 127.0.0.1:\\d+, expected a daemon of Rivulet;`,
        ),
      });
    }
  });

  test("is not waited for where its answer does not end", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const file = await stranger((response) => response.write("{"));
    let fault: Error | null = null;
    void pause(invoke(file)).catch((error) => {
      fault = error;
    });
    while (fault === null) {
      await new Promise((resolve) => setImmediate(resolve));
      vi.advanceTimersByTime(100);
    }
    expect(String(fault)).toMatch(/an answer that does not end within 10 s|no answer within 10 s/);
  });
});
