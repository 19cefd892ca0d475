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

/** A device is silent after so many of its intervals. */
const silentIntervals = 3;

/** Whoever knows the devices: a host of its folder, a front of its store. */
export interface Devices {
  /** All devices that ever sent a status, by name. */
  rows(nowMs: number): Promise<DeviceRow[]>;
}

export const isSilentAt = (nowMs: number, lastSeenMs: number, status: DeviceStatus): boolean =>
  nowMs - lastSeenMs > silentIntervals * status.every;

export class Fleet implements Devices {
  readonly #objects: ObjectFolder;
  /** Documents that were read, by device: of 20,000 only those that changed are read again. */
  readonly #known = new Map<string, { etag: string; status: DeviceStatus | null }>();

  constructor(objects: ObjectFolder) {
    this.#objects = objects;
  }

  /** The status of one device; null where it sent none. */
  async status(device: string): Promise<{ status: DeviceStatus; lastSeenMs: number } | null> {
    const key = statusKey(device);
    const facts = await this.#objects.facts(key);
    if (facts === null) return null;
    let known = this.#known.get(device);
    if (known?.etag !== facts.etag) {
      const bytes = await this.#objects.read(key, 4 * mostStatusBytes);
      known = { etag: facts.etag, status: bytes === null ? null : decodeStatus(bytes) };
      this.#known.set(device, known);
    }
    return known.status === null ? null : { status: known.status, lastSeenMs: facts.modifiedMs };
  }

  async rows(nowMs: number): Promise<DeviceRow[]> {
    const rows: DeviceRow[] = [];
    for (const name of await this.#objects.names("devices/")) {
      const device = name.slice(0, -1);
      if (!name.endsWith("/") || !isBareName(device)) continue;
      const found = await this.status(device);
      if (found === null) continue;
      rows.push({ device, ...found, isSilent: isSilentAt(nowMs, found.lastSeenMs, found.status) });
    }
    return rows;
  }

  /** Deletes what is older than the newest `keep` checkpoints of a device. */
  async prune(device: string, newestKey: string | null, keep: number): Promise<void> {
    const keys = await this.checkpointKeys(device);
    for (const key of newestFirst(keys, newestKey).slice(keep)) await this.#objects.remove(key);
  }

  async checkpointKeys(device: string): Promise<string[]> {
    const folder = checkpointFolder(device);
    return (await this.#objects.names(folder))
      .filter((name) => checkpointFacts(name) !== null)
      .map((name) => folder + name);
  }
}
