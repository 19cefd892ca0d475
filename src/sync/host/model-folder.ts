/** Publishing into the folder of a host on this machine, whether the host runs or not. */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { diskError } from "../../checkpoint/disk-error.ts";
import { RivuletError } from "../../errors/errors.ts";
import type { ModelStore } from "../client/publish.ts";
import { HostError } from "./host-error.ts";
import { ObjectFolder } from "./object-folder.ts";
import { ownFolder } from "./registry.ts";

/** What a killed publisher left is deleted after this long: another one may be at work now. */
const staleMs = 3_600_000;

/**
 * Opens the folder of a host for `publishModel`. A name is given by link(2), so two publishers never have the same version.
 * @throws RivuletError where it is not a host's folder, or cannot be written
 *
 * @example
 * import assert from "node:assert/strict";
 * import { openModelFolder, openRegistry } from "rivulet/sync";
 *
 * openRegistry("hall", { create: true });
 * const store = openModelFolder("hall");
 * assert.equal(await store.get("models/fans/current.json", { mostBytes: 1000 }), null);
 * store.close();
 */
export function openModelFolder(folder: string): ModelStore & { close(): void } {
  const own = join(folder, ownFolder);
  if (!fs.existsSync(join(own, "master.key"))) {
    throw new RivuletError(
      "host.bad-folder",
      `${folder} is not the folder of a host, expected one with ${ownFolder}/master.key; start it with rivulet host ${folder}, or give the URL of a host or store`,
    );
  }
  const publishing = join(own, "publishing");
  const incoming = join(publishing, randomBytes(8).toString("hex"));
  const objects = new ObjectFolder(folder, { incoming });

  async function write(key: string, body: Uint8Array, once: boolean): Promise<boolean> {
    try {
      removeStale(publishing);
      fs.mkdirSync(incoming, { recursive: true, mode: 0o700 });
      const received = await objects.receive(Readable.from([Buffer.from(body)]), body.length);
      try {
        return await received.commit(key, { once });
      } finally {
        await received.discard();
      }
    } catch (error) {
      if (error instanceof HostError) throw new RivuletError("disk.failed", error.message, { cause: error });
      throw diskError(error, `cannot publish into ${folder}`, folder);
    }
  }

  return {
    async get(key, { mostBytes }) {
      const facts = await objects.facts(key);
      if (facts === null) return null;
      const body = await objects.read(key, mostBytes);
      if (body === null) {
        throw new RivuletError(
          "sync.bad-answer",
          `${key} has ${facts.bytes} bytes, expected at most ${mostBytes}`,
        );
      }
      return { body, etag: facts.etag, modifiedMs: facts.modifiedMs };
    },
    async put(key, body) {
      await write(key, body, false);
    },
    putOnce: (key, body) => write(key, body, true),
    async list(prefix) {
      const keys: string[] = [];
      for await (const key of objects.keys(prefix)) keys.push(key);
      return keys;
    },
    createsOnce: () => true,
    close: () => fs.rmSync(incoming, { recursive: true, force: true }),
  };
}

function removeStale(publishing: string): void {
  if (!fs.existsSync(publishing)) return;
  for (const name of fs.readdirSync(publishing)) {
    const path = join(publishing, name);
    const found = fs.statSync(path, { throwIfNoEntry: false });
    if (found !== undefined && Date.now() - found.mtimeMs > staleMs)
      fs.rmSync(path, { recursive: true, force: true });
  }
}
