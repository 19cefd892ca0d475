/**
 * Publishes models for the devices of a group: bytes first, then the signed pointer, then the hint, so that a publisher that
 * is killed leaves nothing half visible.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { RivuletError } from "../../errors/errors.ts";
import {
  decodePointer,
  encodeHint,
  encodePointer,
  type ModelPointer,
  mostModelBytes,
  mostPointerBytes,
} from "../model-pointer.ts";
import { hintKey, modelFolder, modelKey, mostVersion, pointerKey, versionIn } from "../names.ts";
import { sha256Of } from "../signature.ts";
import { readHint } from "./model-hint.ts";
import type { ObjectStore } from "./object-store.ts";
import type { SigningKey } from "./signing-key.ts";

/** Where models are published: a host or S3 store by `createObjectStore`, or the folder of a host by `openModelFolder`. */
export type ModelStore = Pick<ObjectStore, "get" | "put" | "putOnce" | "list" | "createsOnce">;

export interface PublishOptions {
  store: ModelStore;
  /** The devices that take it. */
  group: string;
  key: SigningKey;
  /** A network as `modelOf` makes it of a checkpoint. */
  model: { description: object; bytes: Uint8Array };
  /** Look at what is there, and write nothing. Default false. */
  dryRun?: boolean;
}

export interface RollbackOptions {
  store: ModelStore;
  group: string;
  key: SigningKey;
  /** Version whose network is to be used again. Default: the one before the present network. */
  toVersion?: number;
  dryRun?: boolean;
}

/** What was published, or would be. */
export interface Publication {
  pointer: ModelPointer;
  /** False where the group's newest version already has these bytes. */
  isNew: boolean;
  /** Version whose bytes these are again, after a rollback. */
  of?: number;
}

/** Each of several publishers at once takes the next free number; there are never as many as this. */
const mostAttempts = 20;
/** A store without conditions shows within this time whether another publisher has overwritten a pointer. */
const settleMs = 3000;

/**
 * Publishes a network for a group. Two publishers at once leave two whole versions with different numbers; what is
 * published a second time stays one version.
 *
 * @throws RivuletError (rejects) where the store cannot be used, or the group's models are signed by another key
 *
 * @example
 * import assert from "node:assert/strict";
 * import { checkpointOf, createLearner, modelOf } from "rivulet";
 * import { createSigningKey, openModelFolder, openRegistry, publishModel } from "rivulet/sync";
 *
 * const learner = createLearner({ fields: ["x", "label"], target: { column: "label", classes: 2 }, model: {} });
 * for (let i = 0; i < 20; i++) learner.observe(Float64Array.of(i, i % 2), 0);
 * openRegistry("fleet", { create: true });
 * const store = openModelFolder("fleet");
 * const key = createSigningKey("models.key");
 * const model = modelOf(checkpointOf(learner));
 * const { pointer } = await publishModel({ store, group: "pumps", key, model });
 * assert.equal(pointer.version, 1);
 * store.close();
 */
export async function publishModel(options: PublishOptions): Promise<Publication> {
  const { store, group, key, model, dryRun = false } = options;
  const sha256 = sha256Of(model.bytes);
  if (model.bytes.length > mostModelBytes) {
    throw new RivuletError(
      "sync.publish",
      `the model has ${model.bytes.length} bytes, expected at most ${mostModelBytes}; publish a smaller network`,
    );
  }
  const newest = await newestPointer(store, group, key.trust);
  if (newest.pointer?.sha256 === sha256) {
    if (!dryRun) await store.put(hintKey(group), encodeHint(newest.version));
    return { pointer: newest.pointer, isNew: false };
  }
  if (!dryRun) await putModel(store, modelKey(group, sha256), model.bytes, sha256);
  const content = { sha256, bytes: model.bytes.length, description: model.description };
  return { pointer: await createPointer(options, content, newest), isNew: true };
}

/**
 * Publishes the bytes of an older version under a new one, which devices take as any other.
 * @throws RivuletError (rejects) where there is no older version, or its bytes are gone
 *
 * @example
 * import assert from "node:assert/strict";
 * import { checkpointOf, createLearner, modelOf } from "rivulet";
 * import { createSigningKey, openModelFolder, openRegistry, publishModel, rollbackModel } from "rivulet/sync";
 *
 * const learner = createLearner({ fields: ["x", "label"], target: { column: "label", classes: 2 }, model: {} });
 * openRegistry("barn", { create: true });
 * const store = openModelFolder("barn");
 * const key = createSigningKey("barn.key");
 * for (let i = 0; i < 20; i++) {
 *   learner.observe(Float64Array.of(i, i % 2), 0);
 *   if (i % 10 === 9) await publishModel({ store, group: "fans", key, model: modelOf(checkpointOf(learner)) });
 * }
 * const { pointer, of } = await rollbackModel({ store, group: "fans", key });
 * assert.deepEqual([pointer.version, of], [3, 1]);
 * store.close();
 */
export async function rollbackModel(options: RollbackOptions): Promise<Publication> {
  const { store, group, key } = options;
  const newest = await newestPointer(store, group, key.trust);
  if (newest.pointer === null) throw noModel(group);
  const older =
    options.toVersion === undefined
      ? await versionBefore(store, newest.pointer, key.trust)
      : await readPointer(store, group, options.toVersion, key.trust);
  if (older === null) {
    throw new RivuletError(
      "sync.publish",
      options.toVersion === undefined
        ? `no model was published for ${group} before the present one; name a version with --to-version`
        : `the group ${group} has no version ${options.toVersion}; rivulet models list shows those that it has`,
    );
  }
  if (older.sha256 === newest.pointer.sha256)
    return { pointer: newest.pointer, isNew: false, of: older.version };
  const { sha256, bytes, description } = older;
  const found = await store.get(modelKey(group, sha256), { mostBytes: bytes });
  if (found === null || found === "unchanged" || sha256Of(found.body) !== sha256) {
    throw new RivuletError(
      "sync.publish",
      `the network of version ${older.version} is ${found === null ? "gone from the store" : "damaged in the store"}; publish its checkpoint again`,
    );
  }
  const pointer = await createPointer(options, { sha256, bytes, description }, newest);
  return { pointer, isNew: true, of: older.version };
}

/** A version of a group's model; one that is not signed by the key shows as such. */
export interface ListedModel {
  version: number;
  pointer: ModelPointer | null;
  /** Why devices refuse it; null where they do not. */
  fault: string | null;
}

/**
 * The newest versions of a group, the newest first.
 * @param trust public key that must have signed them
 * @param options.most how many
 *
 * @example
 * import assert from "node:assert/strict";
 * import { createSigningKey, listModels, openModelFolder, openRegistry } from "rivulet/sync";
 *
 * openRegistry("greenhouse", { create: true });
 * const store = openModelFolder("greenhouse");
 * const { trust } = createSigningKey("greenhouse.key");
 * assert.deepEqual(await listModels(store, "vents", trust), []);
 * store.close();
 */
export async function listModels(
  store: ModelStore,
  group: string,
  trust: string,
  { most = 100 } = {},
): Promise<ListedModel[]> {
  const versions = await listedVersions(store, group);
  const [listed = 0] = versions;
  const from = listed > 0 ? listed : await hinted(store, group, trust);
  const highest = await highestFrom(store, group, from, trust);
  const first = Math.max(listed, highest - most) + 1;
  for (let version = first; version <= highest; version++) versions.unshift(version);
  const models: ListedModel[] = [];
  for (const version of versions.slice(0, most)) {
    try {
      const pointer = await readPointer(store, group, version, trust);
      if (pointer !== null) models.push({ version, pointer, fault: null });
    } catch (error) {
      if (!(error instanceof RivuletError) || error.code !== "sync.model") throw error;
      models.push({ version, pointer: null, fault: error.message });
    }
  }
  return models;
}

const noModel = (group: string) =>
  new RivuletError(
    "sync.publish",
    `no model was published for the group ${group}; see rivulet models publish`,
  );

interface Newest {
  /** 0: nothing was published. */
  version: number;
  pointer: ModelPointer | null;
}

/**
 * The newest version of a group: the highest that a list or the hint shows, and what follows it, as both may be out of
 * date.
 * @throws RivuletError where it is not signed by this key, so that boards would refuse what follows
 */
async function newestPointer(store: ModelStore, group: string, trust: string): Promise<Newest> {
  const [listed = 0] = await listedVersions(store, group);
  const version = await highestFrom(store, group, Math.max(listed, await hinted(store, group, trust)), trust);
  if (version === 0) return { version, pointer: null };
  return { version, pointer: await ownPointer(store, group, version, trust) };
}

async function ownPointer(
  store: ModelStore,
  group: string,
  version: number,
  trust: string,
): Promise<ModelPointer | null> {
  try {
    return await readPointer(store, group, version, trust);
  } catch (error) {
    if (!(error instanceof RivuletError) || error.code !== "sync.model") throw error;
    throw new RivuletError(
      "sync.publish",
      `${error.message}; boards accept only models signed with one key; sign with the key of that model, delete that model, or publish for another group`,
      { cause: error },
    );
  }
}

async function listedVersions(store: ModelStore, group: string): Promise<number[]> {
  const keys = await store.list(modelFolder(group));
  return keys.flatMap((key) => versionIn(key) ?? []).sort((one, other) => other - one);
}

/** The version that the hint names, where the key has signed it. */
async function hinted(store: ModelStore, group: string, trust: string): Promise<number> {
  const { version } = await readHint(store, group);
  return version !== null && (await lookAt(store, group, version, trust)) === "signed" ? version : 0;
}

/**
 * The highest version from this one on without a gap. The first that the key has not signed is the last, because a store
 * that answers every request would never end.
 */
async function highestFrom(store: ModelStore, group: string, from: number, trust: string): Promise<number> {
  for (let version = from + 1; version <= mostVersion; version++) {
    const found = await lookAt(store, group, version, trust);
    if (found !== "signed") return found === "missing" ? version - 1 : version;
  }
  return mostVersion;
}

async function lookAt(
  store: ModelStore,
  group: string,
  version: number,
  trust: string,
): Promise<"missing" | "signed" | "unsigned"> {
  try {
    return (await readPointer(store, group, version, trust)) === null ? "missing" : "signed";
  } catch (error) {
    if (!(error instanceof RivuletError) || error.code !== "sync.model") throw error;
    return "unsigned";
  }
}

/** @throws RivuletError where it is not one that this key has signed */
async function readPointer(
  store: ModelStore,
  group: string,
  version: number,
  trust: string,
): Promise<ModelPointer | null> {
  const key = pointerKey(group, version);
  const found = await store.get(key, { mostBytes: mostPointerBytes });
  return found === null || found === "unchanged"
    ? null
    : decodePointer(found.body, { group, version, trust }, key);
}

/** The newest version before the first one of the present network, with another network. */
async function versionBefore(
  store: ModelStore,
  { group, version, sha256 }: ModelPointer,
  trust: string,
): Promise<ModelPointer | null> {
  let first = version;
  const others: ModelPointer[] = [];
  for (let each = version - 1; each >= 1; each--) {
    const pointer = await readPointer(store, group, each, trust);
    // A rule of the bucket may have deleted what is older.
    if (pointer === null) break;
    if (pointer.sha256 === sha256) first = each;
    else others.push(pointer);
  }
  return others.find((pointer) => pointer.version < first) ?? null;
}

/** Writes the bytes under the name of their digest; what is there already must be the same. */
async function putModel(store: ModelStore, key: string, bytes: Uint8Array, sha256: string): Promise<void> {
  if (await store.putOnce(key, bytes)) return;
  const found = await store.get(key, { mostBytes: mostModelBytes });
  if (found !== null && found !== "unchanged" && sha256Of(found.body) === sha256) return;
  throw new RivuletError(
    "sync.publish",
    `${key} exists already, with content that does not match its name; delete it, then publish again`,
  );
}

/** Creates the pointer of the next free version, then the hint. */
async function createPointer(
  { store, group, key, dryRun = false }: Omit<PublishOptions, "model">,
  content: Pick<ModelPointer, "sha256" | "bytes" | "description">,
  newest: Newest,
): Promise<ModelPointer> {
  let { version, pointer: before } = newest;
  for (let attempt = 0; attempt < mostAttempts && version < mostVersion; attempt++) {
    version++;
    const pointer: ModelPointer = {
      ...{ format: "rivulet-model", group, version, ...content },
      ...{
        base: before?.sha256 ?? null,
        createdAt: new Date().toISOString(),
        id: randomBytes(8).toString("hex"),
      },
    };
    if (dryRun) return pointer;
    const bytes = encodePointer(pointer, key.privateKey);
    if (bytes.length > mostPointerBytes) {
      throw new RivuletError(
        "sync.publish",
        `the description of the model makes a pointer of ${bytes.length} bytes, expected at most ${mostPointerBytes}; shorten the names of columns and classes`,
      );
    }
    await store.putOnce(pointerKey(group, version), bytes);
    if (!store.createsOnce()) await pause(settleMs);
    // Whether it is there now, and not that of another publisher, shows what is there, whatever the answer was.
    const stored = await store.get(pointerKey(group, version), { mostBytes: mostPointerBytes });
    if (stored !== null && stored !== "unchanged" && stored.body.equals(bytes)) {
      await store.put(hintKey(group), encodeHint(version));
      return pointer;
    }
    before = await ownPointer(store, group, version, key.trust);
  }
  throw new RivuletError(
    "sync.publish",
    `found no free version after ${version} for the group ${group}; another program publishes for it at this moment; try again`,
  );
}
