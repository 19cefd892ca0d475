/** Writes all the time while something is broken, then reads back everything that was acknowledged. */
import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { checkpointFolder, checkpointKey } from "../../src/sync/names.ts";
import { sha256Of } from "../../src/sync/signature.ts";
import { clientOf, device, type Way } from "./ways.ts";

const writers = 3;
const bodyBytes = 20_000;
/** Time of undisturbed writing before and after, and between two requests of a writer. */
const beforeMs = 1500;
const afterMs = 3000;
const restMs = 15;

/** Something that is broken for a while. */
export interface Fault {
  name: string;
  forMs: number;
  begin(): Promise<void> | void;
  end(): Promise<void> | void;
}

/** What became of the writing on one way. */
export interface Loaded {
  acknowledged: number;
  /** Requests that failed after all their attempts. */
  failed: number;
  longestMs: number;
  /** Names in the list, of those that were acknowledged. */
  listed: number;
  /** Acknowledged, but absent or of another content; or refused, but there in part. */
  faults: string[];
}

/** Writes on all ways at once while one fault lasts. */
export async function writeThrough(ways: readonly Way[], fault: Fault): Promise<Loaded[]> {
  const state = { isOver: false };
  const loads = ways.map((way) => load(way, state));
  try {
    await pause(beforeMs);
    await fault.begin();
    try {
      await pause(fault.forMs);
    } finally {
      await fault.end();
    }
    await pause(afterMs);
  } finally {
    state.isOver = true;
  }
  return Promise.all(loads);
}

let count = 0;

async function load(way: Way, state: { readonly isOver: boolean }): Promise<Loaded> {
  const store = clientOf(way);
  const acknowledged = new Map<string, string>();
  const failed = new Map<string, string>();
  let longestMs = 0;
  const write = async () => {
    while (!state.isOver) {
      const body = randomBytes(bodyBytes);
      const digest = sha256Of(body);
      const key = checkpointKey(device, ++count, digest);
      const beganAt = performance.now();
      try {
        await store.putOnce(key, body);
        acknowledged.set(key, digest);
      } catch {
        failed.set(key, digest);
      }
      longestMs = Math.max(longestMs, performance.now() - beganAt);
      await pause(restMs);
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
  store.close();
  const faults = await readBack(way, acknowledged, failed);
  return { acknowledged: acknowledged.size, failed: failed.size, longestMs, ...faults };
}

async function readBack(
  way: Way,
  acknowledged: ReadonlyMap<string, string>,
  failed: ReadonlyMap<string, string>,
): Promise<{ listed: number; faults: string[] }> {
  const store = clientOf(way);
  const faults: string[] = [];
  const all = [...acknowledged, ...failed];
  const read = async () => {
    for (let next = all.pop(); next !== undefined; next = all.pop()) {
      const [key, digest] = next;
      const found = await store.get(key, { mostBytes: 1 << 20 });
      if (found === null && acknowledged.has(key))
        faults.push(`${way.name}: ${key} was acknowledged, and is not there`);
      if (found === null || found === "unchanged" || sha256Of(found.body) === digest) continue;
      faults.push(`${way.name}: ${key} has another content than was sent`);
    }
  };
  await Promise.all(Array.from({ length: writers }, read));
  const listed = (await store.list(checkpointFolder(device))).filter((key) => acknowledged.has(key)).length;
  store.close();
  return { listed, faults };
}
