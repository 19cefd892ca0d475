/**
 * Kills `rivulet host` and `rivulet sync` at random bytes of an upload, and cuts the link between them: no half object is
 * ever visible, every checkpoint arrives exactly once with its digest, and nothing is left over after a restart.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeCheckpoint } from "../../../src/checkpoint/format.ts";
import { openStore, type Store } from "../../../src/checkpoint/store.ts";
import { checkpointOf } from "../../../src/continuing/learner-checkpoint.ts";
import { createNetworkLearner } from "../../../src/learner/learner.ts";
import { openRegistry } from "../../../src/sync/host/registry.ts";
import { checkpointFacts } from "../../../src/sync/names.ts";
import { sha256Of } from "../../../src/sync/signature.ts";
import { freePort } from "../../../test/free-port.ts";
import type { Outcome } from "../account.ts";
import { DigestedFiles } from "./digested-files.ts";
import { rarestOf, requireProgress } from "./faults.ts";
import { openProxy, type Running, start, startHost } from "./link.ts";

const device = "pump-7";
const features = 64;
const kinds = ["host", "device", "link"] as const;
type Kind = (typeof kinds)[number];

/** Devices with a host each that run at once: after most faults a device waits before it tries again. */
const mostPairs = 3;

/** A device with a learner that makes checkpoints of some 200 kB. */
function makeDevice(cwd: string, to: string) {
  const fields = Array.from({ length: features }, (_, index) => `x${index}`);
  const source = `source: { file: d.csv, fields: [${fields.join(", ")}, label] }`;
  const target = "target: { column: label, classes: 2 }\ncheckpoint: { directory: checkpoints }";
  const sync = `sync: { to: "${to}", device: ${device}, secretFile: ${device}.key }`;
  writeFileSync(join(cwd, "pump.yaml"), `name: pump\n${source}\n${target}\n${sync}\n`);
  const learner = createNetworkLearner({
    fields: [...fields, "label"],
    target: { column: "label", classes: 2 },
    model: { layers: [{ dense: 256 }, "tanh"] },
  });
  const store: Store = openStore(join(cwd, "checkpoints"), { keep: 30 });
  const digests = new Set<string>();
  const row = new Float64Array(features + 1);
  let bytes = 0;
  return {
    digests,
    get bytes() {
      return bytes;
    },
    /** Learns a little, and saves. */
    save() {
      for (let i = 0; i < 3; i++) {
        for (let field = 0; field < features; field++) row[field] = Math.random();
        row[features] = row[0] > 0.5 ? 1 : 0;
        learner.observe(row, 0);
      }
      const file = Buffer.concat(encodeCheckpoint(checkpointOf(learner, "pump")));
      store.saveSync([file]);
      digests.add(sha256Of(file));
      bytes = file.length;
    },
    close: () => store.close(),
  };
}

/** Objects of the device at the host that are not whole, or none of its checkpoints; and how often each is there. */
function inspectHost(
  folder: string,
  files: DigestedFiles,
  digests: ReadonlySet<string>,
): { faults: string[]; found: Map<string, number> } {
  const faults: string[] = [];
  const found = new Map<string, number>();
  let names: string[] = [];
  try {
    names = readdirSync(folder);
  } catch {} // nothing arrived yet
  for (const name of names) {
    const digest = files.digestOf(join(folder, name));
    found.set(digest, (found.get(digest) ?? 0) + 1);
    if (!digest.startsWith(checkpointFacts(name)?.digest ?? "none"))
      faults.push(`${name} is not what its name says`);
    if (!digests.has(digest)) faults.push(`${name} is no checkpoint that was saved`);
  }
  return { faults, found };
}

/** What became of one device and its host. */
interface Course {
  faults: string[];
  happened: Record<Kind, number>;
  checkpoints: number;
  bytes: number;
}

/** Runs cycles until each kind of fault has happened so often. */
export async function proveSync(cycles: number): Promise<Outcome> {
  const pairs = Math.min(mostPairs, cycles);
  const shares = Array.from({ length: pairs }, (_, pair) => Math.floor((cycles + pair) / pairs));
  const courses = await Promise.all(shares.map(runPair));
  const faults = courses.flatMap((course) => course.faults);
  const sum = (of: (course: Course) => number) => courses.reduce((total, course) => total + of(course), 0);
  const [host, dev, link] = kinds.map((kind) => sum(({ happened }) => happened[kind]));
  return {
    figures: `${sum(({ checkpoints }) => checkpoints)} checkpoints of ${Math.round(courses[0].bytes / 1000)} kB through ${host} kills of the host, ${dev} of the device and ${link} cuts of the link at random bytes: each there exactly once, none in part`,
    faults,
  };
}

async function runPair(cycles: number): Promise<Course> {
  const cwd = mkdtempSync(join(tmpdir(), "rivulet-sync-"));
  const faults: string[] = [];
  const happened: Record<Kind, number> = { host: 0, device: 0, link: 0 };
  const port = await freePort();
  const proxy = await openProxy(port);
  const folder = join(cwd, "fleet/devices", device, "checkpoints");
  mkdirSync(join(cwd, "fleet"));
  const secret = openRegistry(join(cwd, "fleet"), { create: true }).add(device);
  writeFileSync(join(cwd, `${device}.key`), `${secret}\n`, { mode: 0o600 });
  const board = makeDevice(cwd, `http://127.0.0.1:${proxy.port}/fleet`);
  const files = new DigestedFiles();
  let host = await startHost(cwd, port);
  try {
    for (let cycle = 0; rarestOf(happened).times < cycles; cycle++) {
      requireProgress(cycle, cycles, happened);
      const { kind } = rarestOf(happened);
      board.save();
      const run = start(["sync", "pump.yaml"], cwd);
      let back: Promise<Running> | null = null;
      proxy.arm(Math.floor(Math.random() * (board.bytes + 4000)), () => {
        if (kind === "host") {
          host.child.kill("SIGKILL");
          back = host.ended.then(() => startHost(cwd, port));
        } else if (kind === "device") run.child.kill("SIGKILL");
        else proxy.cut();
      });
      const code = await run.ended;
      const hasHappened = proxy.disarm();
      if (back !== null) host = await back;
      if (hasHappened) happened[kind]++;
      else if (code !== 0) faults.push(`cycle ${cycle}: without a fault rivulet sync ended with ${code}`);
      faults.push(...inspectHost(folder, files, board.digests).faults);
    }
    const last = await start(["sync", "pump.yaml"], cwd).ended;
    if (last !== 0) faults.push(`the last, undisturbed run ended with ${last}`);
    // Read once more, all of them.
    const { faults: left, found } = inspectHost(folder, new DigestedFiles(), board.digests);
    faults.push(...left);
    for (const digest of board.digests) {
      const times = found.get(digest) ?? 0;
      if (times !== 1) faults.push(`a checkpoint is at the host ${times} times, expected once`);
    }
    const unfinished = readdirSync(join(cwd, "fleet/.host/incoming"));
    if (unfinished.length > 0) faults.push(`${unfinished.length} unfinished uploads are left over`);
  } finally {
    host.child.kill("SIGTERM");
    await host.ended;
    board.close();
    proxy.close();
    rmSync(cwd, { recursive: true, force: true });
  }
  return { faults, happened, checkpoints: board.digests.size, bytes: board.bytes };
}
