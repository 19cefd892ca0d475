/** `rivulet run` at sources other than a serial port: pipes, files and sockets. */
import { createSocket } from "node:dgram";
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import { decodeCheckpoint } from "../../src/checkpoint/format.ts";
import { daemonFlags } from "../../src/device/unit.ts";
import { saddle } from "../commands/data.ts";
import { cli, folderWith, rivulet, start, startRivulet } from "../rivulet.ts";
import { until } from "../until.ts";
import { createStream } from "./device.ts";

const configFor = (source: string, more = "") => `name: bench
source: { ${source}, fields: [a, b, label] ${more} }
target: { column: label, classes: 3 }
checkpoint: { directory: saved }
`;

/** 3000 rows below a header that names a, b and label. */
const csv = saddle(3000).replace(/^.*\n/, "a,b,label\n");

function newestIn(cwd: string) {
  const [name] = readdirSync(join(cwd, "saved"))
    .filter((entry) => entry.endsWith(".msgpack"))
    .sort()
    .reverse();
  const path = join(cwd, "saved", name);
  const { createdAt, history, daemonState, status, ...rest } = decodeCheckpoint(readFileSync(path), path);
  return rest;
}

const words = ["run", "c.yaml", "--status-every", "20ms", "--json"];

test.concurrent("UDP datagrams are learned from, each a sample", async () => {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  const cwd = folderWith({
    "c.yaml": configFor(`udp: { host: 127.0.0.1, port: ${port} }, framing: lines`),
  });
  const run = startRivulet(words, { cwd });
  await run.event("source-open");
  const sender = createSocket("udp4");
  for (const line of csv.split("\n").slice(1, 21)) {
    await new Promise((resolve) => sender.send(line, port, "127.0.0.1", resolve));
  }
  sender.close();
  await run.event("status", (line) => line.samples === 20);
  run.process.kill("SIGTERM");
  const { code, stderr } = await run.ended;
  expect([code, stderr]).toEqual([0, ""]);
  expect(newestIn(cwd)).toMatchObject({ samplesSeen: 20 });
});

describe.concurrent("standard input", () => {
  test("is learned from, saved and continued where no text may become code, as in the service", async () => {
    const cwd = folderWith({ "c.yaml": configFor("stdin: true, framing: lines") });
    const learnedUnder = async () => {
      const run = start([...daemonFlags, cli, "run", "c.yaml", "--json"], { cwd, stdin: "pipe" });
      run.process.stdin?.end(csv);
      const { code, stderr } = await run.ended;
      expect([code, stderr]).toEqual([0, ""]);
      return newestIn(cwd).samplesSeen;
    };
    expect(await learnedUnder()).toBe(3000);
    expect(await learnedUnder()).toBe(6000);
  });

  test("is learned from as it comes, and at its end the daemon saves and ends with 0", async () => {
    const cwd = folderWith({ "c.yaml": configFor("stdin: true, framing: lines") });
    const run = startRivulet(words, { cwd, stdin: "pipe" });
    const lines = csv.split(/(?<=\n)/);
    run.process.stdin?.write(lines.slice(0, 101).join(""));
    await run.event("status", (line) => line.samples === 100 && line.source === "open");
    run.process.stdin?.write(lines.slice(101).join(""));
    // A whole line without an end is a sample; half of one would be counted.
    run.process.stdin?.end("0.5,0.5,1");
    const { code, stderr } = await run.ended;
    expect([code, stderr]).toEqual([0, ""]);
    expect(newestIn(cwd)).toMatchObject({ samplesSeen: 3001 });
    expect(run.events("source-ended")).toHaveLength(1);
  });

  test("may stay open when the daemon is stopped", async () => {
    const cwd = folderWith({ "c.yaml": configFor("stdin: true, framing: lines") });
    const run = startRivulet(words, { cwd, stdin: "pipe" });
    run.process.stdin?.write(csv);
    await run.event("status", (line) => line.samples === 3000);
    run.process.kill("SIGTERM");
    expect((await run.ended).code).toBe(0);
    expect(newestIn(cwd)).toMatchObject({ samplesSeen: 3000 });
  });

  test("that cannot be read ends it with 1 and says why", async () => {
    const cwd = folderWith({ "c.yaml": configFor("stdin: true, framing: lines") });
    const stdin = openSync(cwd, "r");
    onTestFinished(() => closeSync(stdin));
    const { code, stderr } = await rivulet(["run", "c.yaml"], { cwd, stdin });
    expect([code, stderr]).toEqual([
      1,
      "rivulet: standard input cannot be read: it is a folder; name a file in it\n",
    ]);
  });

  test("holds its writer back and loses nothing, however small the queue", async () => {
    const cwd = folderWith({
      "c.yaml": configFor("stdin: true, framing: lines", ", queue: { samples: 4 }"),
    });
    const run = startRivulet(words, { cwd, stdin: "pipe" });
    run.process.stdin?.end(csv);
    expect((await run.ended).code).toBe(0);
    expect(newestIn(cwd)).toMatchObject({ samplesSeen: 3000 });
  });
});

describe.concurrent("a file", () => {
  test("gives what replay gives, plain, gzipped, or as a recording, and ends the daemon", async () => {
    const cwd = folderWith({ "c.yaml": configFor("file: d.csv"), "d.csv": csv.trimEnd() });
    writeFileSync(join(cwd, "d.csv.gz"), gzipSync(csv));
    expect((await rivulet(["record", "c.yaml", "--out", "d.rec"], { cwd })).code).toBe(0);
    const save = ["replay", "c.yaml", "--data", "d.csv", "--save", "replayed.msgpack"];
    expect((await rivulet(save, { cwd })).code).toBe(0);
    const path = join(cwd, "replayed.msgpack");
    const { createdAt, history, daemonState, status, ...replayed } = decodeCheckpoint(
      readFileSync(path),
      path,
    );
    for (const name of ["d.csv", "d.csv.gz", "d.rec"]) {
      const config = configFor(`file: ${name}`).replace("saved", `${name}.saved/saved`);
      writeFileSync(join(cwd, `${name}.yaml`), config);
      const { code, stderr } = await rivulet(["run", `${name}.yaml`], { cwd });
      expect([code, stderr]).toEqual([0, ""]);
      expect(newestIn(join(cwd, `${name}.saved`))).toEqual(replayed);
    }
  });

  test.each([
    ["nowhere.csv", /nowhere\.csv cannot be read: there is no such file\n$/],
    ["other.csv", /other\.csv has no column "b"; known are a, c, label\n$/],
    ["empty.csv", /empty\.csv is empty, expected a header line/],
  ])("that is %s is refused, and nothing is left behind", async (name, sentence) => {
    const files = {
      "c.yaml": configFor(`file: ${name}`),
      "other.csv": "a,c,label\n1,2,0\n",
      "empty.csv": "",
    };
    const cwd = folderWith(files);
    const { code, stderr } = await rivulet(["run", "c.yaml"], { cwd });
    expect(stderr).toMatch(sentence);
    expect(code).toBe(1);
    expect(readdirSync(cwd).sort()).toEqual(Object.keys(files).sort());
  });

  test("says how its numbers are read where they may be others", async () => {
    const rows = Array.from({ length: 20 }, (_, index) => `1,200\t21.${index + 10}\t${index % 2}\n`);
    const cwd = folderWith({ "c.yaml": configFor("file: d.csv"), "d.csv": `a\tb\tlabel\n${rows.join("")}` });
    const { code, stdout } = await rivulet(["run", "c.yaml"], { cwd });
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /reading \S*d\.csv; 1,200 is read as 1200, but would be 1\.200 with decimal: comma/,
    );
  });

  test("may have quotes and text as replay takes them, and a wrong row is left out", async () => {
    const good = csv
      .trimEnd()
      .split("\n")
      .map((line, index) => (index === 0 ? `note,${line}` : `"a, b","${line.split(",").join('","')}"`));
    const cwd = folderWith({
      "c.yaml": configFor("file: d.csv"),
      "d.csv": [...good, "x,1,oops,0"].join("\n"),
    });
    const { code, stderr } = await rivulet(["run", "c.yaml"], { cwd });
    expect([code, stderr]).toEqual([0, ""]);
    expect(newestIn(cwd).samplesSeen).toBe(3000);
  });

  test("that is damaged in the middle ends it with 1, and what was learned before is saved", async () => {
    const cwd = folderWith({ "c.yaml": configFor("file: d.csv.gz") });
    const packed = gzipSync(saddle(100_000).replace(/^.*\n/, "a,b,label\n"));
    writeFileSync(join(cwd, "d.csv.gz"), packed.subarray(0, packed.length >> 1));
    const { code, stderr } = await rivulet(["run", "c.yaml"], { cwd });
    expect(stderr).toMatch(/d\.csv\.gz is a damaged gzip file \(.*\); copy or compress it again\n$/);
    expect(code).toBe(1);
    expect(newestIn(cwd).samplesSeen).toBeGreaterThan(10_000);
  });
});

describe.concurrent("a TCP peer", () => {
  test("may go and come back while the daemon learns on", async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => void sockets.push(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    onTestFinished(() => void server.close());
    const cwd = folderWith({
      "c.yaml": configFor(`tcp: { host: 127.0.0.1, port: ${port} }, framing: lines`),
    });
    const run = startRivulet(words, { cwd });
    await until(() => sockets.length === 1);
    const lines = csv.split(/(?<=\n)/);
    sockets[0].write(lines.slice(0, 501).join(""));
    await run.event("status", (line) => line.samples === 500);
    sockets[0].destroy();
    const lost = await run.event("source-waiting");
    expect(lost.problem).toBe(true);
    await until(() => sockets.length === 2);
    // The first line may be the rest of one, unless it is a header.
    sockets[1].write([lines[0], ...lines.slice(501, 801)].join(""));
    const status = await run.event("status", (line) => line.samples === 800);
    expect(status).toMatchObject({ source: "open", damaged: 0 });
    run.process.kill("SIGTERM");
    expect((await run.ended).code).toBe(0);
    expect(newestIn(cwd)).toMatchObject({ samplesSeen: 800 });
  });
});

describe.concurrent("several devices", () => {
  test("are merged by time, and what another has not completed is left out", async () => {
    const cwd = folderWith();
    const [vibration, label] = [createStream("lines").open(), createStream("lines").open()];
    vibration.plugIn(join(cwd, "vibration"));
    label.plugIn(join(cwd, "label"));
    writeFileSync(
      join(cwd, "c.yaml"),
      `name: bench
source:
  merge:
    - { serial: { path: vibration }, framing: lines, fields: [a, b] }
    - { serial: { path: label }, framing: lines, fields: [label] }
  maxAge: 24d
target: { column: label, classes: 3 }
checkpoint: { directory: saved }
`,
    );
    const run = startRivulet(words, { cwd });
    await until(() => run.events("port-open").length === 2);
    // What a port is joined in the middle of is left out.
    vibration.text("7\n1,2\n3,4\n");
    const incomplete = await run.event("incomplete");
    expect(incomplete.text).toMatch(/^no sample of .*label for \d+ s: those of .*vibration are left out$/);
    await run.event("status", (line) => line.unmatched === 2);
    label.text("7\n1\n");
    // Nothing tells that a label has arrived but a sample that it completes.
    await until(() => {
      vibration.text("5,6\n");
      return run.events("complete").length > 0;
    });
    label.unplug();
    const waiting = await run.event("port-waiting");
    expect(waiting.text).toContain("label");
    const status = await run.event("status", (line) => line.source === "waiting");
    expect(status).toMatchObject({ damaged: 0, rejected: 0 });
    run.process.kill("SIGTERM");
    expect((await run.ended).code).toBe(0);
    expect(newestIn(cwd).samplesSeen).toBeGreaterThan(0);
  });
});
