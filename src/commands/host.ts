import { existsSync } from "node:fs";
import { join } from "node:path";
import { createFolderLock } from "../checkpoint/folder-lock.ts";
import { RivuletError, UsageError } from "../errors/errors.ts";
import { describeLook } from "../errors/system-error.ts";
import { standardOutput } from "../machine/output.ts";
import { readNamedText } from "../machine/regular-file.ts";
import { type DeviceRow, Fleet } from "../sync/host/fleet.ts";
import { createHostHandler } from "../sync/host/handler.ts";
import type { HostHandler } from "../sync/host/http.ts";
import { bucket } from "../sync/host/http.ts";
import { ObjectFolder } from "../sync/host/object-folder.ts";
import { fleetCells, fleetColumns, numericColumns } from "../sync/host/page.ts";
import { adminKeyId, openRegistry, ownFolder, type Registry } from "../sync/host/registry.ts";
import {
  fingerprintOf,
  isLoopback,
  mostCertificateBytes,
  ownAddresses,
  parseListen,
  serveHost,
} from "../sync/host/serve.ts";
import { bareNameText, isBareName } from "../sync/names.ts";
import { formatCount } from "../wording/quantities.ts";
import { safeJson } from "../wording/safe.ts";
import { wholeNumber } from "./command-line/call.ts";
import type { Invocation, LongReport, Report } from "./command-line/command.ts";
import { untilSignalled } from "./command-line/signals.ts";
import { type Behind, clientOf, keyMissing, keySource, storeAddress } from "./host/behind.ts";
import { defaultFolder, type Reached, readReached, readTrust, writeReached } from "./host/own-files.ts";
import { defaultKeyFile, modelsBlock, requireGroupName } from "./models/key-file.ts";
import { createTable } from "./terminal/text-table.ts";

const defaultListen = "127.0.0.1:9000";

/** Runs a host, or changes and shows who uses it. */
export async function run(invocation: Invocation): Promise<Report | LongReport | null> {
  const [action, name] = invocation.positionals;
  const folder = invocation.options["folder"] ?? defaultFolder;
  switch (action) {
    case "add":
      return addDevice(folder, deviceName(action, name), invocation);
    case "revoke":
      return revokeDevice(folder, deviceName(action, name));
    case "list":
      if (name !== undefined) throw new UsageError(`rivulet host list takes no name, found "${name}"`);
      return listDevices(folder, invocation);
    default:
      if (name !== undefined) {
        throw new UsageError(
          `rivulet host does not know "${action}", expected add, list or revoke, or the folder of a host alone`,
        );
      }
      return serve(action ?? folder, invocation);
  }
}

function deviceName(action: string, name: string | undefined): string {
  if (name === undefined)
    throw new UsageError(`rivulet host ${action} needs the name of a device: rivulet host ${action} NAME`);
  if (isBareName(name) && name !== adminKeyId) return name;
  throw new UsageError(`a device cannot be named "${name}", expected ${bareNameText}, and not ${adminKeyId}`);
}

async function serve(folder: string, invocation: Invocation): Promise<Report | null> {
  const { options, json } = invocation;
  const listen = options["listen"] ?? defaultListen;
  const place = parseListen(listen);
  if (place === null)
    throw new UsageError(
      `--listen must be an address and a port such as 192.168.1.5:9000, found "${listen}"`,
    );
  const keep = wholeNumber(invocation, "keep", 20, { minimum: 1, maximum: 100_000 });
  const { cert, key } = options;
  if ((cert === undefined) !== (key === undefined))
    throw new UsageError("--cert and --key belong together, found one of them");
  const tls = cert === undefined || key === undefined ? null : { cert, key };
  const store = storeOf(options);
  const registry = openRegistry(folder, { create: true });
  // A second host would delete what the first one is receiving.
  const lock = createFolderLock(join(folder, ownFolder), "host.lock");
  lock.hold();
  const say = (event: string, text: string, details: object = {}) =>
    standardOutput.write(
      json ? `${JSON.stringify({ time: new Date().toISOString(), event, text, ...details })}\n` : `${text}\n`,
    );
  const report = (text: string) => say("device", json ? text : `${new Date().toISOString()} ${text}`);
  const handler =
    store === null
      ? createHostHandler({ folder, registry, keep, log: report })
      : await frontOf(store, registry, report);
  const signalled = untilSignalled();
  const host = await serveHost(handler, { ...place, tls });
  const reached = { ...reachedAt(place.address, host.port, tls), store };
  writeReached(folder, reached);
  const objects =
    store === null ? `objects in ${folder}` : `objects in ${store.to}, its own keys in ${folder}`;
  say("listening", listeningText(folder, objects, place.address, host.port, reached), {
    folder,
    url: reached.url,
    fingerprint: reached.fingerprint,
    ...(store === null ? {} : { store: store.to }),
    port: host.port,
  });
  const signal = await signalled;
  say("stop", `${signal}: stopping`);
  await host.close();
  lock.release();
  return null;
}

/** The store behind a front; null for a host that keeps objects itself. */
function storeOf(options: Invocation["options"]): Behind | null {
  const { store, keep, region = "us-east-1" } = options;
  if (store === undefined) {
    const extra = ["region", "store-key", "store-secret", "store-command"].find((name) => options[name]);
    if (extra === undefined) return null;
    throw new UsageError(`--${extra} needs a store; name it with --store`);
  }
  const to = storeAddress("store", store, region);
  if (keep !== undefined)
    throw new UsageError(
      "--keep has no effect with --store: set a rule in the bucket that expires old objects",
    );
  const source = keySource("store", options);
  if (source === null) throw keyMissing("store");
  return { to, region, source };
}

/** A front loads what it needs of the client, which a host does not. */
async function frontOf(
  behind: Behind,
  registry: Registry,
  log: (text: string) => void,
): Promise<HostHandler> {
  const { createFrontHandler } = await import("../sync/host/front.ts");
  const { credentials, store } = await clientOf(behind);
  const { to, region } = behind;
  return createFrontHandler({ registry, to, region, credentials, store, log });
}

function reachedAt(address: string, port: number, tls: { cert: string } | null): Reached {
  const all = address === "0.0.0.0" || address === "::";
  const name = all ? (ownAddresses()[0] ?? "127.0.0.1") : address;
  const shown = name.includes(":") ? `[${name}]` : name;
  return {
    url: `${tls === null ? "http" : "https"}://${shown}:${port}/${bucket}`,
    fingerprint: tls === null ? null : fingerprintOf(readNamedText(tls.cert, mostCertificateBytes)),
  };
}

function listeningText(
  folder: string,
  objects: string,
  address: string,
  port: number,
  { url }: Reached,
): string {
  const others = ownAddresses().map((each) => `--listen ${each}:${port}`);
  const reach = isLoopback(address)
    ? `Only this machine reaches it; for boards elsewhere start it with ${others.length === 0 ? "--listen and an address of this machine" : others.join(" or ")}.`
    : `Boards reach it at ${url}.`;
  return [
    `Listening at ${address}:${port}, ${objects}. ${reach}`,
    `A board is added with: rivulet host add NAME${folder === defaultFolder ? "" : ` --folder ${folder}`}`,
    `Page: ${new URL(url).origin}/ with the key in ${join(folder, ownFolder, "admin.key")}`,
  ].join("\n");
}

async function addDevice(folder: string, device: string, { options }: Invocation): Promise<Report> {
  const registry = openRegistry(folder);
  const reached = reachedBy(folder, options["url"]);
  const models = await modelLines(folder, options["group"]);
  const secret = registry.add(device);
  const block = [
    "sync:",
    `  to: ${reached.url}`,
    `  device: ${device}`,
    `  secretFile: ${device}.key`,
    ...(reached.fingerprint === null ? [] : [`  fingerprint: "${reached.fingerprint}"`]),
    ...models,
  ];
  const isLocal = isLoopback(new URL(reached.url).hostname);
  return {
    // The secret is not in it: such documents end in logs.
    data: { device, url: reached.url, fingerprint: reached.fingerprint, sync: block.join("\n") },
    text: [
      "# On the board, in the folder of its config, once:",
      `(umask 077; echo ${secret} > ${device}.key)`,
      "",
      "# In its config:",
      ...block,
      ...(isLocal
        ? [
            "",
            "# Only this machine reaches that address: start the host with --listen and one of its addresses for a board elsewhere.",
          ]
        : []),
    ].join("\n"),
  };
}

/** Where boards reach the host, by `--url` or by what it left when it was started. */
function reachedBy(folder: string, url: string | undefined): Reached {
  const found = readReached(folder);
  if (url !== undefined) {
    if (!URL.canParse(url))
      throw new UsageError(`--url must be a URL such as http://nas.local:9000/${bucket}, found "${url}"`);
    const { origin, pathname } = new URL(url);
    const reached = pathname === "/" ? `${origin}/${bucket}` : url;
    return { url: reached, fingerprint: found?.fingerprint ?? null };
  }
  return found ?? { url: `http://${defaultListen}/${bucket}`, fingerprint: null };
}

/** The lines about models for a board of a group; a comment where nobody knows yet who signs them. */
async function modelLines(folder: string, group: string | undefined): Promise<string[]> {
  if (group === undefined) return [];
  requireGroupName(group);
  const trust = readTrust(folder, group) ?? (await ownTrust());
  return trust === null
    ? [`  # models: { group: ${group}, trust: KEY } with the KEY that rivulet models key prints`]
    : [modelsBlock(group, trust)];
}

/** The public half of the user's own key for models; null where there is none. */
async function ownTrust(): Promise<string | null> {
  if (!existsSync(defaultKeyFile())) return null;
  const { readSigningKey } = await import("../sync/client/signing-key.ts");
  return readSigningKey(defaultKeyFile()).trust;
}

function revokeDevice(folder: string, device: string): Report {
  const registry = openRegistry(folder);
  registry.revoke(device);
  return {
    data: { device, revoked: true },
    text: `the key of ${device} is worthless from now on; what it sent stays. rivulet host add ${device} makes a new one`,
  };
}

/** Each device of a front, as its store has it. */
async function rowsOfStore(behind: Behind, nowMs: number): Promise<DeviceRow[]> {
  const { StoreFleet } = await import("../sync/host/store-fleet.ts");
  const { store } = await clientOf(behind);
  try {
    return await new StoreFleet(store).rows(nowMs);
  } finally {
    store.close();
  }
}

/** Devices as often as they are asked for, one after another. */
type EachRow = () => AsyncIterable<DeviceRow> | Iterable<DeviceRow>;

/** Prints device by device, and holds none of them: a host may have a hundred thousand. */
async function listDevices(folder: string, { options, json }: Invocation): Promise<LongReport> {
  if (!existsSync(join(folder, ownFolder))) {
    throw new RivuletError("host.bad-folder", `${folder} is not the folder of a host; name it with --folder`);
  }
  const nowMs = Date.now();
  const store = storeOf(options) ?? readReached(folder)?.store ?? null;
  const listed = store === null ? null : await rowsOfStore(store, nowMs);
  const fleet = new Fleet(new ObjectFolder(folder, { isReadOnly: true }));
  const each: EachRow = () => listed ?? fleet.each(nowMs);
  const counts = { devices: 0, silent: 0, isWhole: true };
  const pieces = json ? documentOf(each, counts) : tableOf(each, nowMs, counts);
  return { pieces, failed: () => counts.silent > 0 || !counts.isWhole };
}

/** `isWhole`: whether every device could be read. */
type Counts = { devices: number; silent: number; isWhole: boolean };

function countRow(counts: Counts, { isSilent }: DeviceRow): void {
  counts.devices++;
  if (isSilent) counts.silent++;
}

async function* documentOf(each: EachRow, counts: Counts): AsyncGenerator<string> {
  yield '{"devices":[';
  let failure: string | null = null;
  try {
    for await (const row of each()) {
      yield `${counts.devices === 0 ? "" : ","}${safeJson(dataOf(row))}`;
      countRow(counts, row);
    }
  } catch (error) {
    // What was printed must become one document all the same.
    failure = error instanceof RivuletError ? error.message : describeLook(error);
    if (failure === null) throw error;
    counts.isWhole = false;
  }
  yield `],"silent":${counts.silent}${failure === null ? "" : `,"error":${safeJson(failure)}`}}`;
}

async function* tableOf(each: EachRow, nowMs: number, counts: Counts): AsyncGenerator<string> {
  const table = createTable(fleetColumns, numericColumns);
  for await (const row of each()) {
    table.measure(fleetCells(row, nowMs));
    countRow(counts, row);
  }
  yield `${table.head().join("\n")}\n`;
  for await (const row of each()) yield `${table.line(fleetCells(row, nowMs))}\n`;
  const { devices, silent } = counts;
  yield `${formatCount(devices, "device")}${silent > 0 ? `, ${silent} silent` : ""}`;
}

const dataOf = ({ device, lastSeenMs, isSilent, status }: DeviceRow) => ({
  ...status,
  device,
  lastSeen: new Date(lastSeenMs).toISOString(),
  silent: isSilent,
});
