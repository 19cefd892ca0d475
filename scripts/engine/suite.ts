/** What a device needs of the place where its checkpoints are kept, tried one after the other. */
import { createHash, randomBytes } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createConnections, exchange } from "../../src/sync/client/http-exchange.ts";
import type { ObjectStore } from "../../src/sync/client/object-store.ts";
import { createSigningKey } from "../../src/sync/client/signing-key.ts";
import { parseAddress, pathOf } from "../../src/sync/client/store-request.ts";
import { checkpointFacts, checkpointFolder, checkpointKey } from "../../src/sync/names.ts";
import { sha256Of, signedHeaders } from "../../src/sync/signature.ts";
import { clientOf, device, rivulet, type Way } from "./ways.ts";

const rows = (count: number) =>
  Array.from({ length: count }, (_, i) => `${Math.sin(i)},${Math.sin(i) > 0 ? 1 : 0}\n`).join("");
const pump = "source: { file: d.csv, fields: [x, label] }\ntarget: { column: label, classes: 2 }\n";
const checkpoints = "checkpoints/pump";
const mostBytes = 64 << 20;
const group = "pumps";

/** Rows that the two runs of the device learn from. */
const runs = [200, 400];
const samples = 600;

/** A device that has learned, and saved twice. */
export async function makeBoard(folder: string): Promise<void> {
  mkdirSync(folder);
  writeFileSync(join(folder, "pump.yaml"), pump);
  for (const count of runs) {
    writeFileSync(join(folder, "d.csv"), `x,label\n${rows(count)}`);
    const { code, text } = await rivulet(["run", "pump.yaml"], folder);
    if (code !== 0) throw new Error(`rivulet run ended with ${code}: ${text}`);
  }
}

/** A check: says what it saw, throws where that is not what a device needs. */
type Check = (way: Way, place: Place) => Promise<string>;

/** Folders of the device, and of a new card. */
interface Place {
  board: string;
  card: string;
}

/** Copies the device for one way, with its key and its config. */
export function placeFor(way: Way, board: string, folder: string): Place {
  const place = { board: join(folder, "board"), card: join(folder, "card") };
  cpSync(board, place.board, { recursive: true });
  mkdirSync(place.card);
  const { accessKeyId, secretAccessKey } = way.credentials;
  const { trust } = createSigningKey(join(folder, "models.key"));
  const models = `models: { group: ${group}, trust: "${trust}" }`;
  const key = `device: ${device}, secretFile: ${device}.key, keyId: "${accessKeyId}", region: ${way.region}, ${models}`;
  for (const each of [place.board, place.card]) {
    writeFileSync(join(each, "pump.yaml"), `${pump}sync: { to: "${way.to}", ${key} }\n`);
    writeFileSync(join(each, `${device}.key`), `${secretAccessKey}\n`, { mode: 0o600 });
  }
  writeFileSync(join(place.card, "d.csv"), `x,label\n${rows(400)}`);
  return place;
}

function require(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new Error(sentence);
}

const files = (folder: string) =>
  readdirSync(join(folder, checkpoints))
    .filter((name) => name.endsWith(".msgpack"))
    .sort()
    .map((name) => readFileSync(join(folder, checkpoints, name)));

const newKey = (body: Uint8Array) => checkpointKey(device, 1_000_000, sha256Of(body));

const sends: Check = async (way, { board }) => {
  const { code, text } = await rivulet(["sync", "pump.yaml", "--json"], board);
  require(code === 0, `rivulet sync ended with ${code}: ${text}`);
  const sent = /"key": ?"[^"]*"/g;
  const keys = new Set([...text.matchAll(sent)].map(([word]) => word.split('"')[3]));
  const made = files(board);
  require(keys.size === made.length, `sent ${keys.size} of ${made.length} checkpoints: ${text}`);
  const store = clientOf(way);
  for (const key of keys) {
    const found = await store.get(key, { mostBytes });
    const isEqual = found !== null && found !== "unchanged" && made.some((file) => file.equals(found.body));
    require(isEqual, `${key} is not what was sent`);
  }
  store.close();
  return `${keys.size} equal`;
};

const showsDevice: Check = async ({ folder }, { board }) => {
  if (folder === null) return "";
  const { code, text } = await rivulet(["host", "list", "--folder", folder, "--json"], board);
  require(code === 0, `rivulet host list ended with ${code}: ${text}`);
  const { devices } = JSON.parse(text) as { devices: { device: string; newest: { samplesSeen: number } }[] };
  const found = devices.find((each) => each.device === device);
  require(found?.newest.samplesSeen ===
    samples, `rivulet host list shows ${text}, expected ${samples} samples`);
  return `${samples} samples`;
};

const restores: Check = async (_, { board, card }) => {
  const { code, text } = await rivulet(["sync", "pump.yaml", "--restore"], card);
  require(code === 0, `rivulet sync --restore ended with ${code}: ${text}`);
  const [restored] = files(card);
  require(restored.equals(files(board).at(-1) as Buffer), "the restored checkpoint is not the newest one");
  const run = await rivulet(["run", "pump.yaml"], card);
  require(run.code === 0, `rivulet run does not continue: ${run.text}`);
  return "newest, resumed";
};

/** Options that tell a command where to publish: the folder of a host or front, or the store and its key. */
function placeOf({ folder, to, region, credentials: { accessKeyId } }: Way): string[] {
  const key = ["--key", "../models.key", "--group", group, "--json"];
  if (folder !== null) return ["--to", folder, ...key];
  return [
    "--to",
    to,
    "--region",
    region,
    "--store-key",
    accessKeyId,
    "--store-secret",
    `${device}.key`,
    ...key,
  ];
}

/** Two publish at once, the board takes the newer one, and after a rollback the other one. */
const bringsModels: Check = async (way, { board }) => {
  const asked = async (words: string[]) => {
    const { code, text } = await rivulet(words, board);
    require(code === 0, `rivulet ${words.slice(0, 2).join(" ")} ended with ${code}: ${text}`);
    return JSON.parse(text.slice(text.indexOf("{"))) as { version: number; sha256: string; models: Fetched };
  };
  const takes = async (version: number) => {
    const { models } = await asked(["sync", "pump.yaml", "--json"]);
    require(models.version ===
      version, `rivulet sync found ${JSON.stringify(models)}, expected version ${version}`);
    return readFileSync(models.path);
  };
  const names = readdirSync(join(board, checkpoints)).filter((name) => name.endsWith(".msgpack"));
  const publish = (name: string) => asked(["models", "publish", join(checkpoints, name), ...placeOf(way)]);
  const both = await Promise.all(names.slice(-2).map(publish));
  const versions = both.map(({ version }) => version).sort();
  require(versions.join() ===
    "1,2", `two publishers at once made the versions ${versions}, expected 1 and 2`);
  const [older, newer] = both.sort((one, other) => one.version - other.version);
  require(sha256Of(await takes(2)) === newer.sha256, "the board has another model than version 2");
  const back = await asked(["models", "rollback", ...placeOf(way)]);
  require(back.sha256 === older.sha256, "the rollback is not to version 1");
  require(sha256Of(await takes(3)) === older.sha256, "the board has another model than version 3");
  return "2 at once, back, equal";
};

/** What `rivulet sync` says of models. */
interface Fetched {
  version: number | null;
  path: string;
}

const putsOnce: Check = async (way) => {
  const store = clientOf(way);
  const body = randomBytes(20_000);
  const key = newKey(body);
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => store.putOnce(key, body)));
  const found = await store.get(key, { mostBytes });
  store.close();
  require(found !== null && found !== "unchanged" && found.body.equals(body), "the object is another one");
  const written = outcomes.filter(Boolean).length;
  if (!way.honoursConditions) return `refused, then ${written} of 20 equal`;
  require(written === 1, `of 20 at once ${written} were written, expected 1`);
  return "1 of 20 at once";
};

const answersUnchanged: Check = async (way) => {
  const store = clientOf(way);
  const body = randomBytes(20_000);
  const key = newKey(body);
  await store.putOnce(key, body);
  const found = await store.get(key, { mostBytes });
  require(found !== null && found !== "unchanged", "the object is not there");
  const again = await store.get(key, { mostBytes, etag: found.etag });
  store.close();
  require(again === "unchanged", "the object was sent again, expected status 304");
  return "304";
};

const takesLarge: Check = async (way) => {
  const store = clientOf(way);
  const body = randomBytes(4_500_000);
  const key = newKey(body);
  await store.putOnce(key, body);
  const found = await store.get(key, { mostBytes });
  store.close();
  require(found !== null && found !== "unchanged" && found.body.equals(body), "the object is another one");
  return "equal";
};

const lists: Check = async (way, { board }) => {
  const store = clientOf(way);
  const keys = await store.list(checkpointFolder(device));
  store.close();
  for (const file of files(board)) {
    const digest = sha256Of(file).slice(0, 16);
    const isListed = keys.some((key) => checkpointFacts(key)?.digest === digest);
    require(isListed, `a checkpoint that was sent is not among the ${keys.length} of the list`);
  }
  return `${keys.length} names`;
};

const refusesKeys: Check = async (way) => {
  const body = randomBytes(20_000);
  const key = newKey(body);
  for (const accessKeyId of [way.credentials.accessKeyId, "nobody"]) {
    const credentials = { accessKeyId, secretAccessKey: randomBytes(20).toString("hex") };
    const stranger = clientOf({ ...way, credentials }, { retryMs: [] });
    for (const sentence of await refusals(stranger, key, body, "devices/"))
      require(sentence?.includes("refuses the key") ===
        true, `with a wrong key: ${sentence ?? "not refused"}`);
    stranger.close();
  }
  const store = clientOf(way);
  // A key of the engine itself opens the whole bucket.
  if (way.host !== null) {
    const sentences = await refusals(store, key.replace(device, "pump-8"), body, "devices/pump-8/");
    require(!sentences.includes(null), "a device has reached another one's objects");
  }
  const left = await store.get(key, { mostBytes });
  store.close();
  require(left === null, "what a wrong key has sent is there");
  return "refused";
};

/** Why a store refuses to write, to read and to list; null for each that it does not refuse. */
async function refusals(store: ObjectStore, key: string, body: Uint8Array, prefix: string) {
  const requests = [
    () => store.putOnce(key, body),
    () => store.get(key, { mostBytes }),
    () => store.list(prefix),
  ];
  const sentences: (string | null)[] = [];
  for (const request of requests) {
    try {
      await request();
      sentences.push(null);
    } catch (error) {
      if ((error as { code?: string }).code !== "sync.refused") throw error;
      sentences.push((error as Error).message);
    }
  }
  return sentences;
}

const refusesAltered: Check = async (way) => {
  const [body, altered] = [randomBytes(20_000), randomBytes(20_000)];
  const key = newKey(body);
  const { origin, bucketPath, prefix } = parseAddress(way.to);
  const url = new URL(pathOf(bucketPath, prefix + key, {}), origin);
  const md5 = createHash("md5").update(body).digest("base64");
  const asked = { method: "PUT", path: url.pathname, host: url.host, headers: { "content-md5": md5 } };
  const signing = { payload: sha256Of(body), region: way.region, timeMs: Date.now() };
  const headers = signedHeaders(asked, way.credentials, signing);
  const connections = createConnections(null);
  const transport = { connections, progress: () => {} };
  const request = { url, method: "PUT", headers, body: altered, mostBytes: 1 << 16 };
  let answer = await exchange(request, transport);
  if (answer.status === 307) {
    const to = new URL(String(answer.headers.location));
    answer = await exchange({ ...request, url: to, headers: { "content-md5": md5 } }, transport);
  }
  connections.destroy();
  require(answer.status === 400, `an altered body got status ${answer.status}, expected 400`);
  const store = clientOf(way);
  const left = await store.get(key, { mostBytes });
  store.close();
  require(left === null, "an altered body was stored");
  return "400, not stored";
};

const correctsClock: Check = async (way) => {
  const store = clientOf(way, { clock: () => Date.now() - 56 * 365 * 86_400_000, retryMs: [] });
  const body = randomBytes(20_000);
  await store.putOnce(newKey(body), body);
  store.close();
  return "sent";
};

export const checks: readonly [name: string, check: Check][] = [
  ["rivulet sync: what is there", sends],
  ["rivulet host list", showsDevice],
  ["rivulet sync --restore", restores],
  ["rivulet models publish, rollback", bringsModels],
  ["PUT if there is none", putsOnce],
  ["GET if it has changed", answersUnchanged],
  ["4.5 MB there and back", takesLarge],
  ["list", lists],
  ["wrong and foreign keys", refusesKeys],
  ["altered body", refusesAltered],
  ["clock of 1970", correctsClock],
];
