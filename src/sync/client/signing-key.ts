/** The key that signs models: an Ed25519 key in PKCS #8, in a file that only its owner reads. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { existsSync, linkSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { diskError } from "../../checkpoint/disk-error.ts";
import { removeSync, syncFolderSync, writeFileDurablySync } from "../../checkpoint/durable-file.ts";
import { RivuletError } from "../../errors/errors.ts";
import { trustOf } from "../model-trust.ts";
import { readOwnersFile } from "./credentials.ts";

/** Who may say which models the devices of a group take. */
export interface SigningKey {
  privateKey: KeyObject;
  /** The public half, as `sync.models.trust` has it. */
  trust: string;
}

/**
 * Reads the key that signs models.
 * @throws RivuletError where it cannot be read, others may read it, or it is no Ed25519 key in PEM
 *
 * @example
 * import assert from "node:assert/strict";
 * import { readSigningKey } from "rivulet/sync";
 *
 * assert.throws(() => readSigningKey("none.key"), { code: "sync.signing-key" });
 */
export function readSigningKey(path: string): SigningKey {
  if (!existsSync(path)) {
    throw new RivuletError(
      "sync.signing-key",
      `there is no key to sign models in ${path}; make one with rivulet models key ${path}, or name yours with --key`,
    );
  }
  const text = readOwnersFile(path, "sync.signing-key", "rivulet models key makes one");
  try {
    return keyFrom(createPrivateKey(text));
  } catch (error) {
    if (error instanceof RivuletError) throw error;
    throw noKey(path);
  }

  function keyFrom(privateKey: KeyObject): SigningKey {
    if (privateKey.asymmetricKeyType !== "ed25519") throw noKey(path);
    const der = createPublicKey(privateKey).export({ format: "der", type: "spki" });
    return { privateKey, trust: trustOf(der.subarray(-32)) };
  }
}

const noKey = (path: string) =>
  new RivuletError(
    "sync.signing-key",
    `${path} holds no key to sign models, expected an Ed25519 key in PEM without a password; make one with rivulet models key`,
  );

/**
 * Makes a key and writes it into a new file of mode 600.
 * @throws RivuletError where the file exists already, or cannot be written
 *
 * @example
 * import assert from "node:assert/strict";
 * import { createSigningKey, readSigningKey } from "rivulet/sync";
 *
 * const { trust } = createSigningKey("fans.key");
 * assert.equal(readSigningKey("fans.key").trust, trust);
 */
export function createSigningKey(path: string): SigningKey {
  const { privateKey } = generateKeyPairSync("ed25519");
  const pem = privateKey.export({ format: "pem", type: "pkcs8" });
  const temporary = `${path}.${randomBytes(4).toString("hex")}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileDurablySync(temporary, [Buffer.from(pem)], 0o600);
    // A link fails where the name is taken: a key that boards trust is never replaced.
    linkSync(temporary, path);
    syncFolderSync(dirname(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
      throw diskError(error, `cannot write the key ${path}`, dirname(path));
    }
    throw new RivuletError(
      "file.exists",
      `${path} exists already and is not replaced, because boards may trust it; name another file`,
    );
  } finally {
    removeSync(temporary);
  }
  return readSigningKey(path);
}
