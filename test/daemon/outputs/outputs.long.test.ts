/** Predictions as other programs get them: in a pipe, over TCP, by webhook, as events. */
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { WebhookConfig } from "../../../src/config/predictions-config.ts";
import type { AlarmScores } from "../../../src/daemon/alarm-scores.ts";
import { Outputs } from "../../../src/daemon/outputs/outputs.ts";
import type { PredictionRecord } from "../../../src/daemon/outputs/prediction.ts";
import { TcpOutput } from "../../../src/daemon/outputs/tcp-output.ts";
import { WebhookOutput } from "../../../src/daemon/outputs/webhook-output.ts";
import { createForecaster } from "../../../src/learner/forecast/forecaster.ts";
import { cli, folderWith } from "../../rivulet.ts";
import { startWatched } from "../../status/bench.ts";
import { until } from "../../until.ts";

const config = `source: { stdin: true, framing: lines, fields: [a, b, label] }
target: { column: label, classes: 2 }
predictions: { stdout: true }
`;
const rowsOf = (count: number) =>
  Array.from({ length: count }, (_, row) => `${(row % 2) + 0.1},${row % 7},${row % 2}\n`).join("");

/** `rows | rivulet run c.yaml | reader`, each part by the shell. */
function pipeTo(reader: string, rows: string) {
  const cwd = folderWith({ "c.yaml": config, "rows.csv": rows });
  const command = `cat rows.csv | ("${process.execPath}" "${cli}" run c.yaml --json 2>log; echo $? >code) | ${reader}`;
  const child = spawn("sh", ["-c", `${command}; echo; echo CODE; cat code; echo LOG; cat log`], {
    cwd,
    env: { ...process.env, JOURNAL_STREAM: undefined },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  return new Promise<{
    output: string;
    code: string;
    log: { event: string; text: string; [key: string]: unknown }[];
  }>((resolve) =>
    child.once("close", () => {
      const [output, rest] = text.split("\nCODE\n");
      const [code, log] = rest.split("LOG\n");
      resolve({
        output,
        code: code.trim(),
        log: log
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line)),
      });
    }),
  );
}

describe("in a pipe", () => {
  test("each prediction is a line for the next program, and the log keeps out of it", async () => {
    const { output, code, log } = await pipeTo("cat", rowsOf(500));
    const lines = output
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as PredictionRecord);
    expect(lines.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 500 }, (_, index) => index + 1),
    );
    // Nothing was known of the first one.
    expect(lines[0].prediction).toBeNull();
    expect(lines.slice(300).filter(({ prediction }, row) => prediction === row % 2)).toHaveLength(200);
    const { score, probabilities = [], time } = lines[499];
    expect(score).toBe(Math.max(...probabilities));
    expect(probabilities[0] + probabilities[1]).toBeCloseTo(1);
    expect(new Date(time).toISOString()).toBe(time);
    expect(code).toBe("0");
    expect(log.at(-1)?.text).toMatch(/^ended after 500 samples, accuracy 9\d\.\d % lately/);
  });

  test("a program that ends early, or does not read, costs no sample, and what it missed is counted", async () => {
    const rows = rowsOf(8000);
    const [early, deaf] = await Promise.all([
      pipeTo("head -n 2", rows),
      pipeTo("(sleep 20; cat >all; tail -n 1 all)", rows),
    ]);
    for (const { code, log } of [early, deaf]) {
      expect(code).toBe("0");
      expect(log.findLast(({ event }) => event === "end")?.["samplesSeen"]).toBe(8000);
    }
    expect(early.log.map(({ text }) => text)).toContainEqual(
      "predictions no longer go to standard output: the program that read them has ended; learning continues",
    );
    const missed = deaf.log.find(({ event }) => event === "predictions-dropped")?.["dropped"];
    expect(missed).toBeGreaterThan(0);
    expect(JSON.parse(deaf.output.trim().split("\n").at(-1) ?? "")).toHaveProperty("sequence");
  });
});

const record = (sequence: number, more: Partial<PredictionRecord> = {}): PredictionRecord => ({
  sequence,
  time: "2026-01-01T00:00:00.000Z",
  prediction: 1,
  ...more,
});

test("a number is sent with the ends of its interval, as far as somebody takes it", () => {
  const learner = createForecaster({
    ...{ fields: ["t"], target: { column: "t", horizon: 1 }, features: [], effort: "low" },
  });
  for (let i = 0; i < 60; i++) learner.observe(Float64Array.of(Math.sin(i) + i / 50), 0);
  const sent: PredictionRecord[] = [];
  const sink = { name: "sink", isActive: true, sent: 0, dropped: 0, close: () => {} };
  const take = { ...sink, send: (record: PredictionRecord) => void sent.push(record) };
  new Outputs([take], null, learner, { error: 0.5 } as AlarmScores, null, () => {}).observe(
    60,
    Float64Array.of(0),
    0,
  );
  const [{ prediction, lower, upper }] = sent;
  expect(prediction).toBeCloseTo(learner.prediction[0], 4);
  expect(lower).toBeCloseTo(learner.lower, 4);
  expect(upper).toBeCloseTo(learner.upper, 4);
  expect(Number(upper) - Number(lower)).toBeGreaterThan(0);
});

describe("over TCP", () => {
  const listenTo = async (port: number): Promise<{ socket: Socket; lines: string[] }> => {
    const lines: string[] = [];
    const socket = connect(port, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    socket.setEncoding("utf8").on("data", (text: string) => lines.push(...text.split("\n").filter(Boolean)));
    await new Promise((resolve) => socket.once("connect", resolve));
    return { socket, lines };
  };

  test("every client is sent each prediction of a daemon, numbered", async () => {
    const { samples, entries, daemon } = await startWatched({
      more: "predictions: { tcp: { listen: 127.0.0.1:0 } }",
    });
    await until(() => entries.some(({ event }) => event === "predictions"));
    const { text } = entries.find(({ event }) => event === "predictions") ?? { text: "" };
    const clients = await Promise.all([
      listenTo(Number(/:(\d+)$/.exec(text)?.[1])),
      listenTo(Number(/:(\d+)$/.exec(text)?.[1])),
    ]);
    // A connection that is made is not yet one that the daemon has taken.
    while (clients.some(({ lines }) => lines.length === 0)) await samples(1);
    await samples(5);
    const last = daemon.status().samples;
    for (const { lines } of clients) {
      const sequences = () => lines.map((line) => JSON.parse(line).sequence as number);
      await until(() => sequences().at(-1) === last);
      expect(sequences().slice(-5)).toEqual([4, 3, 2, 1, 0].map((back) => last - back));
    }
  });

  test("a client that does not read misses lines, and the other gets them all", async () => {
    const reports: string[] = [];
    const output = new TcpOutput({ host: "127.0.0.1", port: 0 }, (text) => reports.push(text));
    onTestFinished(() => output.close(0));
    await until(() => reports.length > 0);
    const port = Number(/:(\d+)$/.exec(reports[0])?.[1]);
    expect(output.isActive).toBe(false);
    const slow = await listenTo(port);
    slow.socket.pause();
    const quick = await listenTo(port);
    await until(() => output.isActive);
    const line = `${"x".repeat(2 ** 20)}\n`;
    for (let i = 1; i <= 20; i++) {
      output.send(record(i), line);
      await until(() => quick.lines.join("").length === i * 2 ** 20);
    }
    expect(output.dropped).toBeGreaterThan(5);
    expect(output.sent + output.dropped).toBe(40);
    expect(reports.filter((text) => text.includes("too slowly"))).toEqual([
      `127.0.0.1:${slow.socket.localPort} reads predictions too slowly and misses some; learning continues`,
    ]);
  });

  test("a client that reads nothing at all is disconnected after a while, so that it takes nobody's place", async () => {
    const reports: string[] = [];
    const output = new TcpOutput({ host: "127.0.0.1", port: 0 }, (text) => reports.push(text), 100);
    onTestFinished(() => output.close(0));
    await until(() => reports.length > 0);
    const deaf = await listenTo(Number(/:(\d+)$/.exec(reports[0])?.[1]));
    deaf.socket.pause();
    await until(() => output.isActive);
    const line = `${"x".repeat(2 ** 20)}\n`;
    while (output.isActive) {
      output.send(record(1), line);
      await new Promise(setImmediate);
    }
    expect(output.dropped).toBeGreaterThan(1);
    await until(() => reports.length === 3);
    expect(reports.at(-1)).toBe(
      `127.0.0.1:${deaf.socket.localPort} has not read its predictions for 0.1 s, and is disconnected`,
    );
  });

  test("a client that reads slowly stays, however late it is", async () => {
    const limitMs = 1000;
    const reports: string[] = [];
    const output = new TcpOutput({ host: "127.0.0.1", port: 0 }, (text) => reports.push(text), limitMs);
    onTestFinished(() => output.close(0));
    await until(() => reports.length > 0);
    let bytes = 0;
    let isClosed = false;
    const socket = connect({
      ...{ host: "127.0.0.1", port: Number(/:(\d+)$/.exec(reports[0])?.[1]) },
      onread: {
        // At most 300 reads in the loop below, however fast the machine: less than the line.
        buffer: Buffer.alloc(2 ** 17),
        callback(read) {
          bytes += read;
          return false;
        },
      },
    });
    onTestFinished(() => void socket.destroy());
    socket.on("close", () => {
      isClosed = true;
    });
    await until(() => output.isActive);
    // One line, of which the kernel takes a part at a time.
    output.send(record(1), `${"x".repeat(2 ** 26)}\n`);
    const began = performance.now();
    while (performance.now() - began < 3 * limitMs) {
      output.send(record(2), "\n");
      socket.resume();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(bytes).toBeLessThan(2 ** 26);
    expect(output.dropped).toBeGreaterThan(10);
    expect([output.isActive, isClosed]).toEqual([true, false]);
    expect(reports.at(-1)).toContain("too slowly");
  });
});

describe("by webhook", () => {
  interface Call {
    headers: IncomingHttpHeaders;
    body: string;
  }

  /** A server that answers with these statuses, the last one again and again. */
  async function serverThat(...statuses: number[]) {
    const calls: Call[] = [];
    const server = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      request.on("end", () => {
        calls.push({ headers: request.headers, body });
        response.writeHead(statuses[Math.min(calls.length, statuses.length) - 1]).end();
      });
    });
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const sequences = () =>
      calls.map(({ body }) => JSON.parse(body).predictions.map((one: PredictionRecord) => one.sequence));
    return { url: `http://127.0.0.1:${port}/hook`, calls, sequences };
  }

  const outputTo = (url: string, more: Partial<WebhookConfig> = {}, reports: string[] = []) =>
    new WebhookOutput(
      { url, on: "all", everyMs: 20, secretFile: null, ...more },
      "pump-7",
      (text) => reports.push(text),
      [5, 5],
    );

  test("predictions come in batches of a hundred, signed, with a key that tells them again", async () => {
    const secretFile = join(folderWith({ secret: "a secret of some length\n" }), "secret");
    const { url, calls, sequences } = await serverThat(200);
    const output = outputTo(url, { secretFile });
    for (let i = 1; i <= 150; i++) output.send(record(i));
    await until(() => output.sent === 150);
    expect(sequences().map(({ length }: number[]) => length)).toEqual([100, 50]);
    const [{ headers, body }] = calls;
    const signature = createHmac("sha256", "a secret of some length").update(body).digest("hex");
    expect(headers["x-rivulet-signature"]).toBe(`sha256=${signature}`);
    expect(headers["idempotency-key"]).toBe("pump-7-1");
    expect(JSON.parse(body).name).toBe("pump-7");
  });

  test("a server that fails is tried again with the same, one that refuses is not", async () => {
    const reports: string[] = [];
    const failing = await serverThat(500, 503, 200);
    const output = outputTo(failing.url, {}, reports);
    output.send(record(1));
    await until(() => output.sent === 1);
    expect(failing.sequences()).toEqual([[1], [1], [1]]);
    expect(reports).toEqual([
      "the webhook does not take predictions: it answers 500; learning continues",
      "the webhook takes predictions again",
    ]);
    const refusing = await serverThat(400, 200);
    const other = outputTo(refusing.url);
    other.send(record(1));
    await until(() => other.dropped === 1);
    other.send(record(2));
    await until(() => other.sent === 1);
    expect(refusing.sequences()).toEqual([[1], [2]]);
  });

  test("while it is away a thousand wait, and older ones are left out and counted", async () => {
    const output = outputTo("http://127.0.0.1:9/", { everyMs: 100_000 });
    for (let i = 1; i <= 1300; i++) output.send(record(i));
    expect(output.dropped).toBe(300);
    await output.close(5000);
    expect(output.dropped).toBe(1300);
  });

  test.each([
    ["change", [record(1), record(2), record(3, { prediction: 0 }), record(4, { prediction: 0 })], [1, 3]],
    [
      "alarm",
      [
        record(1, { alarm: false }),
        record(2, { alarm: true }),
        record(3, { alarm: true }),
        record(4, { alarm: false }),
      ],
      [2, 4],
    ],
  ] as const)("on %s it is called for that alone", async (on, records, expected) => {
    const { url, sequences } = await serverThat(200);
    const output = outputTo(url, { on });
    for (const one of records) output.send(one);
    await until(() => output.sent === expected.length);
    expect(sequences()).toEqual([expected]);
  });
});

test("events have predictions for those who ask, with the alarm that the config names", async () => {
  const { samples, get, daemon } = await startWatched({
    more: "predictions: { alarm: { class: 2, on: 0.9 } }",
  });
  await samples(300);
  const response = await get("/events?predictions");
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  await samples(3);
  let text = "";
  while ((text.match(/event: prediction\n/g) ?? []).length < 3)
    text += Buffer.from((await reader.read()).value ?? []);
  await reader.cancel();
  const records = [...text.matchAll(/event: prediction\ndata: (.*)\n/g)].map(([, data]) => JSON.parse(data));
  expect(records.map(({ sequence, prediction }) => [sequence, prediction])).toEqual([
    [301, 0],
    [302, 1],
    [303, 2],
  ]);
  expect(records.at(-1)).toHaveProperty("alarm");
  expect(daemon.status().outputs).toEqual([{ name: "events", sent: 3, dropped: 0 }]);
});
