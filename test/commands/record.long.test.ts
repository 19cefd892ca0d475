/** Recording at a real port: signals, kills, full disks and files that vanish. */
import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { parseConfig } from "../../src/config/config.ts";
import { slipStuffing } from "../../src/samples/framings/slip.ts";
import { createStream, fieldsInYaml } from "../daemon/device.ts";
import { mounting, needing } from "../needs.ts";
import { readRecording } from "../recording/read.ts";
import { cli, folderWith, rivulet, startRivulet } from "../rivulet.ts";
import { frames } from "../samples/streams.ts";
import { until } from "../until.ts";

const config = `name: bench
source: { serial: { path: port }, fields: ${fieldsInYaml} }
target: { column: label, classes: 3 }
`;

const pipeConfig = `source: { stdin: true, framing: slip, fields: [{ name: t, type: i16, scale: 0.01 }, { name: v, type: f32 }] }
target: { column: v }
`;

function bench() {
  const cwd = folderWith({ "c.yaml": config });
  const stream = createStream();
  const device = stream.open();
  device.plugIn(join(cwd, "port"));
  return { cwd, stream, device, out: join(cwd, "d.rec") };
}

const words = ["record", "c.yaml", "--out", "d.rec"];

async function recordAt(cwd: string, more: string[] = []) {
  const run = startRivulet([...words, ...more], { cwd });
  const opened = until(() => `${run.stdout}${run.stderr}`.includes("is open"));
  const ended = run.ended.then(({ stderr }) => Promise.reject(new Error(`ended too early: ${stderr}`)));
  await Promise.race([opened, ended]);
  // Later it may end as it likes.
  ended.catch(() => {});
  return run;
}

describe.concurrent("record", () => {
  test("writes frames in SLIP, and sniff prints a config for them", async () => {
    const cwd = folderWith({ "c.yaml": pipeConfig });
    const bytes = frames(0, 299, { stuffing: slipStuffing });
    const run = startRivulet(words, { cwd, stdin: "pipe" });
    run.process.stdin?.end(bytes);
    expect((await run.ended).stdout).toMatch(/\nsamples {4}300; none lost\n/);
    expect(readRecording(join(cwd, "d.rec")).rows[299]).toEqual([2.99, 299]);
    writeFileSync(join(cwd, "d.bin"), bytes);
    const { stdout } = await rivulet(["sniff", "d.bin"], { cwd });
    expect(stdout).toContain("framing   slip with CRC-16 and 6 bytes of fields");
    // Nothing in frames says which of their fields is to be predicted, nor what they are called.
    expect(parseConfig(`${stdout}\ntarget: { column: field2 }\n`, "sniffed.yaml").source).toMatchObject({
      framing: "slip",
      crc: 16,
    });
  });

  test("writes what a port sends until told to stop, and says so each second", async () => {
    const { cwd, device, out } = bench();
    const run = await recordAt(cwd);
    device.samples(500);
    await until(() => /500 samples, .* 500 on the disk/.test(run.stdout));
    device.samples(10);
    await until(() => run.stdout.includes("510 samples, "));
    run.process.kill("SIGTERM");
    const { code, stdout, stderr } = await run.ended;
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/\nsamples {4}510; none lost\n/);
    const { header, rows, sequences, damaged, unfinishedBytes } = readRecording(out);
    expect(header).toMatchObject({ name: "bench", source: join(cwd, "port") });
    expect([rows.length, damaged, unfinishedBytes]).toEqual([510, 0, 0]);
    expect(sequences).toEqual(Array.from({ length: 510 }, (_, i) => i + 1));
  });

  test("keeps implausible values unchanged, for the replay to judge", async () => {
    const { cwd, device, out } = bench();
    const run = await recordAt(cwd, ["--json"]);
    device.sample(1, 2, 0);
    device.sample(Number.NaN, 2, 0);
    device.sample(1, -Infinity, 9);
    await until(() => /3 samples, .* 3 on the disk/.test(run.stderr));
    run.process.kill("SIGTERM");
    expect(JSON.parse((await run.ended).stdout)).toMatchObject({ samples: 3, damaged: 0, dropped: 0 });
    expect(readRecording(out).rows).toEqual([
      [1, 2, 0],
      [Number.NaN, 2, 0],
      [1, -Infinity, 9],
    ]);
  });

  test("lets the device's milliseconds rise over their wrap, and start again where it restarts", async () => {
    const { cwd, device, out } = bench();
    const run = await recordAt(cwd);
    device.setClock(2 ** 32 - 51);
    device.samples(100);
    device.setClock(0);
    device.samples(20);
    await until(() => /120 samples, .* 120 on the disk/.test(run.stdout));
    run.process.kill("SIGTERM");
    expect((await run.ended).code).toBe(0);
    const { deviceTimes, damaged } = readRecording(out);
    const rising = Array.from({ length: 100 }, (_, i) => 2 ** 32 - 50 + i);
    expect(deviceTimes).toEqual([...rising, ...Array.from({ length: 20 }, (_, i) => 1 + i)]);
    expect(damaged).toBe(0);
    const replayed = await rivulet(["replay", "c.yaml", "--data", "d.rec", "--json"], { cwd });
    expect(JSON.parse(replayed.stdout)).toMatchObject({ rows: 120, rejected: 0, damaged: 0 });
  });

  test("ends by itself after --seconds, with one JSON document on standard output", async () => {
    const cwd = folderWith({ "c.yaml": pipeConfig });
    const run = startRivulet([...words, "--seconds", "1", "--json"], { cwd, stdin: "pipe" });
    // A pipe keeps them until they are read, and it stays open.
    run.process.stdin?.write(frames(0, 19, { stuffing: slipStuffing }));
    const { code, stdout } = await run.ended;
    expect(code).toBe(0);
    const { samples, synced, bytes, damaged } = JSON.parse(stdout);
    expect({ samples, synced, bytes, damaged }).toEqual({
      ...{ samples: 20, synced: 20, bytes: statSync(join(cwd, "d.rec")).size, damaged: 0 },
    });
  });

  test("loses at most what came after the last sync when it is killed", async () => {
    for (let kill = 0; kill < 4; kill++) {
      const { cwd, device, out } = bench();
      const run = await recordAt(cwd);
      const feeding = setInterval(() => device.samples(20), 10);
      await until(() => run.stdout.includes("on the disk"));
      await pause(1000 + 260 * kill);
      run.process.kill("SIGKILL");
      clearInterval(feeding);
      const { stdout } = await run.ended;
      const told = [...stdout.matchAll(/ (\d+) on the disk/g)].map((match) => Number(match[1]));
      const { sequences, damaged } = readRecording(out);
      expect(damaged).toBe(0);
      expect(sequences.length).toBeGreaterThanOrEqual(told.at(-1) as number);
      expect(sequences).toEqual(Array.from({ length: sequences.length }, (_, i) => i + 1));
      device.unplug();
    }
  });

  test("refuses a file that exists, and leaves it as it is", async () => {
    const { cwd, out } = bench();
    const first = await recordAt(cwd);
    first.process.kill("SIGTERM");
    await first.ended;
    const before = readFileSync(out);
    const { code, stderr } = await rivulet(words, { cwd });
    expect([code, stderr]).toEqual([
      1,
      "rivulet: d.rec exists already, and recordings are never overwritten nor appended to; name another file, or move that one away\n",
    ]);
    expect(readFileSync(out)).toEqual(before);
  });

  test("leaves no file behind where the port cannot be opened", async () => {
    const { cwd, device, out } = bench();
    device.unplug();
    const { code, stderr } = await rivulet(words, { cwd });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^rivulet: .*port.*\n$/);
    expect(existsSync(out)).toBe(false);
  });

  test("ends with 1 when its file is removed", async () => {
    const { cwd, out } = bench();
    const run = await recordAt(cwd);
    rmSync(out);
    const { code, stderr } = await run.ended;
    expect([code, stderr]).toEqual([
      1,
      "rivulet: d.rec was removed while it was being recorded, and its samples are lost; start another recording\n",
    ]);
  });

  test("needs a folder that is there", async () => {
    const { cwd } = bench();
    const { code, stderr } = await rivulet(["record", "c.yaml", "--out", "nowhere/d.rec"], { cwd });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^rivulet: cannot record to nowhere\/d\.rec: the folder does not exist; create it/,
    );
  });
});

/** A mount namespace of its own: what is mounted in it is gone with the last process in it. */
const unshare = process.getuid?.() === 0 ? ["unshare", "--mount"] : ["unshare", "--map-root-user", "--mount"];
const canMount =
  spawnSync(unshare[0], [...unshare.slice(1), "sh", "-c", "mount -t tmpfs none /mnt"]).status === 0;

describe("on a full disk", needing(canMount, mounting), () => {
  test("record ends with 1 and a sentence, and what was written stays readable", async () => {
    const { cwd, device } = bench();
    mkdirSync(join(cwd, "small"));
    device.samples(4000);
    const script = `mount -t tmpfs -o size=16k none small && "$0" "$1" record c.yaml --out small/d.rec; code=$?; cp small/d.rec kept.rec; exit $code`;
    const words = [...unshare.slice(1), "sh", "-c", script, process.execPath, cli];
    const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
      execFile(unshare[0], words, { cwd }, (error, _, stderr) => resolve({ code: error?.code, stderr }));
    });
    expect(stderr).toMatch(
      /^rivulet: cannot record to small\/d\.rec: the disk is full, .*free some space there\n$/,
    );
    expect(code).toBe(1);
    const { damaged, unfinishedBytes } = readRecording(join(cwd, "kept.rec"));
    expect([damaged, unfinishedBytes]).toEqual([0, 0]);
  });
});
