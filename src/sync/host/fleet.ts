/** What a host knows of its devices: what they tell in `status.json`, and when it came. */
import { type DeviceStatus, decodeStatus, mostStatusBytes } from "../device-status.ts";
import { checkpointFacts, checkpointFolder, isBareName, newestFirst, statusKey } from "../names.ts";
import type { ObjectFolder } from "./object-folder.ts";

export interface DeviceRow {
  device: string;
  /** Time at which the status arrived, by the host's clock. */
  lastSeenMs: number;
  /** Nothing arrived for three of the device's intervals. */
  isSilent: boolean;
  status: DeviceStatus;
}

/** Documents that are read at a time: their waits for a slow disk overlap, and few wait in memory. */
const readsAtOnce = 16;

/** A device is silent after this many of its intervals. */
const silentIntervals = 3;

/** Whoever knows the devices: a host of its folder, a front of its store. */
export interface Devices {
  /** All devices that ever sent a status, by name. */
  rows(nowMs: number): Promise<DeviceRow[]>;
}

/** Whether a device has said nothing for several of its intervals. */
export const isSilentAt = (nowMs: number, lastSeenMs: number, status: DeviceStatus): boolean =>
  nowMs - lastSeenMs > silentIntervals * status.every;

/** What a device said last, and when it came. */
interface Heard {
  status: DeviceStatus;
  lastSeenMs: number;
}

export class Fleet implements Devices {
  readonly #objects: ObjectFolder;
  /** Documents that were read, by device: of 20,000 only those that changed are read again. */
  readonly #known = new Map<string, { etag: string; status: DeviceStatus | null }>();

  constructor(objects: ObjectFolder) {
    this.#objects = objects;
  }

  /**
   * The status of one device; null where it sent none.
   * @param options.isKept whether the document stays in memory until it changes
   */
  async status(device: string, { isKept = true } = {}): Promise<Heard | null> {
    const key = statusKey(device);
    const facts = await this.#objects.facts(key);
    if (facts === null) return null;
    let known = this.#known.get(device);
    if (known?.etag !== facts.etag) {
      const bytes = await this.#objects.read(key, 4 * mostStatusBytes, facts);
      known = { etag: facts.etag, status: bytes === null ? null : decodeStatus(bytes) };
      if (isKept) this.#known.set(device, known);
    }
    return known.status === null ? null : { status: known.status, lastSeenMs: facts.modifiedMs };
  }

  async rows(nowMs: number): Promise<DeviceRow[]> {
    const rows: DeviceRow[] = [];
    for await (const row of this.each(nowMs, { areKept: true })) rows.push(row);
    return rows;
  }

  /** Yields each device once, by name, and keeps nothing of it in memory unless asked to. */
  async *each(nowMs: number, { areKept: isKept = false } = {}): AsyncGenerator<DeviceRow> {
    const folders = (await this.#objects.names("devices/")).filter((name) => name.endsWith("/"));
    const devices = folders.map((name) => name.slice(0, -1)).filter(isBareName);
    for (let begin = 0; begin < devices.length; begin += readsAtOnce) {
      const some = devices.slice(begin, begin + readsAtOnce);
      const found = await Promise.all(some.map((device) => this.status(device, { isKept })));
      for (const [index, heard] of found.entries()) {
        if (heard === null) continue;
        const isSilent = isSilentAt(nowMs, heard.lastSeenMs, heard.status);
        yield { device: some[index], ...heard, isSilent };
      }
    }
  }

  /** Deletes what is older than the newest `keep` checkpoints of a device. */
  async prune(device: string, newestKey: string | null, keep: number): Promise<void> {
    const keys = await this.checkpointKeys(device);
    for (const key of newestFirst(keys, newestKey).slice(keep)) await this.#objects.remove(key);
  }

  /** Deletes what arrived before the last `keep` checkpoints of a device, but not the newest that it names. */
  async pruneByArrival(device: string, newestKey: string | null, keep: number): Promise<void> {
    const keys = await this.checkpointKeys(device);
    if (keys.length <= keep) return;
    const found = await Promise.all(keys.map((key) => this.#objects.facts(key)));
    const lastFirst = found
      .filter((facts) => facts !== null)
      .sort((one, other) => other.modifiedMs - one.modifiedMs);
    for (const { key } of lastFirst.slice(keep)) if (key !== newestKey) await this.#objects.remove(key);
  }

  async checkpointKeys(device: string): Promise<string[]> {
    const folder = checkpointFolder(device);
    return (await this.#objects.names(folder))
      .filter((name) => checkpointFacts(name) !== null)
      .map((name) => folder + name);
  }
}
