/** Recordings replayed: the learner is the one that the daemon would have been. */
import { appendFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { decodeCheckpoint } from "../../src/checkpoint/format.ts";
import { RecordingFile } from "../../src/recording/recording-file.ts";
import { createStream, type Device, fields, fieldsInYaml } from "../daemon/device.ts";
import { folderWith, rivulet, startRivulet } from "../rivulet.ts";
import { until } from "../until.ts";

const configFor = (framing: string, more = "") => `name: bench
source:
  serial: { path: port }
  framing: ${framing}
  queue: { samples: 4096 }
  fields: ${fieldsInYaml}
target: { column: label, classes: 3 }
checkpoint: { directory: saved, every: 1h }
${more}`;

/** A stream with all that can go wrong in it: damage, numbers that are none, labels that are no class, a gap. */
function send(device: Device, framing: "frames" | "lines"): void {
  device.begin();
  device.samples(700);
  device.bytes(framing === "frames" ? Uint8Array.of(5, 1, 2, 3, 4, 0) : Buffer.from("1,2\nbooting\n"));
  device.sample(0.25, 0.5, 3);
  device.sample(Number.NaN, 0.5, 1);
  device.samples(300);
  device.sample(0.25, 0.5, 200);
  // A frame of a whole number for a label cannot lack it.
  if (framing === "lines") device.text("0.5,0.25,\n0.125,0.5,nan\n");
  device.samples(500);
}

/** Runs a command at a fresh port, through which a stream comes, by default the one above. */
async function atPort(
  cwd: string,
  framing: "frames" | "lines",
  words: string[],
  done: RegExp | ((stdout: string) => boolean),
  stream: (device: Device, framing: "frames" | "lines") => void = send,
) {
  const device = createStream(framing).open();
  device.plugIn(join(cwd, "port"));
  const run = startRivulet(words, { cwd });
  await until(() => run.stdout.includes("is open"));
  stream(device, framing);
  await until(() => (done instanceof RegExp ? done.test(run.stdout) : done(run.stdout)));
  run.process.kill("SIGTERM");
  expect((await run.ended).code).toBe(0);
  device.unplug();
}

/** The newest status line of a run whose lines are JSON. */
function statusIn(stdout: string) {
  const line = stdout.split("\n").findLast((text) => text.startsWith("{") && text.includes('"status"'));
  return line === undefined ? null : JSON.parse(line);
}

function knowledge(path: string) {
  const { createdAt, history, daemonState, status, ...rest } = decodeCheckpoint(readFileSync(path), path);
  return rest;
}

async function replay(cwd: string, words: string[]) {
  const { code, stdout, stderr } = await rivulet(["replay", ...words, "--json"], { cwd });
  expect([code, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout);
}

/** A recording of samples that came `everyMs`. */
async function recordingIn(cwd: string, samples: number, everyMs: number) {
  const path = join(cwd, "d.rec");
  const createdAt = new Date().toISOString();
  const recording = new RecordingFile(path, { name: "bench", createdAt, source: "a test", fields });
  for (let i = 0; i < samples; i++) {
    const row = Float64Array.of(Math.fround(Math.sin(i)), Math.fround(Math.cos(3 * i)), i % 3);
    recording.append(row, 0, 1_760_000_000_000 + everyMs * i, i, Number.NaN);
  }
  await recording.close();
  return path;
}

describe.concurrent("a replayed recording", () => {
  test.each([
    ["frames", 0, ""],
    ["lines", 2, "training: { batchSize: 8, seed: 5 }\n"],
  ] as const)("gives the same learner bit for bit as the live run, %s", async (framing, unlabelled, more) => {
    const rows = 1503 + unlabelled;
    const cwd = folderWith({ "c.yaml": configFor(framing, more) });
    const record = ["record", "c.yaml", "--out", "d.rec"];
    await atPort(cwd, framing, record, (stdout) => stdout.includes(` ${rows} on the disk`));
    await atPort(cwd, framing, ["run", "c.yaml", "--status-every", "50ms"], / 1500 samples, /);
    const [live] = readdirSync(join(cwd, "saved")).filter((name) => name.endsWith(".msgpack"));
    writeFileSync(join(cwd, "d.rec.gz"), gzipSync(readFileSync(join(cwd, "d.rec"))));
    for (const data of ["d.rec", "d.rec.gz"]) {
      const result = await replay(cwd, ["c.yaml", "--data", data, "--save", "replayed.msgpack"]);
      expect(result).toMatchObject({ rows, rejected: 3, unlabelled, damaged: 0, tornBytes: 0 });
      expect(knowledge(join(cwd, "replayed.msgpack"))).toEqual(knowledge(join(cwd, "saved", live)));
    }
  });

  test.each([
    ["frames", "{ outOfRange: clamp, notFinite: hold, stuck: skip }"],
    ["lines", "{ outOfRange: hold, notFinite: hold }"],
    ["lines", "{ outOfRange: skip }"],
  ] as const)("vets values as the live run did, %s, values: %s", async (framing, values) => {
    const config = configFor(framing)
      .replace("name: x, type: f32", "name: x, type: f32, range: [-0.8, 0.7]")
      .replace("name: y, type: f32", "name: y, type: f32, stuck: 3")
      .replace("name: label, type: u8", "name: label, type: u8, range: [0, 2]")
      .replace("source:", `source:\n  values: ${values}`);
    const cwd = folderWith({ "c.yaml": config });
    const faulty = (device: Device) => {
      device.begin();
      device.samples(400);
      for (let i = 0; i < 6; i++) device.sample(0.1 * i, 0.25, 1);
      for (const x of [5, Number.NaN, 0.5, Number.POSITIVE_INFINITY, -7]) device.sample(x, Number.NaN, 2);
      device.sample(9, 0.5, 3);
      device.samples(400);
      device.sample(0.25, 0.5, 0);
    };
    await atPort(cwd, framing, ["record", "c.yaml", "--out", "d.rec"], / 813 on the disk/, faulty);
    let status = { samples: 0, rejected: 0, faults: [] };
    const hasAll = (stdout: string) => {
      status = statusIn(stdout) ?? status;
      return status.samples + status.rejected === 813;
    };
    await atPort(cwd, framing, ["run", "c.yaml", "--status-every", "50ms", "--json"], hasAll, faulty);
    const [live] = readdirSync(join(cwd, "saved")).filter((name) => name.endsWith(".msgpack"));
    const result = await replay(cwd, ["c.yaml", "--data", "d.rec", "--save", "replayed.msgpack"]);
    expect(knowledge(join(cwd, "replayed.msgpack"))).toEqual(knowledge(join(cwd, "saved", live)));
    expect([result.faults, result.rejected]).toEqual([status.faults, status.rejected]);
    expect(result.faults.map(({ field }: { field: string }) => field)).toEqual(["x", "y", "label"]);
  });

  test("goes at full speed, or as it was recorded, and learns the same", async () => {
    const cwd = folderWith({ "c.yaml": configFor("frames") });
    await recordingIn(cwd, 150, 10);
    const fast = await replay(cwd, ["c.yaml", "--data", "d.rec", "--save", "fast.msgpack"]);
    const started = performance.now();
    const slow = await replay(cwd, ["c.yaml", "--data", "d.rec", "--real-time", "--save", "slow.msgpack"]);
    expect(performance.now() - started).toBeGreaterThan(1490);
    expect(slow.metrics).toEqual(fast.metrics);
    expect(knowledge(join(cwd, "slow.msgpack"))).toEqual(knowledge(join(cwd, "fast.msgpack")));
  });

  test("needs no config where its last field says the task", async () => {
    const cwd = folderWith();
    await recordingIn(cwd, 300, 10);
    const result = await replay(cwd, ["--data", "d.rec"]);
    expect(result).toMatchObject({ rows: 300, target: { column: "label", classes: 3 } });
  });

  test("says what a power cut and a bad card have done to it", async () => {
    const cwd = folderWith({ "c.yaml": configFor("frames") });
    const path = await recordingIn(cwd, 200, 1000);
    const bytes = readFileSync(path);
    bytes[Math.floor(bytes.length / 2)] ^= 4;
    writeFileSync(path, bytes);
    truncateSync(path, bytes.length - 9);
    const { rows, damaged, tornBytes } = await replay(cwd, ["c.yaml", "--data", "d.rec"]);
    expect(damaged).toBe(1);
    expect([rows < 200, tornBytes > 0]).toEqual([true, true]);
    const { stdout } = await rivulet(["replay", "c.yaml", "--data", "d.rec"], { cwd });
    expect(stdout).toMatch(/\ndamaged .*1 stretch of the recording, left out\ntorn /);
  });

  test.each([
    [
      "x,y,label\n1,2,0\n",
      ["--real-time"],
      /^rivulet: --real-time needs the times of a recording, but d\.csv/,
    ],
    ["x,why,label\n1,2,0\n", [], /^rivulet: d\.csv has no column "y"/],
  ])("is what %j is not", async (csv, more, sentence) => {
    const cwd = folderWith({ "c.yaml": configFor("frames"), "d.csv": csv });
    const { stderr, code } = await rivulet(["replay", "c.yaml", "--data", "d.csv", ...more], { cwd });
    expect(stderr).toMatch(sentence);
    expect(code).toBeGreaterThan(0);
  });

  test("must have the fields that the config names, and a whole header", async () => {
    const cwd = folderWith({ "c.yaml": configFor("frames").replace("name: y", "name: why") });
    const path = await recordingIn(cwd, 20, 10);
    const other = await rivulet(["replay", "c.yaml", "--data", "d.rec"], { cwd });
    expect([other.code, other.stderr]).toEqual([
      1,
      'rivulet: d.rec has no field "why"; known are x, y, label\n',
    ]);
    truncateSync(path, 100);
    const cut = await rivulet(["replay", "--data", "d.rec"], { cwd });
    expect(cut.stderr).toMatch(/^rivulet: d\.rec is a recording with an incomplete or damaged header, /);
    appendFileSync(path, Buffer.alloc(1 << 16));
    const spoilt = await rivulet(["replay", "--data", "d.rec"], { cwd });
    expect(spoilt.stderr).toMatch(/^rivulet: d\.rec is a recording with a damaged header, /);
  });
});
