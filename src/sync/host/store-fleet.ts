/** The devices of a store behind a front: what they report in `status.json`, which the store keeps. */
import { RivuletError } from "../../errors/errors.ts";
import type { ObjectStore } from "../client/object-store.ts";
import { type DeviceStatus, decodeStatus, mostStatusBytes } from "../device-status.ts";
import { isBareName, statusKey } from "../names.ts";
import { type DeviceRow, type Devices, isSilentAt } from "./fleet.ts";

/** What a front needs of its store, to show the devices. */
export type ReadableStore = Pick<ObjectStore, "get" | "folders">;

/** Documents that are asked for at a time. */
const requestsAtOnce = 8;

interface Known {
  etag: string | null;
  status: DeviceStatus;
  lastSeenMs: number;
}

export class StoreFleet implements Devices {
  readonly #store: ReadableStore;
  /** Documents that were read, by device: those that have not changed are not sent again. */
  readonly #known = new Map<string, Known>();
  /** The reading under way, which all who ask meanwhile share. */
  #reading: Promise<string[]> | null = null;

  constructor(store: ReadableStore) {
    this.#store = store;
  }

  /** @throws RivuletError where the store cannot be reached or refuses */
  async rows(nowMs: number): Promise<DeviceRow[]> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null;
    });
    const rows: DeviceRow[] = [];
    for (const device of await this.#reading) {
      const known = this.#known.get(device);
      if (known === undefined) continue;
      const { status, lastSeenMs } = known;
      rows.push({ device, status, lastSeenMs, isSilent: isSilentAt(nowMs, lastSeenMs, status) });
    }
    return rows;
  }

  /** Reads what has changed. A list may lack a device for a while: what was read of it stays. */
  async #read(): Promise<string[]> {
    const listed = (await this.#store.folders("devices/")).map((name) => name.split("/")[1]);
    const devices = [...new Set([...listed.filter(isBareName), ...this.#known.keys()])].sort();
    const waiting = [...devices];
    const readNext = async () => {
      for (let device = waiting.pop(); device !== undefined; device = waiting.pop())
        await this.#readDocument(device);
    };
    await Promise.all(Array.from({ length: requestsAtOnce }, readNext));
    return devices;
  }

  async #readDocument(device: string): Promise<void> {
    const known = this.#known.get(device);
    const found = await this.#get(device, known?.etag ?? null);
    if (found === null) this.#known.delete(device);
    if (found === null || found === "unchanged") return;
    const status = decodeStatus(found.body);
    // A store may bring back an older document, when a request that was given up arrives late.
    if (status === null || (known !== undefined && status.counter < known.status.counter)) return;
    const sentMs = Date.parse(status.sentAt);
    const lastSeenMs = found.modifiedMs ?? (Number.isNaN(sentMs) ? 0 : sentMs);
    this.#known.set(device, { etag: found.etag, status, lastSeenMs });
  }

  async #get(device: string, etag: string | null) {
    try {
      return await this.#store.get(statusKey(device), { mostBytes: 4 * mostStatusBytes, etag });
    } catch (error) {
      // One device that has written too much does not hide the others.
      if (error instanceof RivuletError && error.code === "sync.bad-answer") return "unchanged";
      throw error;
    }
  }
}
