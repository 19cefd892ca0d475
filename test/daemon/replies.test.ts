/** Replies: what `rivulet run` sends to the device about its samples. */
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { parseConfig, sampleColumns } from "../../src/config/config.ts";
import { configuredLearner } from "../../src/config/configured-learner.ts";
import { AlarmScores } from "../../src/daemon/alarm-scores.ts";
import { createReplies } from "../../src/daemon/replies.ts";
import type { Learner } from "../../src/learner/learner.ts";
import { SampleRing } from "../../src/samples/ring.ts";
import { folderWith, startRivulet } from "../rivulet.ts";
import { type Reply, readFrames, readLines } from "../samples/decoding/read-replies.ts";
import { until } from "../until.ts";
import { createStream, fieldsInYaml } from "./device.ts";

interface Wishes {
  framing?: "frames" | "lines";
  fields?: string;
  target?: string;
  more?: string;
}

/** A line so fast that only a device which does not read stands in the way. */
const port = "serial: { path: port, baudRate: 4000000 }";

const configFor = (
  source: string,
  reply: string,
  { framing = "frames", ...wishes }: Wishes = {},
) => `name: bench
source:
  ${source}
  framing: ${framing}
  queue: { samples: 32768 }
  reply: ${reply}
  fields: ${wishes.fields ?? fieldsInYaml}
target: ${wishes.target ?? "{ column: label, classes: 3 }"}
checkpoint: { directory: saved }
${wishes.more ?? ""}`;

/** A daemon at a device that listens, both begun. */
async function bench(
  reply: string,
  { listening = "reading", ...wishes }: Wishes & { listening?: "deaf" | "reading" | "looping" } = {},
) {
  const config = configFor(port, reply, wishes);
  const cwd = folderWith({ "c.yaml": config });
  const stream = createStream(wishes.framing);
  const device = stream.open(listening);
  device.plugIn(join(cwd, "port"));
  const daemon = startRivulet(["run", "c.yaml", "--status-every", "20ms", "--json"], { cwd });
  await daemon.event("port-open");
  device.begin();
  const stop = async () => {
    daemon.process.kill("SIGTERM");
    const { code, stderr } = await daemon.ended;
    expect([code, stderr]).toEqual([0, ""]);
  };
  return { cwd, config, stream, device, daemon, stop };
}

/** Samples x, y, label that float32 holds exactly. */
const rows = (count: number) =>
  Array.from({ length: count }, (_, i): [number, number, number] => {
    const x = ((i * 37) % 64) / 32 - 1;
    const y = ((i * 23) % 128) / 64 - 1;
    return [x, y, x * x + y * y < 0.25 ? 2 : Number(x * y > 0)];
  });

/** What a learner of the same config predicts of each row before it learns from it. */
function predictions(config: string, samples: number[][]) {
  const parsed = parseConfig(config, "c.yaml");
  const learner = configuredLearner(parsed, sampleColumns(parsed) as string[]);
  return samples.map((sample) => {
    learner.observe(Float64Array.from(sample), 0);
    const klass = learner.predictedClass;
    return { class: klass, value: learner.prediction[learner.classes > 0 ? klass : 0] };
  });
}

const kinds = (replies: Reply[]) => replies.map(({ kind }) => kind);

describe.concurrent("a device", () => {
  test("receives for each sample what was predicted before it was learned", async () => {
    const { config, device, daemon, stop } = await bench("{ send: [prediction], every: sample }");
    const samples = rows(400);
    for (const [x, y, label] of samples) device.sample(x, y, label);
    await daemon.event("status", (line) => line.samples === 400 && line.replies === 400);
    await until(() => readFrames(device.received).length === 400);
    const expected = predictions(config, samples).map(({ class: klass, value }, index) => ({
      ...{ kind: "prediction", sequence: index + 1, milliseconds: index + 1 },
      ...{ class: klass, value: Math.fround(value) },
    }));
    expect(readFrames(device.received)).toEqual(expected);
    await stop();
  });

  test("receives replies as lines if it sends lines", async () => {
    const { config, device, daemon, stop } = await bench(
      "{ send: [prediction, score], every: sample, scoreEvery: 1h }",
      { framing: "lines", fields: "[x, y, label]" },
    );
    const samples = rows(300);
    for (const [x, y, label] of samples) device.sample(x, y, label);
    await daemon.event("status", (line) => line.samples === 300 && line.replies === 301);
    await until(() => readLines(device.received).length === 301);
    const [first, score, ...more] = readLines(device.received);
    expect(score).toMatchObject({ kind: "score", sequence: 0 });
    const expected = predictions(config, samples);
    for (const [index, reply] of [first, ...more].entries()) {
      expect(reply).toMatchObject({ kind: "prediction", sequence: index, class: expected[index].class });
      expect(Math.abs(reply.value - expected[index].value)).toBeLessThan(0.000051);
    }
    await stop();
  });

  test("receives the number that was predicted, and its error beside that of the mean", async () => {
    const { config, device, daemon, stop } = await bench(
      "{ send: [prediction, score], every: sample, scoreEvery: 1ms }",
      { framing: "lines", fields: "[x, y, label]", target: "{ column: label }" },
    );
    const samples = rows(200);
    for (const [x, y, label] of samples) device.sample(x, y, label);
    await daemon.event("status", (line) => line.samples === 200);
    device.sample(...rows(1)[0]);
    const { replies, scores } = await daemon.event("status", (line) => line.samples === 201);
    await until(() => readLines(device.received, false).length === replies);
    const told = readLines(device.received, false);
    const numbers = told.filter(({ kind }) => kind === "prediction").map(({ value }) => value);
    const expected = predictions(config, [...samples, rows(1)[0]]);
    expect(numbers).toEqual(expected.map(({ value }) => Number(Number(value.toFixed(12)).toPrecision(7))));
    const last = told.filter(({ kind }) => kind === "score").at(-1) as Reply;
    const rounded = (error: number) => Number(error.toPrecision(7));
    expect([last.value, last.baseline]).toEqual([scores.fadingMae, scores.baselineMae].map(rounded));
    expect(last.sequence).toBe(200);
    await stop();
  });

  test("receives an alarm when a number is far from its prediction, and when that is over", async () => {
    const { device, daemon, stop } = await bench("{ send: [alarm], alarm: { atLeast: 1ms } }", {
      framing: "lines",
      fields: "[x, y, label]",
      target: "{ column: label }",
    });
    const related = rows(1500).map(([x, y]): [number, number, number] => [x, y, 2 * x - y]);
    for (const row of related) device.sample(...row);
    await daemon.event("status", (line) => line.samples === 1500);
    device.sample(0.5, 0.5, 4);
    await daemon.event("alarm-reply", (line) => line.active);
    for (const row of related.slice(0, 5)) device.sample(...row);
    await daemon.event("alarm-reply", (line) => !line.active);
    await until(() => readLines(device.received, false).length === 3);
    const [first, on, off] = readLines(device.received, false);
    expect(first).toMatchObject({ kind: "alarm", on: 0, sequence: 0 });
    expect(on).toMatchObject({ kind: "alarm", on: 1, sequence: 1500 });
    expect(on.value).toBeGreaterThan(8);
    expect(off).toMatchObject({ kind: "alarm", on: 0 });
    expect(daemon.events("alarm-reply").map(({ text }) => text)).toEqual([
      "the device is told that the alarm for anomaly is on",
      "the device is told that the alarm for anomaly is off",
    ]);
    await stop();
  });

  test("that never reads costs no sample, and the rest is dropped and counted", async () => {
    const { daemon, device, stop } = await bench("{ send: [prediction], every: sample }", {
      listening: "deaf",
    });
    device.samples(20_000);
    const status = await daemon.event("status", (line) => line.samples === 20_000);
    expect(status).toMatchObject({ missing: 0, damaged: 0, dropped: 0, updates: 20_000 });
    expect(status.droppedWrites).toBeGreaterThan(10_000);
    expect(status.replies + status.droppedWrites).toBe(20_000);
    await stop();
  });

  test.each(["frames", "lines"] as const)(
    "on a wire that loops teaches nothing by its echo (%s)",
    async (framing) => {
      const fields = framing === "lines" ? "[x, y, label]" : fieldsInYaml;
      const { daemon, device, stop } = await bench(
        "{ send: [prediction, score, alarm], every: sample, alarm: { class: 1 } }",
        { listening: "looping", framing, fields },
      );
      // Columns that are passed over would make samples of the echo.
      if (framing === "lines") device.text("kind,x,y,label\n");
      for (const [x, y, label] of rows(100)) {
        if (framing === "lines") device.text(`sample,${x},${y},${label}\n`);
        else device.sample(x, y, label);
      }
      const status = await daemon.event(
        "status",
        (line) => line.samples === 100 && line.damaged === line.replies,
      );
      expect(status.replies).toBeGreaterThan(101);
      expect(status).toMatchObject({ samples: 100, updates: 100, rejected: 0, missing: 0 });
      await stop();
    },
  );

  test("receives predictions of unlabelled samples, and of a class that does not exist", async () => {
    const { daemon, device } = await bench("{ send: [prediction], every: sample }", {
      framing: "lines",
      fields: "[x, y, z]",
      more: "gpio: { label: { pin: 27, class: 1 }, chip: none-such }\n",
    });
    for (const [x, y, label] of rows(50)) device.sample(x, y, label);
    const status = await daemon.event("status", (line) => line.replies === 50);
    expect(status).toMatchObject({ samples: 0, updates: 0 });
    await until(() => readLines(device.received).length === 50);
    daemon.process.kill("SIGTERM");
    expect((await daemon.ended).code).toBe(0);

    const other = await bench("{ send: [prediction], every: sample }");
    other.device.sample(0, 0, 7);
    expect(await other.daemon.event("status", (line) => line.replies === 1)).toMatchObject({
      samples: 0,
      rejected: 1,
    });
    await other.stop();
  });

  test("receives the state of the alarm at once, again after a reconnection, and its end with the daemon", async () => {
    const { cwd, daemon, device, stream, stop } = await bench(
      "{ send: [alarm], alarm: { class: 0, on: 0, off: 0 } }",
    );
    device.samples(50);
    await daemon.event("status", (line) => line.samples === 50);
    await until(() => readFrames(device.received).length === 1);
    expect(readFrames(device.received)).toMatchObject([{ kind: "alarm", on: 1, class: 0, sequence: 1 }]);
    device.unplug();
    const next = stream.open("reading");
    next.plugIn(join(cwd, "port"));
    await until(() => daemon.events("port-open").length === 2);
    next.samples(5);
    await until(() => readFrames(next.received).length === 1);
    expect(readFrames(next.received)).toMatchObject([{ kind: "alarm", on: 1, sequence: 51 }]);
    // What the line was left with by somebody else is cut off first.
    expect(next.received[0]).toBe(0);
    await stop();
    await until(() => readFrames(next.received).length === 2);
    expect(readFrames(next.received)[1]).toMatchObject({ kind: "alarm", on: 0, sequence: 55 });
  });

  test("receives predictions of samples without a label, which are neither learned from nor refused", async () => {
    const { config, device, daemon, stop } = await bench("{ send: [prediction], every: sample }", {
      framing: "lines",
      fields: "[x, y, label]",
    });
    const samples = rows(300).map(([x, y, label], i) => [x, y, i % 10 === 0 ? label : Number.NaN]);
    for (const [index, [x, y, label]] of samples.entries()) {
      if (!Number.isNaN(label)) device.sample(x, y, label);
      else if (index % 3 === 0) device.bytes(Buffer.from(`${x},${y},\n`));
      else if (index % 3 === 1) device.bytes(Buffer.from(`${x},${y},nan\n`));
      else device.bytes(Buffer.from(`${JSON.stringify({ x, y })}\n`));
    }
    const status = await daemon.event("status", (line) => line.replies === 300);
    const counts = { samples: 30, unlabelled: 270, rejected: 0, damaged: 0, updates: 30, faults: [] };
    expect(status).toMatchObject({ ...counts, scores: { samples: 29 } });
    expect(status.text).toContain("; none lost; 270 unlabelled; ");
    await until(() => readLines(device.received).length === 300);
    expect(readLines(device.received).map((reply) => reply.class)).toEqual(
      predictions(config, samples).map((prediction) => prediction.class),
    );
    await stop();
  });

  test("may be a peer on the network", async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => void sockets.push(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port: listening } = server.address() as { port: number };
    const config = configFor(
      `tcp: { host: 127.0.0.1, port: ${listening} }`,
      "{ send: [prediction], every: sample }",
      { framing: "lines", fields: "[x, y, label]" },
    );
    const cwd = folderWith({ "c.yaml": config });
    const daemon = startRivulet(["run", "c.yaml", "--status-every", "20ms", "--json"], { cwd });
    await until(() => sockets.length === 1);
    const received: Buffer[] = [];
    sockets[0].on("data", (bytes) => void received.push(bytes));
    const samples = rows(100);
    sockets[0].write(`x,y,label\n${samples.map((row) => `${row.join(",")}\n`).join("")}`);
    await daemon.event("status", (line) => line.replies === 100 && line.droppedWrites === 0);
    await until(() => readLines(Buffer.concat(received)).length === 100);
    expect(readLines(Buffer.concat(received)).map((reply) => reply.class)).toEqual(
      predictions(config, samples).map((prediction) => prediction.class),
    );
    daemon.process.kill("SIGTERM");
    expect((await daemon.ended).code).toBe(0);
  });
});

/** Replies to samples that come when the test says, of a learner that predicts what the test says. */
function replier(reply: string, crc: 16 | 32 = 16) {
  const config = parseConfig(configFor(`${port}\n  crc: ${crc}`, reply), "c.yaml");
  const ring = new SampleRing(3, 4, "pause");
  const learner = {
    ...{ classes: 3, predictedClass: 2, prediction: Float64Array.of(0.1, 0.2, 0.7) },
    metrics: { fadingMae: 0.25, baselineMae: 0.5 },
  };
  const line = { isOpen: true, sent: [] as number[] };
  const source = {
    counts: { bytes: 0, opens: 1, losses: 0, droppedWrites: 0 },
    open: async () => {},
    close: async () => {},
    write(bytes: Uint8Array, end = bytes.length) {
      if (line.isOpen) line.sent.push(...bytes.subarray(0, end));
      return line.isOpen;
    },
  };
  const told: string[] = [];
  const replies = createReplies(
    config,
    source,
    ring,
    learner as unknown as Learner,
    new AlarmScores(learner as unknown as Learner, 2),
    ({ text }) => told.push(text),
  );
  if (replies === null) throw new Error("the config asks for no reply");
  onTestFinished(() => replies.close());
  let sequence = 0;
  /** A sample that arrives at a time, with a probability of class 2; gives what the device was sent for it. */
  function sample(time: number, probability = 0.7): Reply[] {
    learner.prediction[2] = probability;
    ring.reserve();
    ring.commit(time, sequence++);
    const before = line.sent.length;
    replies?.observe();
    ring.release();
    return readFrames(Uint8Array.from(line.sent.slice(before)), crc);
  }
  return { replies, sample, source, line, told, sent: () => readFrames(Uint8Array.from(line.sent), crc) };
}

describe("replies", () => {
  test("are at least the configured time apart, whatever the samples", () => {
    const { sample } = replier("{ send: [prediction], every: 100ms }");
    const answered = [1000, 1001, 1099, 1100, 1150, 1199, 1250, 5000].filter(
      (time) => sample(time).length > 0,
    );
    expect(answered).toEqual([1000, 1100, 1250, 5000]);
  });

  test("have the checksum of the config", () => {
    const { sample } = replier("{ send: [prediction, score, alarm], alarm: { class: 2 } }", 32);
    expect(kinds(sample(0))).toEqual(["alarm", "prediction", "score"]);
  });

  test("tell the score beside the prediction, more rarely", () => {
    const { sample, replies } = replier("{ send: [prediction, score], every: sample, scoreEvery: 1s }");
    expect([0, 500, 999, 1000].map((time) => kinds(sample(time)))).toEqual([
      ["prediction", "score"],
      ["prediction"],
      ["prediction"],
      ["prediction", "score"],
    ]);
    expect(sample(2000)).toMatchObject([
      { class: 2, value: Math.fround(0.7), sequence: 4 },
      { value: 0.25, baseline: 0.5, sequence: 4 },
    ]);
    expect(replies.sent).toBe(8);
  });

  test("tell the alarm once, when it changes, and how probable its class is then", async () => {
    const alarm = "{ class: 2, on: 0.8, off: 0.6, atLeast: 1ms }";
    const { sample, sent, told } = replier(`{ send: [alarm], alarm: ${alarm} }`);
    expect(sample(0, 0.7)).toMatchObject([{ on: 0, class: 2 }]);
    expect([sample(1, 0.79), sample(2, 0.5)]).toEqual([[], []]);
    expect(sample(3, 0.9)).toMatchObject([{ on: 1, value: Math.fround(0.9), sequence: 3 }]);
    expect(sample(4, 0.7)).toEqual([]);
    // It is on for its time, and goes off by itself when that is over: no sample comes any more.
    expect(sample(5, 0.5)).toEqual([]);
    await until(() => sent().length === 3);
    expect(sent()[2]).toMatchObject({ on: 0, value: 0.5, sequence: 5 });
    expect(told.map((text) => text.slice(-2))).toEqual(["on", "ff"]);
  });

  test("tell the alarm again where the line did not take it", () => {
    const { sample, line } = replier("{ send: [alarm], alarm: { class: 2 } }");
    sample(0, 0.1);
    line.isOpen = false;
    expect(sample(1, 0.9)).toEqual([]);
    expect(sample(2, 0.9)).toEqual([]);
    line.isOpen = true;
    expect(sample(3, 0.9)).toMatchObject([{ on: 1, sequence: 3 }]);
    expect(sample(4, 0.9)).toEqual([]);
  });

  test("start again with each connection", () => {
    const { sample, source } = replier(
      "{ send: [prediction, score, alarm], every: 1h, alarm: { class: 2 } }",
    );
    expect(kinds(sample(0))).toEqual(["alarm", "prediction", "score"]);
    expect(sample(1)).toEqual([]);
    source.counts.opens++;
    expect(kinds(sample(2))).toEqual(["alarm", "prediction", "score"]);
  });

  test("end with an alarm that is on, and with nothing else", () => {
    const alarm = "{ send: [prediction, alarm], every: sample, alarm: { class: 2 } }";
    const on = replier(alarm);
    on.sample(0, 0.9);
    on.replies.close();
    on.replies.close();
    expect(on.sent().map((reply) => [reply.kind, reply.on])).toEqual([
      ["alarm", 1],
      ["prediction", undefined],
      ["alarm", 0],
    ]);
    expect(on.sample(1)).toEqual([]);
    const off = replier(alarm);
    off.sample(0, 0.1);
    off.replies.close();
    expect(kinds(off.sent())).toEqual(["alarm", "prediction"]);
  });
});
