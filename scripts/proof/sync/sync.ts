/**
 * Kills `rivulet host` and `rivulet sync` at random bytes of an upload, and cuts the link between them: no half object is
 * ever visible, every checkpoint arrives exactly once with its digest, and nothing is left over after a restart.
 */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeCheckpoint } from "../../../src/checkpoint/format.ts";
import { openStore, type Store } from "../../../src/checkpoint/store.ts";
import { checkpointOf } from "../../../src/continuing/learner-checkpoint.ts";
import { createNetworkLearner } from "../../../src/learner/learner.ts";
import { openRegistry } from "../../../src/sync/host/registry.ts";
import { checkpointFacts } from "../../../src/sync/names.ts";
import type { Outcome } from "../account.ts";
import { freePort } from "../free-port.ts";
import { openProxy, type Running, start, startHost } from "./link.ts";

const device = "pump-7";
const features = 64;
const kinds = ["host", "device", "link"] as const;
type Kind = (typeof kinds)[number];

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
      digests.add(sha256(file));
      bytes = file.length;
    },
    close: () => store.close(),
  };
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Objects of the device at the host that are not whole, or none of its checkpoints; and how often each is there. */
function inspectHost(
  cwd: string,
  digests: ReadonlySet<string>,
): { faults: string[]; found: Map<string, number> } {
  const folder = join(cwd, "fleet/devices", device, "checkpoints");
  const faults: string[] = [];
  const found = new Map<string, number>();
  let names: string[] = [];
  try {
    names = readdirSync(folder);
  } catch {} // nothing arrived yet
  for (const name of names) {
    const digest = sha256(readFileSync(join(folder, name)));
    found.set(digest, (found.get(digest) ?? 0) + 1);
    if (!digest.startsWith(checkpointFacts(name)?.digest ?? "none"))
      faults.push(`${name} is not what its name says`);
    if (!digests.has(digest)) faults.push(`${name} is no checkpoint that was saved`);
  }
  return { faults, found };
}

/** Runs as many cycles of each kind of fault. */
export async function proveSync(cycles: number): Promise<Outcome> {
  const cwd = mkdtempSync(join(tmpdir(), "rivulet-sync-"));
  const faults: string[] = [];
  const happened: Record<Kind, number> = { host: 0, device: 0, link: 0 };
  const port = await freePort();
  const proxy = await openProxy(port);
  mkdirSync(join(cwd, "fleet"));
  const secret = openRegistry(join(cwd, "fleet"), { create: true }).add(device);
  writeFileSync(join(cwd, `${device}.key`), `${secret}\n`, { mode: 0o600 });
  const board = makeDevice(cwd, `http://127.0.0.1:${proxy.port}/fleet`);
  let host = await startHost(cwd, port);
  try {
    for (let cycle = 0; cycle < kinds.length * cycles; cycle++) {
      const kind = kinds[cycle % kinds.length];
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
      faults.push(...inspectHost(cwd, board.digests).faults);
    }
    const last = await start(["sync", "pump.yaml"], cwd).ended;
    if (last !== 0) faults.push(`the last, undisturbed run ended with ${last}`);
    const { found } = inspectHost(cwd, board.digests);
    for (const digest of board.digests) {
      const times = found.get(digest) ?? 0;
      if (times !== 1) faults.push(`a checkpoint is at the host ${times} times, expected once`);
    }
    const left = readdirSync(join(cwd, "fleet/.host/incoming"));
    if (left.length > 0) faults.push(`${left.length} unfinished uploads are left over`);
  } finally {
    host.child.kill("SIGTERM");
    await host.ended;
    board.close();
    proxy.close();
    rmSync(cwd, { recursive: true, force: true });
  }
  for (const kind of kinds)
    if (happened[kind] === 0) faults.push(`no fault of the kind ${kind} came to pass`);
  return {
    figures: `${board.digests.size} checkpoints of ${Math.round(board.bytes / 1000)} kB through ${happened.host} kills of the host, ${happened.device} of the device and ${happened.link} cuts of the link at random bytes: each there exactly once, none in part`,
    faults,
  };
}
