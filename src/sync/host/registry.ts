/**
 * Who may use a host. The keys of devices follow from one master key, so the host keeps nothing per device but which
 * keys were revoked. All of it lies in `FOLDER/.host`, in files of mode 600.
 */
import { createHmac, randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { diskError } from "../../checkpoint/disk-error.ts";
import { writeFileDurablySync } from "../../checkpoint/durable-file.ts";
import { RivuletError } from "../../errors/errors.ts";
import { readNamedText, UnsuitableFileError } from "../../machine/regular-file.ts";

/** Folder of the host's own files; no object can have a name in it. */
export const ownFolder = ".host";
/** Id of the key that may do everything. */
export const adminKeyId = "admin";

const mostMasterBytes = 4096;
/** Of some hundred thousand devices. */
const mostRevocationBytes = 64 << 20;

/** Who signed a request. */
export interface KeyHolder {
  secret: string;
  /** Name of the device; null: the administrator. */
  device: string | null;
}

export interface Registry {
  /** The holder of a key; null where it is revoked. */
  holder(keyId: string): KeyHolder | null;
  /** Makes the key of a device valid, and returns its secret: the same until it is revoked. */
  add(device: string): string;
  /** Makes the present key of a device worthless. */
  revoke(device: string): void;
  /** Signs something that only this host can have signed. */
  seal(text: string): string;
}

/** Number of the present key of a device, and whether it is valid. */
type Generations = Record<string, { generation: number; revoked: boolean }>;

/**
 * Opens the registry of a host's folder.
 * @param options.create makes folder and master key where there are none
 * @throws RivuletError where it is not a host's folder, or cannot be read or written
 *
 * @example
 * import assert from "node:assert/strict";
 * import { openRegistry } from "rivulet/sync";
 *
 * const registry = openRegistry("keys", { create: true });
 * const secret = registry.add("pump-7");
 * assert.equal(registry.holder("pump-7")?.secret, secret);
 * registry.revoke("pump-7");
 * assert.equal(registry.holder("pump-7"), null);
 */
export function openRegistry(folder: string, { create = false } = {}): Registry {
  const own = join(folder, ownFolder);
  const masterFile = join(own, "master.key");
  try {
    if (!existsSync(masterFile)) {
      if (!create) {
        throw new RivuletError(
          "host.bad-folder",
          `${folder} is not the folder of a host, expected one with ${ownFolder}/master.key; start it with rivulet host ${folder}, or name the folder with --folder`,
        );
      }
      mkdirSync(own, { recursive: true, mode: 0o700 });
      writeSecret(masterFile, randomBytes(32).toString("base64url"));
    }
    chmodSync(own, 0o700);
    const master = readNamedText(masterFile, mostMasterBytes).trim();
    if (master.length < 43) {
      throw new RivuletError(
        "host.bad-folder",
        `${masterFile} is damaged: found ${master.length} characters, expected 43; put it back from a backup, or delete it and add each device again`,
      );
    }
    return registryOf(own, master);
  } catch (error) {
    if (error instanceof UnsuitableFileError) {
      throw new RivuletError(
        "host.bad-folder",
        `${masterFile} cannot be used: ${error.message}; move it away`,
      );
    }
    throw diskError(error, `cannot use ${folder} as the folder of a host`, folder);
  }
}

function writeSecret(path: string, secret: string): void {
  writeFileDurablySync(path, [Buffer.from(`${secret}\n`)], 0o600);
}

function registryOf(own: string, master: string): Registry {
  const derive = (text: string) => createHmac("sha256", master).update(text).digest("base64url");
  const revocations = join(own, "revocations.json");
  let cached: { generations: Generations; stamp: string } | null = null;

  /** Another process may have added or revoked a device since the last look. */
  function generations(): Generations {
    const stat = statSync(revocations, { bigint: true, throwIfNoEntry: false });
    const stamp = stat === undefined ? "none" : `${stat.ino} ${stat.mtimeNs}`;
    if (cached?.stamp !== stamp) {
      const text = stat === undefined ? "{}" : readNamedText(revocations, mostRevocationBytes);
      cached = { generations: JSON.parse(text) as Generations, stamp };
    }
    return cached.generations;
  }

  const entryOf = (device: string) =>
    Object.hasOwn(generations(), device) ? generations()[device] : { generation: 1, revoked: false };
  const secretOf = (device: string, generation: number) => derive(`device:${device}:${generation}`);

  function store(device: string, entry: Generations[string]): void {
    const all = { ...generations(), [device]: entry };
    writeFileDurablySync(revocations, [Buffer.from(`${JSON.stringify(all, null, 2)}\n`)], 0o600);
  }

  const adminFile = join(own, "admin.key");
  if (!existsSync(adminFile)) writeSecret(adminFile, derive("admin"));

  return {
    holder(keyId) {
      if (keyId === adminKeyId) return { secret: derive("admin"), device: null };
      const { generation, revoked } = entryOf(keyId);
      return revoked ? null : { secret: secretOf(keyId, generation), device: keyId };
    },
    add(device) {
      const { generation, revoked } = entryOf(device);
      if (!revoked) return secretOf(device, generation);
      store(device, { generation: generation + 1, revoked: false });
      return secretOf(device, generation + 1);
    },
    revoke(device) {
      store(device, { ...entryOf(device), revoked: true });
    },
    seal: (text) => derive(`seal:${text}`),
  };
}
