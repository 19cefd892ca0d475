/**
 * Kills `rivulet models publish` and `rivulet sync` at random bytes, and cuts their link to the host: every version that is
 * visible is whole and signed, a board's inbox has a whole model or none, and versions never go back.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeCheckpoint } from "../../../src/checkpoint/format.ts";
import { openStore } from "../../../src/checkpoint/store.ts";
import { checkpointOf } from "../../../src/continuing/learner-checkpoint.ts";
import { createNetworkLearner } from "../../../src/learner/learner.ts";
import { createSigningKey } from "../../../src/sync/client/signing-key.ts";
import { adminKeyId, openRegistry } from "../../../src/sync/host/registry.ts";
import { inboxOf, waitingModels } from "../../../src/sync/inbox.ts";
import { decodePointer } from "../../../src/sync/model-pointer.ts";
import { modelDigestIn, modelFolder, modelKey, versionIn } from "../../../src/sync/names.ts";
import { sha256Of } from "../../../src/sync/signature.ts";
import { freePort } from "../../../test/free-port.ts";
import type { Outcome } from "../account.ts";
import { DigestedFiles } from "./digested-files.ts";
import { rarestOf, requireProgress } from "./faults.ts";
import { openProxy, start, startHost } from "./link.ts";

const device = "pump-7";
const group = "pumps";
type Kind = "publisher" | "publisher's link" | "device" | "device's link";

/** Requests and pointers beside the network itself. */
const beside = 6000;

const layers = [{ dense: 256 }, "tanh", { dense: 2 }];
const names = ["x", "y", "z", "label"];

/** A learner whose network has some 30 kB, and saves what is to be published. */
function makeTeacher(directory: string) {
  const learner = createNetworkLearner({
    fields: names,
    target: { column: "label", classes: 2 },
    model: { layers },
  });
  const store = openStore(directory, { keep: 3 });
  return {
    save(): number {
      for (let i = 0; i < 3; i++)
        learner.observe(Float64Array.of(Math.random(), Math.random(), Math.random(), i % 2), 0);
      return statSync(store.saveSync(encodeCheckpoint(checkpointOf(learner, "pump"))).path).size;
    },
    close: () => store.close(),
  };
}

/** What is wrong with what the host shows, and the newest version that it has. */
function inspectHost(
  folder: string,
  trust: string,
  files: DigestedFiles,
): { faults: string[]; newest: number } {
  const faults: string[] = [];
  let newest = 0;
  for (const name of readIfThere(join(folder, modelFolder(group)))) {
    const key = modelFolder(group) + name;
    const digest = modelDigestIn(key);
    const version = versionIn(key);
    if (digest !== null && files.digestOf(join(folder, key)) !== digest)
      faults.push(`${key} is not what its name says`);
    if (version === null) continue;
    newest = Math.max(newest, version);
    try {
      const { sha256 } = decodePointer(readFileSync(join(folder, key)), { group, version, trust }, key);
      statSync(join(folder, modelKey(group, sha256)));
    } catch (error) {
      faults.push(`${key} points to nothing whole: ${(error as Error).message}`);
    }
  }
  return { faults, newest };
}

/** What is wrong with what waits for a board's daemon, and the newest version there. */
function inspectInbox(directory: string, trust: string): { faults: string[]; version: number } {
  const waiting = waitingModels(directory, { group, trust });
  const wrong = waiting.filter(({ path, digest }) => !sha256Of(readFileSync(path)).startsWith(digest));
  return {
    faults: wrong.map(({ path }) => `${path} is not what its name says`),
    version: waiting.at(-1)?.version ?? 0,
  };
}

/** Looks at host and board after each cycle, and adds what is wrong to `faults`. */
class Inspector {
  /** The newest version that the board has received. */
  received = 0;
  readonly #fleet: string;
  readonly #checkpoints: string;
  readonly #trust: string;
  readonly #faults: string[];
  readonly #files = new DigestedFiles();

  constructor(cwd: string, trust: string, faults: string[]) {
    this.#fleet = join(cwd, "fleet");
    this.#checkpoints = join(cwd, "checkpoints");
    this.#trust = trust;
    this.#faults = faults;
  }

  /** Returns the newest version that the host shows. */
  inspect(cycle: number): number {
    const shown = inspectHost(this.#fleet, this.#trust, this.#files);
    const waiting = inspectInbox(this.#checkpoints, this.#trust);
    const wrong = [...shown.faults, ...waiting.faults];
    if (waiting.version < this.received)
      wrong.push(`the inbox went back from version ${this.received} to ${waiting.version}`);
    this.#faults.push(...wrong.map((fault) => `cycle ${cycle}: ${fault}`));
    this.received = waiting.version;
    return shown.newest;
  }

  /** After a last cycle without a fault the board has the newest version, and nothing else waits there. */
  inspectEnd(cycle: number): void {
    const newest = this.inspect(cycle);
    if (this.received !== newest)
      this.#faults.push(`the board has version ${this.received}, expected ${newest}`);
    const left = readIfThere(inboxOf(this.#checkpoints)).length;
    if (left !== 1) this.#faults.push(`${left} files are in the inbox, expected 1`);
  }
}

function readIfThere(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** A folder with a host's keys, a board of the group, and the key that signs. */
function prepare(port: number) {
  const cwd = mkdtempSync(join(tmpdir(), "rivulet-models-"));
  mkdirSync(join(cwd, "fleet"));
  const registry = openRegistry(join(cwd, "fleet"), { create: true });
  const secrets = [
    [device, registry.add(device)],
    [adminKeyId, registry.holder(adminKeyId)?.secret ?? ""],
  ];
  for (const [name, secret] of secrets)
    writeFileSync(join(cwd, `${name}.key`), `${secret}\n`, { mode: 0o600 });
  const { trust } = createSigningKey(join(cwd, "models.key"));
  const to = `http://127.0.0.1:${port}/fleet`;
  writeFileSync(
    join(cwd, "pump.yaml"),
    `name: pump
source: { stdin: true, framing: lines, fields: [${names.join(", ")}] }
target: { column: label, classes: 2 }
model: { layers: ${JSON.stringify(layers)} }
checkpoint: { directory: checkpoints }
sync: { to: "${to}", device: ${device}, secretFile: ${device}.key, models: { group: ${group}, trust: "${trust}" } }
`,
  );
  const place = ["--to", to, "--store-key", adminKeyId, "--store-secret", `${adminKeyId}.key`];
  const publish = ["models", "publish", "learned", "--group", group, "--key", "models.key", ...place];
  return { cwd, trust, publish };
}

/** Runs cycles until each kind of fault has happened so often. */
export async function proveModels(cycles: number): Promise<Outcome> {
  const faults: string[] = [];
  const happened: Record<Kind, number> = {
    publisher: 0,
    "publisher's link": 0,
    device: 0,
    "device's link": 0,
  };
  const port = await freePort();
  const proxy = await openProxy(port);
  const { cwd, trust, publish } = prepare(proxy.port);
  const teacher = makeTeacher(join(cwd, "learned"));
  const host = await startHost(cwd, port);
  const inspector = new Inspector(cwd, trust, faults);
  let bytes = 0;
  const run = async (words: string[]) => {
    const code = await start(words, cwd).ended;
    if (code !== 0) faults.push(`without a fault rivulet ${words[0]} ended with ${code}`);
  };
  try {
    let cycle = 0;
    for (; rarestOf(happened).times < cycles; cycle++) {
      requireProgress(cycle, cycles, happened);
      const { kind } = rarestOf(happened);
      const isPublisher = kind.startsWith("publisher");
      bytes = teacher.save();
      if (!isPublisher) await run(publish);
      const running = start(isPublisher ? publish : ["sync", "pump.yaml"], cwd);
      const act = kind.endsWith("link") ? proxy.cut : () => running.child.kill("SIGKILL");
      proxy.arm(Math.floor(Math.random() * (bytes + beside)), act, isPublisher ? "up" : "down");
      await running.ended;
      if (proxy.disarm()) happened[kind]++;
      inspector.inspect(cycle);
    }
    teacher.save();
    await run(publish);
    await run(["sync", "pump.yaml"]);
    inspector.inspectEnd(cycle);
  } finally {
    host.child.kill("SIGTERM");
    await host.ended;
    teacher.close();
    proxy.close();
    rmSync(cwd, { recursive: true, force: true });
  }
  return {
    figures: `${inspector.received} versions of a model of ${Math.round(bytes / 1000)} kB through ${happened.publisher} kills of the publisher, ${happened.device} of the device, and ${happened["publisher's link"]} and ${happened["device's link"]} cuts of their links at random bytes: each signed and whole, none in part in the inbox`,
    faults,
  };
}
