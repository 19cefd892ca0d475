/** The daemon as it lives on a board: `rivulet run` at a serial port, with signals, kills and pulled plugs. */
import {
  chmodSync,
  chownSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { decodeCheckpoint } from "../../src/checkpoint/format.ts";
import { createSerialSource } from "../../src/samples/sources/serial.ts";
import { mounting, needing } from "../needs.ts";
import { builtModule, folderWith, type LogLine, rivulet, start, startRivulet } from "../rivulet.ts";
import { arduino, canMountPorts, throughPorts, usbPorts } from "../samples/ports/usb-ports.ts";
import { until } from "../until.ts";
import { createStream, type Device, fieldsInYaml } from "./device.ts";

interface Wishes {
  framing?: "frames" | "lines";
  every?: string;
  keep?: number;
  more?: string;
}

const configFor = ({ framing = "frames", every = "1h", keep = 3, more = "" }: Wishes = {}) => `name: bench
source:
  serial: { path: port }
  framing: ${framing}
  queue: { samples: 4096 }
  fields: ${fieldsInYaml}
target: { column: label, classes: 3 }
checkpoint: { directory: saved, every: ${every}, keep: ${keep} }
${more}`;

/** A folder with a config, and a device plugged in at `port`. */
function bench(wishes: Wishes = {}) {
  const cwd = folderWith({ "c.yaml": configFor(wishes) });
  const stream = createStream(wishes.framing);
  const device = stream.open();
  device.plugIn(join(cwd, "port"));
  return { cwd, stream, device };
}

const words = ["run", "c.yaml", "--status-every", "20ms", "--json"];

async function runAt(cwd: string) {
  const daemon = startRivulet(words, { cwd });
  await daemon.event("port-open");
  return daemon;
}

/** Starts the daemon, lets it learn samples, and ends it. */
async function learn(cwd: string, device: Device, samples: number, signal: NodeJS.Signals = "SIGTERM") {
  const daemon = await runAt(cwd);
  device.begin();
  device.samples(samples);
  const status = await daemon.event("status", (line) => line.samples === samples);
  daemon.process.kill(signal);
  return { ...(await daemon.ended), status, events: daemon.events() };
}

function savedIn(cwd: string) {
  return readdirSync(join(cwd, "saved"))
    .filter((name) => name.endsWith(".msgpack"))
    .sort()
    .map((name) => join(cwd, "saved", name));
}

const newestIn = (cwd: string) => savedIn(cwd).at(-1) as string;
const read = (path: string) => decodeCheckpoint(readFileSync(path), path);

/** What has to be equal of two checkpoints that know the same, and has nothing to do with when they were made. */
function knowledge(path: string) {
  const { createdAt, history, daemonState, status, ...rest } = read(path);
  return rest;
}

describe.concurrent("the daemon", () => {
  test.each([
    ["frames", "SIGTERM"],
    ["lines", "SIGINT"],
    ["frames", "SIGHUP"],
  ] as const)("learns from %s until %s, then saves and ends with 0", async (framing, signal) => {
    const { cwd, device } = bench({ framing });
    const { code, stderr, status, events } = await learn(cwd, device, 2000, signal);
    expect([code, stderr]).toEqual([0, ""]);
    expect(status).toMatchObject({ missing: 0, damaged: 0, rejected: 0, dropped: 0, updates: 2000 });
    expect(status.scores.slidingAccuracy).toBeGreaterThan(0.8);
    expect(status.scores.baselineAccuracy).toBeLessThan(0.5);
    const [path] = savedIn(cwd);
    expect(events.at(-1)).toMatchObject({ event: "end", samplesSeen: 2000, path });
    expect(read(path)).toMatchObject({ name: "bench", samplesSeen: 2000, step: 2000 });
    expect(readdirSync(join(cwd, "saved"))).toHaveLength(1);
  });

  test("writes plain lines with their times where nobody asks for JSON", async () => {
    const { cwd, device } = bench();
    const daemon = startRivulet(["run", "c.yaml", "--status-every", "20ms"], { cwd });
    await until(() => daemon.stdout.includes("is open"));
    device.samples(50);
    await until(() => daemon.stdout.includes("50 samples"));
    daemon.process.kill("SIGTERM");
    const { code, stdout } = await daemon.ended;
    expect(code).toBe(0);
    for (const line of stdout.trim().split("\n")) expect(line).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z \S/);
    expect(stdout).toMatch(/50 samples, [\d.]+ a second; accuracy .* lately, .* in all .*; none lost;/);
  });

  test("continues from its checkpoint as if it had never ended", async () => {
    const { cwd, device } = bench();
    await learn(cwd, device, 300);
    const { events, status } = await learn(cwd, device, 200);
    const resumed = events.find(({ event }) => event === "resume");
    expect(resumed).toMatchObject({ samplesSeen: 300 });
    // All but the first, which was answered before any target was known.
    expect(status.scores.samples).toBe(499);
    const once = bench();
    await learn(once.cwd, once.device, 500);
    expect(read(newestIn(cwd)).samplesSeen).toBe(500);
    expect(knowledge(newestIn(cwd))).toEqual(knowledge(newestIn(once.cwd)));
  });

  test("continues from the last periodic checkpoint after kill -9", async () => {
    const { cwd, device } = bench({ every: "200ms" });
    const daemon = await runAt(cwd);
    device.samples(300);
    await until(() => savedIn(cwd).length > 0 && read(newestIn(cwd)).samplesSeen === 300);
    device.samples(100);
    await daemon.event("status", (line) => line.samples === 400);
    daemon.process.kill("SIGKILL");
    expect((await daemon.ended).signal).toBe("SIGKILL");
    const { samplesSeen } = read(newestIn(cwd));
    expect(samplesSeen).toBeGreaterThanOrEqual(300);
    const { code, events } = await learn(cwd, device, 50);
    expect(code).toBe(0);
    expect(events.find(({ event }) => event === "resume")).toMatchObject({ samplesSeen });
    expect(read(newestIn(cwd)).samplesSeen).toBe(samplesSeen + 50);
  });

  test("counts the bytes of its checkpoints and of its log", async () => {
    const { cwd, device } = bench({ every: "60ms", keep: 100 });
    const daemon = await runAt(cwd);
    for (let samples = 20; samples <= 60; samples += 20) {
      device.samples(20);
      await daemon.event("status", (line) => line.samples === samples && line.checkpoints >= samples / 20);
    }
    // The samples may have come in several parts, each saved for itself: with all of them saved, nothing more is.
    await until(() => read(newestIn(cwd)).samplesSeen === 60);
    const sizes = savedIn(cwd).map((path) => statSync(path).size);
    const status = await daemon.event("status", (line) => line.checkpoints === sizes.length);
    expect(status.checkpointBytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
    // All that was written when the line was made, which is what stands before it.
    const before = daemon.stdout.slice(0, daemon.stdout.indexOf(`"logBytes":${status.logBytes},`));
    expect(status.logBytes).toBe(Buffer.byteLength(before.slice(0, before.lastIndexOf("\n") + 1)));
    daemon.process.kill("SIGTERM");
    expect((await daemon.ended).code).toBe(0);
  });

  test("says once when a rule that it had learned no longer holds", async () => {
    const { cwd, device } = bench();
    const daemon = await runAt(cwd);
    const rule = (shift: number, count: number) => {
      for (let i = 0; i < count; i++) {
        const x = Math.sin(i * i);
        device.sample(x, Math.cos(3 * i * i), ((x > 0 ? 1 : 0) + shift) % 3);
      }
    };
    rule(0, 2000);
    expect(await daemon.event("status", (line) => line.samples === 2000)).toMatchObject({ drifts: 0 });
    rule(1, 600);
    const { text, problem } = await daemon.event("drift");
    expect(text).toMatch(/^predictions have become worse: [\d.]+ % are wrong, after [\d.]+ %; /);
    expect(problem).toBe(true);
    expect(await daemon.event("status", (line) => line.samples === 2600)).toMatchObject({ drifts: 1 });
    daemon.process.kill("SIGTERM");
    expect((await daemon.ended).code).toBe(0);
    expect(daemon.events("drift")).toHaveLength(1);
  });

  test("saves nothing while nothing new is learned", async () => {
    const { cwd, device } = bench({ every: "60ms" });
    const daemon = await runAt(cwd);
    device.samples(20);
    // The samples may have come in several parts, each saved for itself.
    await until(() => savedIn(cwd).length > 0 && read(newestIn(cwd)).samplesSeen === 20);
    const [before, told] = [savedIn(cwd), daemon.events("status").length];
    // Some twenty periods go by.
    await daemon.event("status", () => daemon.events("status").length > told + 60);
    expect(savedIn(cwd)).toEqual(before);
    device.samples(1);
    const { checkpoints } = await daemon.event("status", (line) => line.samples === 21);
    await daemon.event("status", (line) => line.checkpoints > Math.min(checkpoints, before.length));
    expect(read(newestIn(cwd)).samplesSeen).toBe(21);
    const after = savedIn(cwd);
    daemon.process.kill("SIGTERM");
    expect((await daemon.ended).code).toBe(0);
    expect(savedIn(cwd)).toEqual(after);
    expect(daemon.events("end")[0]).toMatchObject({ path: null });
  });

  test("learns on when its port is gone and comes back as another device", async () => {
    const { cwd, stream, device } = bench();
    const daemon = await runAt(cwd);
    device.samples(200);
    const { bytes } = await daemon.event("status", (line) => line.samples === 200);
    // A frame that is never finished must not spoil the first one of the next device.
    device.bytes(Uint8Array.of(9, 9, 9));
    await daemon.event("status", (line) => line.bytes === bytes + 3);
    device.unplug();
    const lost = await daemon.event("port-waiting");
    expect(lost.problem).toBe(true);
    const next = stream.open();
    next.plugIn(join(cwd, "port"));
    await daemon.event("port-open", () => daemon.events("port-open").length === 2);
    next.samples(300);
    const status = await daemon.event("status", (line) => line.samples === 500);
    expect(status).toMatchObject({ portLosses: 1, missing: 0, rejected: 0, damaged: 1 });
    daemon.process.kill("SIGTERM");
    expect((await daemon.ended).code).toBe(0);
    expect(read(newestIn(cwd)).samplesSeen).toBe(500);
  });

  test.each(["forbidden", "busy"])(
    "waits, and says so once, where its port comes back and is %s, then learns on",
    async (situation) => {
      const { cwd, stream, device } = bench();
      chmodSync(cwd, 0o777);
      const isRoot = process.getuid?.() === 0;
      // Root may open any port, so for root it is nobody who runs it.
      chmodSync(device.path, 0o666);
      const daemon = startRivulet(words, { cwd, ...(isRoot ? { uid: 65_534, gid: 65_534 } : {}) });
      await daemon.event("port-open");
      device.samples(20);
      await daemon.event("status", (line) => line.samples === 20);
      device.unplug();
      await daemon.event("port-waiting");
      const next = stream.open();
      chmodSync(next.path, situation === "forbidden" ? 0o000 : 0o666);
      if (situation === "forbidden" && isRoot) chownSync(next.path, 0, 0);
      const holder = createSerialSource({ port: next.path, baudRate: 115_200 });
      if (situation === "busy") await holder.open(() => {});
      next.plugIn(join(cwd, "port"));
      const reason = situation === "busy" ? "is in use by another program" : "no permission to open";
      await daemon.event("port-waiting", ({ text }) => text.includes(reason));
      // Some attempts go by.
      const { portFailures } = daemon.events("status").at(-1) as LogLine;
      await daemon.event("status", (line) => line.portFailures >= portFailures + 3);
      expect(daemon.events("port-waiting")).toHaveLength(2);
      await holder.close();
      chmodSync(next.path, 0o666);
      await daemon.event("port-open", () => daemon.events("port-open").length === 2);
      next.samples(20);
      expect(await daemon.event("status", (line) => line.samples === 40)).toMatchObject({ portLosses: 1 });
      daemon.process.kill("SIGTERM");
      expect((await daemon.ended).code).toBe(0);
    },
  );

  test("ends in good order while its port is away", async () => {
    const { cwd, device } = bench();
    const daemon = await runAt(cwd);
    device.samples(30);
    await daemon.event("status", (line) => line.samples === 30);
    device.unplug();
    await daemon.event("port-waiting");
    daemon.process.kill("SIGTERM");
    expect((await daemon.ended).code).toBe(0);
    expect(read(newestIn(cwd)).samplesSeen).toBe(30);
  });

  test.each(["", "model: {}\n"])(
    "says once of a field which value cannot be true and which range excludes it, %j",
    async (more) => {
      const { cwd, device } = bench({ more });
      const daemon = await runAt(cwd);
      device.samples(100);
      device.sample(65535, 0, 1);
      device.samples(20);
      device.sample(65534, 0, 1);
      device.samples(10);
      const status = await daemon.event("status", (line) => line.samples === 132);
      expect(status.glitches).toMatchObject([{ field: "x", count: 2, value: 65535, sample: 101 }]);
      expect(status.text).toContain("; x 2 glitches;");
      daemon.process.kill("SIGTERM");
      await daemon.ended;
      const [glitch, ...others] = daemon.events().filter(({ event }) => event === "glitch");
      expect(others).toEqual([]);
      expect(glitch).toMatchObject({ field: "x", value: 65535, sample: 101, problem: true });
      expect(glitch.text).toMatch(/^x is 65535 in sample 101, far outside .*; set range: \[.*\] for x, /);
      const again = await runAt(cwd);
      device.begin();
      device.sample(65533, 0, 1);
      await again.event("status", (line) => line.samples === 1);
      again.process.kill("SIGTERM");
      await again.ended;
      expect(again.events().filter(({ event }) => event === "glitch")).toEqual([]);
      const inspected = await rivulet(["inspect", "saved", "--json"], { cwd });
      expect(JSON.parse(inspected.stdout).glitches).toMatchObject([{ field: "x", count: 3, value: 65535 }]);
    },
  );

  test("counts damaged frames, numbers that are none and labels that are no class, and learns from none", async () => {
    const { cwd, device } = bench();
    const daemon = await runAt(cwd);
    device.samples(100);
    device.bytes(Uint8Array.of(5, 1, 2, 3, 4, 0, 7, 7, 7, 0));
    device.sample(Number.NaN, 0, 1);
    device.sample(0, Number.POSITIVE_INFINITY, 1);
    device.sample(0, 0, 3);
    device.sample(0, 0, 255);
    device.samples(100);
    const status = await daemon.event("status", (line) => line.samples === 200);
    expect(status).toMatchObject({ damaged: 2, rejected: 4, missing: 0, updates: 200, skippedSteps: 0 });
    expect(status.text).toContain(
      "2 damaged (2 of another length), 4 rejected; x 1 not finite; y 1 not finite;",
    );
    expect(status.faults).toEqual([
      { field: "x", notFinite: 1, outOfRange: 0, stuck: 0 },
      { field: "y", notFinite: 1, outOfRange: 0, stuck: 0 },
    ]);
    daemon.process.kill("SIGTERM");
    await daemon.ended;
    const clean = bench();
    await learn(clean.cwd, clean.device, 200);
    const [dirty, spotless] = [cwd, clean.cwd].map((folder) => read(newestIn(folder)));
    expect(dirty.parameters).toEqual(spotless.parameters);
    expect(dirty.featureState).toEqual(spotless.featureState);
    expect(dirty.metrics).toEqual(spotless.metrics);
    // A new process counts its own troubles only.
    const again = await learn(cwd, device, 10);
    expect(again.status).toMatchObject({ samples: 10, damaged: 0, rejected: 0, updates: 10 });
  });

  test("counts lines that are no samples", async () => {
    const { cwd, device } = bench({ framing: "lines" });
    const daemon = await runAt(cwd);
    device.begin();
    device.samples(40);
    device.text("booting ...\n1,2\n1,2,0,4\n1,nan,0\n0.5,0.5,-1\n0.5,0.5,1.5\n");
    device.samples(40);
    const status = await daemon.event("status", (line) => line.samples === 80);
    expect(status).toMatchObject({ damaged: 3, rejected: 3, rate: null });
    expect(status.faults).toEqual([{ field: "y", notFinite: 1, outOfRange: 0, stuck: 0 }]);
    daemon.process.kill("SIGTERM");
    expect((await daemon.ended).code).toBe(0);
  });

  test("takes values out of their range and stuck ones as its config says, and tells each once", async () => {
    const { cwd, device } = bench();
    const config = configFor()
      .replace("name: x, type: f32", "name: x, type: f32, range: [-2, 2]")
      .replace("name: y, type: f32", "name: y, type: f32, stuck: 20")
      .replace("source:", "source:\n  values: { outOfRange: clamp, stuck: skip }");
    writeFileSync(join(cwd, "c.yaml"), config);
    const daemon = await runAt(cwd);
    device.samples(50);
    for (let i = 0; i < 5; i++) device.sample(7, i / 8, 1);
    for (let i = 0; i < 30; i++) device.sample(i / 64, 0.75, 1);
    device.samples(150);
    const status = await daemon.event("status", (line) => line.samples === 224);
    expect(status).toMatchObject({ rejected: 11, damaged: 0, dropped: 0 });
    expect(status.faults).toEqual([
      { field: "x", notFinite: 0, outOfRange: 5, stuck: 0 },
      { field: "y", notFinite: 0, outOfRange: 0, stuck: 11 },
    ]);
    expect(status.text).toContain("; 11 rejected; x 5 out of range; y 11 stuck; ");
    daemon.process.kill("SIGTERM");
    await daemon.ended;
    expect(daemon.events("values-wrong").map(({ text, problem }) => [text, problem])).toEqual([
      ["x is out of its range, -2 to 2: 7; replaced by 2", true],
      ["y has been 0.75 for 20 samples; skipped", true],
    ]);
    expect(daemon.events("values-right").map(({ text, problem }) => [text, problem])).toEqual([
      ["x has been good for 100 samples, after 5 out of range", false],
      ["y has been good for 100 samples, after 11 stuck", false],
    ]);
  });

  test("numbers what never arrived", async () => {
    const { cwd, stream, device } = bench();
    const daemon = await runAt(cwd);
    device.samples(50);
    // Sent into a port that nobody reads.
    const elsewhere = stream.open();
    elsewhere.samples(7);
    elsewhere.unplug();
    device.samples(50);
    expect(await daemon.event("status", (line) => line.samples === 100)).toMatchObject({ missing: 7 });
    daemon.process.kill("SIGTERM");
    await daemon.ended;
  });

  test("learns on while it cannot save, says so once, and says when it can again", async () => {
    const { cwd, device } = bench({ every: "40ms" });
    const daemon = await runAt(cwd);
    renameSync(join(cwd, "saved"), join(cwd, "away"));
    device.samples(10);
    const failure = await daemon.event("checkpoint-fails");
    expect(failure).toMatchObject({ problem: true });
    expect(failure.text).toBe(
      `cannot save a checkpoint in ${join(cwd, "saved")}: the folder does not exist; create it, or mount its disk; learning continues`,
    );
    // Some ten periods go by, each with something to save.
    for (let told = 0; told < 20; told++) {
      device.samples(10);
      await daemon.event("status", (line) => line.samples === 10 * (told + 2));
    }
    expect(daemon.events("checkpoint-fails")).toHaveLength(1);
    renameSync(join(cwd, "away"), join(cwd, "saved"));
    await daemon.event("checkpoint-works-again");
    daemon.process.kill("SIGTERM");
    expect((await daemon.ended).code).toBe(0);
    expect(read(newestIn(cwd)).samplesSeen).toBe(210);
  });

  test("ends with 1 and says what is lost where the last checkpoint cannot be saved", async () => {
    const { cwd, device } = bench();
    await learn(cwd, device, 30);
    const daemon = await runAt(cwd);
    device.samples(20);
    await daemon.event("status", (line) => line.samples === 20);
    renameSync(join(cwd, "saved"), join(cwd, "away"));
    writeFileSync(join(cwd, "saved"), "");
    daemon.process.kill("SIGTERM");
    const { code, stderr } = await daemon.ended;
    expect(stderr).toBe(
      `rivulet: cannot save a checkpoint in ${join(cwd, "saved")}: found a file, expected a folder; move the file away, or name another folder; what was learned from the last 20 samples is lost\n`,
    );
    expect(code).toBe(1);
  });

  test("makes its folder again for the last checkpoint where somebody has removed it, and says so", async () => {
    const { cwd, device } = bench();
    await learn(cwd, device, 30);
    const daemon = await runAt(cwd);
    device.samples(20);
    await daemon.event("status", (line) => line.samples === 20);
    rmSync(join(cwd, "saved"), { recursive: true });
    daemon.process.kill("SIGTERM");
    expect((await daemon.ended).code).toBe(0);
    expect(daemon.events("checkpoint-refused").map(({ text }) => text)).toEqual([
      `${join(cwd, "saved")} was missing and has been created again for this checkpoint`,
    ]);
    expect(read(newestIn(cwd)).samplesSeen).toBe(50);
  });

  test("passes over a damaged checkpoint, and says so", async () => {
    const { cwd, device } = bench();
    await learn(cwd, device, 100);
    await learn(cwd, device, 100);
    truncateSync(newestIn(cwd), 500);
    const { code, events } = await learn(cwd, device, 10);
    expect(code).toBe(0);
    expect(events.find(({ event }) => event === "checkpoint-refused")).toMatchObject({
      problem: true,
      text: expect.stringContaining("checkpoint-00000002.msgpack"),
    });
    expect(events.find(({ event }) => event === "resume")).toMatchObject({ samplesSeen: 100 });
    expect(newestIn(cwd)).toMatch(/checkpoint-00000003\.msgpack$/);
  });

  test("starts from nothing if every checkpoint is damaged, and says that none is valid", async () => {
    const { cwd, device } = bench();
    await learn(cwd, device, 100);
    truncateSync(newestIn(cwd), 0);
    const { code, events } = await learn(cwd, device, 10);
    expect(code).toBe(0);
    expect(events.find(({ event }) => event === "begin")?.text).toContain("saved has no valid checkpoint; ");
    expect(read(newestIn(cwd)).samplesSeen).toBe(10);
  });
});

describe.concurrent("a device that gets another name", needing(canMountPorts, mounting), () => {
  test.each([
    [
      "its path",
      "path: /dev/ttyACM0",
      /ttyACM1 is open at 115200 baud: it is the device that was .dev.ttyACM0$/,
    ],
    [
      "its numbers",
      "vendor: 2341, product: 0043, serialNumber: 7573",
      /ttyACM1 is open at 115200 baud: it is the USB device 2341:0043 with the serial number 7573$/,
    ],
  ])("is learned from on where the config gives %s", async (_, serial, sentence) => {
    const cwd = folderWith({ "c.yaml": configFor().replace("path: port", serial) });
    const ports = usbPorts(cwd);
    const stream = createStream();
    const first = stream.open();
    ports.plugIn("ttyACM0", first.path, arduino);
    const daemon = startRivulet(words, { cwd, through: throughPorts(cwd) });
    await daemon.event("port-open");
    first.samples(200);
    await daemon.event("status", (line) => line.samples === 200);
    // Another one gets its name, and a second later it is back itself.
    ports.pullOut("ttyACM0");
    const stranger = stream.open();
    ports.plugIn("ttyACM0", stranger.path, { ...arduino, serialNumber: "9999" });
    first.unplug();
    await daemon.event("port-waiting");
    const second = stream.open();
    ports.plugIn("ttyACM1", second.path, arduino);
    const opened = await daemon.event("port-open", () => daemon.events("port-open").length === 2);
    expect(opened.text).toMatch(sentence);
    second.samples(100);
    const status = await daemon.event("status", (line) => line.samples === 300);
    expect(status).toMatchObject({ portLosses: 1, missing: 0, damaged: 0 });
    daemon.process.kill("SIGTERM");
    expect((await daemon.ended).code).toBe(0);
    expect(read(newestIn(cwd)).samplesSeen).toBe(300);
  });
});

describe.concurrent("signals", () => {
  test("that come together are one wish to end", async () => {
    const { cwd, device } = bench();
    const daemon = await runAt(cwd);
    device.samples(40);
    await daemon.event("status", (line) => line.samples === 40);
    // Stopped, it finds all of them at once: as with Ctrl-C under npm, which hands on what the terminal gave already.
    // With SIGUSR1 Node would open its debugger to every process of this machine, and say so.
    for (const signal of ["SIGSTOP", "SIGUSR1", "SIGINT", "SIGTERM", "SIGHUP", "SIGCONT"] as const) {
      daemon.process.kill(signal);
    }
    const { code, stderr } = await daemon.ended;
    expect([code, stderr]).toEqual([0, ""]);
    expect(read(newestIn(cwd)).samplesSeen).toBe(40);
  });

  test("end a process at once, when a later one follows", async () => {
    const module = builtModule("commands/command-line/signals.js");
    // A process that would take for ever to end in good order.
    const code = `
      const { untilSignalled } = await import(${JSON.stringify(module)});
      setInterval(() => {}, 1e6);
      const signalled = untilSignalled();
      console.log(JSON.stringify({ event: "ready" }));
      console.log(JSON.stringify({ event: "asked", text: await signalled }));`;
    const stubborn = start(["--input-type=module", "-e", code]);
    await stubborn.event("ready");
    stubborn.process.kill("SIGTERM");
    expect((await stubborn.event("asked")).text).toBe("SIGTERM");
    const impatience = setInterval(() => stubborn.process.kill("SIGINT"), 100);
    expect((await stubborn.ended).code).toBe(130);
    clearInterval(impatience);
  });
});

describe.concurrent("the daemon refuses to start, and changes nothing,", () => {
  const refusal = async (cwd: string, user: { uid?: number; gid?: number } = {}, exitCode = 1) => {
    const { code, stdout, stderr } = await rivulet(["run", "c.yaml"], { cwd, ...user });
    expect(code).toBe(exitCode);
    // One sentence on standard error; what it did until then is told on standard output.
    const sentences = stderr.trimEnd().split("\n");
    expect(sentences).toHaveLength(1);
    expect(stdout).not.toContain("fault in Rivulet");
    return sentences[0];
  };

  test("without a port in its config", async () => {
    const cwd = folderWith({ "c.yaml": "target: { column: label, classes: 3 }\n" });
    expect(await refusal(cwd, {}, 2)).toBe(
      "rivulet: c.yaml names no source to read: add source: { serial: { path: /dev/ttyUSB0 } }, tcp, udp, stdin or file, and source.fields",
    );
    expect(readdirSync(cwd)).toEqual(["c.yaml"]);
  });

  test("where there is no such port", async () => {
    const cwd = folderWith({ "c.yaml": configFor() });
    expect(await refusal(cwd)).toMatch(
      new RegExp(`^rivulet: there is no serial port ${join(cwd, "port")}; .*(plug the device in|use one of)`),
    );
    expect(readdirSync(cwd)).toEqual(["c.yaml"]);
  });

  test("where the port is a file", async () => {
    const cwd = folderWith({ "c.yaml": configFor(), port: "hello" });
    expect(await refusal(cwd)).toContain(`${join(cwd, "port")} is a file, not a serial port; name a port`);
    expect(readFileSync(join(cwd, "port"), "utf8")).toBe("hello");
  });

  test("without permission on the port, and names the group that has it", async () => {
    const { cwd, device } = bench();
    const isRoot = process.getuid?.() === 0;
    const group = readFileSync("/etc/group", "utf8").split("\n")[4].split(":");
    // Root may do anything, so for root it is nobody who tries.
    const user = isRoot ? { uid: 65_534, gid: 65_534 } : {};
    chmodSync(cwd, 0o777);
    if (isRoot) {
      chownSync(device.path, 0, Number(group[2]));
      chmodSync(device.path, 0o660);
      expect(await refusal(cwd, user)).toMatch(
        new RegExp(
          `^rivulet: no permission to open the serial port .*/port: it belongs to the group "${group[0]}"; run "sudo usermod -aG ${group[0]} .*", then log out and in again$`,
        ),
      );
    }
    chmodSync(device.path, isRoot ? 0o600 : 0o000);
    expect(await refusal(cwd, user)).toMatch(
      /^rivulet: no permission to open the serial port .*\/port: its group ".+" may not read and write it; assign it to the group dialout/,
    );
  });

  test("in a folder that another daemon uses", async () => {
    const { cwd, stream, device } = bench();
    const first = await runAt(cwd);
    const other = stream.open();
    other.plugIn(join(cwd, "port"));
    expect(await refusal(cwd)).toBe(
      `rivulet: ${join(cwd, "saved")} is in use by the process with id ${first.process.pid}; use a different checkpoint folder for each`,
    );
    device.samples(20);
    await first.event("status", (line) => line.samples === 20);
    first.process.kill("SIGTERM");
    expect((await first.ended).code).toBe(0);
    expect(read(newestIn(cwd)).samplesSeen).toBe(20);
  });

  test("at a port that another daemon reads", async () => {
    const { cwd, device } = bench();
    const first = await runAt(cwd);
    const beside = folderWith({ "c.yaml": configFor() });
    device.plugIn(join(beside, "port"));
    expect(await refusal(beside)).toContain("is in use by another program; close that program");
    device.samples(20);
    await first.event("status", (line) => line.samples === 20);
    first.process.kill("SIGTERM");
    expect((await first.ended).code).toBe(0);
  });

  test.each([
    [
      "model: { layers: [{ dense: 8 }, tanh] }",
      "model is a single network in the config and the ensemble in it",
    ],
    ["training: { seed: 2 }", "training.seed is 2 in the config and 1 in it"],
    ["features: [{ clip: 4 }]", 'features[0] is {"clip":{"limit":4}} in the config and "standardize" in it'],
  ])("on the checkpoint of another learner: %s", async (more, difference) => {
    const { cwd, device } = bench();
    await learn(cwd, device, 20);
    const [path] = savedIn(cwd);
    const [bytes, { mtimeMs }] = [readFileSync(path), statSync(path)];
    const changed = folderWith({ "c.yaml": configFor({ more }).replace("saved", join(cwd, "saved")) });
    device.plugIn(join(changed, "port"));
    const advice = difference.startsWith("training.seed")
      ? `rivulet migrate ${join(cwd, "saved")} --config c.yaml carries over what was learned, or `
      : "";
    expect(await refusal(changed, {}, 2)).toBe(
      `rivulet: ${path} was saved with a different configuration: ${difference}; ${advice}name another checkpoint.directory to start over, or put the config back`,
    );
    expect(readFileSync(path)).toEqual(bytes);
    expect(statSync(path).mtimeMs).toBe(mtimeMs);
    expect(readdirSync(join(cwd, "saved"))).toHaveLength(1);
  });
});
