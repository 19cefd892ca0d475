/** The object that names the newest version of a group, of which nothing is believed. */
import { RivuletError } from "../../errors/errors.ts";
import { versionOfHint } from "../model-pointer.ts";
import { hintKey } from "../names.ts";
import type { ObjectStore } from "./object-store.ts";

/** A hint is one number. */
const mostBytes = 4096;

/** What a hint says: its version, null where there is no valid or no new hint; and the tag by which it is recognized. */
export interface Hint {
  version: number | null;
  etag: string | null;
}

/**
 * Reads the hint of a group.
 * @param etag of the hint that is known; null: of none
 * @throws RivuletError (rejects) where the store cannot be reached or refuses the key
 */
export async function readHint(
  store: Pick<ObjectStore, "get">,
  group: string,
  etag: string | null = null,
): Promise<Hint> {
  try {
    // AWS answers a key that may not list with 403 where there is no such object.
    const hint = await store.get(hintKey(group), { mostBytes, etag, isForbiddenMissing: true });
    if (hint === "unchanged") return { version: null, etag };
    return hint === null
      ? { version: null, etag: null }
      : { version: versionOfHint(hint.body), etag: hint.etag };
  } catch (error) {
    if (!(error instanceof RivuletError) || error.code !== "sync.bad-answer") throw error;
    return { version: null, etag: null };
  }
}
