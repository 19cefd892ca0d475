/** What a host leaves in its folder for other commands: its address, and the keys that sign the models of groups. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeFileDurablySync } from "../../checkpoint/durable-file.ts";
import { RivuletError } from "../../errors/errors.ts";
import { readNamedText } from "../../machine/regular-file.ts";
import { ownFolder } from "../../sync/host/registry.ts";
import { isModelTrust } from "../../sync/model-trust.ts";
import type { Behind } from "./behind.ts";

/** Folder of the host where the user names none. */
export const defaultFolder = "./fleet";

/** How a running host is reached, for `host add` in another process, and where its objects are, for `host list`. */
export interface Reached {
  url: string;
  fingerprint: string | null;
  /** Null: in its folder. */
  store?: Behind | null;
}

const reachedFile = (folder: string) => join(folder, ownFolder, "address.json");
const trustFile = (folder: string) => join(folder, ownFolder, "trust.json");

/** Far more than an address or the keys of a thousand groups take. */
const mostBytes = 1 << 18;

/** Null where there is no such file. @throws RivuletError where it is damaged; `advice` ends the sentence */
function readJson(path: string, advice: string): Record<string, unknown> | null {
  if (!existsSync(path)) return null;
  try {
    const found: unknown = JSON.parse(readNamedText(path, mostBytes));
    if (typeof found === "object" && found !== null && !Array.isArray(found))
      return found as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw damaged(path, advice);
}

const damaged = (path: string, advice: string) =>
  new RivuletError(
    "host.bad-folder",
    `${path} is damaged, expected what rivulet host wrote there; ${advice}`,
  );

function writeJson(path: string, value: object): void {
  writeFileDurablySync(path, [Buffer.from(`${JSON.stringify(value)}\n`)]);
}

const startAgain = "delete it, then start the host again, which writes it";

/** Reads how the host is reached. Null: the host was never started. @throws RivuletError where the file is damaged */
export function readReached(folder: string): Reached | null {
  const path = reachedFile(folder);
  const found = readJson(path, startAgain);
  if (found === null) return null;
  const { url, fingerprint = null, store = null } = found;
  const isWhole =
    typeof url === "string" &&
    URL.canParse(url) &&
    (fingerprint === null || typeof fingerprint === "string") &&
    (store === null || isBehind(store));
  if (!isWhole) throw damaged(path, startAgain);
  return found as unknown as Reached;
}

function isBehind(store: unknown): boolean {
  const { to, region, source } = store as Partial<Behind>;
  return (
    [to, region].every((text) => typeof text === "string") && typeof source === "object" && source !== null
  );
}

/** Stores how the host is reached, for `readReached`. */
export const writeReached = (folder: string, reached: Reached): void =>
  writeJson(reachedFile(folder), reached);

/** The public key that has signed the models of a group in this folder; null where none was published from here. */
export function readTrust(folder: string, group: string): string | null {
  const found = readJson(trustFile(folder), publishAgain);
  const trust = found !== null && Object.hasOwn(found, group) ? found[group] : null;
  return typeof trust === "string" && isModelTrust(trust) ? trust : null;
}

const publishAgain = "delete it, then publish a model again, which writes it";

/** Remembers whose models a group has, for the block that `host add` prints. */
export function writeTrust(folder: string, group: string, trust: string): void {
  const found = readJson(trustFile(folder), publishAgain) ?? {};
  if (found[group] !== trust) writeJson(trustFile(folder), { ...found, [group]: trust });
}
