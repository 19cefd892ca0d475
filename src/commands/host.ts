import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { writeFileDurablySync } from "../checkpoint/durable-file.ts";
import { createFolderLock } from "../checkpoint/folder-lock.ts";
import { addressOf, addressText, isAddress } from "../config/sync-schema.ts";
import { RivuletError, UsageError } from "../errors/errors.ts";
import { standardOutput } from "../machine/output.ts";
import { readNamedText } from "../machine/regular-file.ts";
import { type DeviceRow, Fleet } from "../sync/host/fleet.ts";
import { bucket, createHostHandler } from "../sync/host/handler.ts";
import type { HostHandler } from "../sync/host/http.ts";
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
import type { CredentialSource } from "../sync/sync-config.ts";
import { formatCount } from "../wording/quantities.ts";
import { wholeNumber } from "./command-line/call.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import { untilSignalled } from "./command-line/signals.ts";
import { textTable } from "./terminal/text-table.ts";

const defaultFolder = "./fleet";
const defaultListen = "127.0.0.1:9000";

/** Runs a host, or changes and shows who uses it. */
export async function run(invocation: Invocation): Promise<Report | null> {
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

/** How a running host is reached, for `host add` in another process, and where its objects are, for `host list`. */
interface Reached {
  url: string;
  fingerprint: string | null;
  /** Null: in its folder. */
  store?: BehindFront | null;
}

/** Far more than an address takes. */
const mostReachedBytes = 4096;

const reachedFile = (folder: string) => join(folder, ownFolder, "address.json");

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
  writeFileDurablySync(reachedFile(folder), [Buffer.from(`${JSON.stringify(reached)}\n`)]);
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
interface BehindFront {
  to: string;
  region: string;
  source: CredentialSource;
}

function storeOf(options: Invocation["options"]): BehindFront | null {
  const { store, keep, region = "us-east-1" } = options;
  const { "store-key": keyId, "store-secret": secretFile, "store-command": command } = options;
  if (store === undefined) {
    const extra = ["region", "store-key", "store-secret", "store-command"].find((name) => options[name]);
    if (extra === undefined) return null;
    throw new UsageError(`--${extra} is about the store behind a front; name that with --store`);
  }
  if (!isAddress(store)) throw new UsageError(`--store must be ${addressText}, found "${store}"`);
  if (keep !== undefined)
    throw new UsageError(
      "--keep has no effect with --store: let the bucket expire what is old by a rule of its own",
    );
  const words = command?.split(/\s+/).filter((word) => word !== "") ?? [];
  const hasSecret = keyId !== undefined && secretFile !== undefined;
  if (hasSecret === words.length > 0 || (keyId === undefined) !== (secretFile === undefined)) {
    throw new UsageError(
      "--store needs the key of the store: --store-key ID with --store-secret FILE, or --store-command with a program that prints it",
    );
  }
  const source = hasSecret ? { secretFile: resolve(secretFile), keyId } : { command: words };
  return { to: addressOf(store, region), region, source };
}

/** A front loads what it needs of the client, which a host does not. */
async function frontOf(
  behind: BehindFront,
  registry: Registry,
  log: (text: string) => void,
): Promise<HostHandler> {
  const { createFrontHandler } = await import("../sync/host/front.ts");
  const { credentials, store } = await clientOf(behind);
  const { to, region } = behind;
  return createFrontHandler({ registry, to, region, credentials, store, log });
}

async function clientOf({ to, region, source }: BehindFront) {
  const { credentialsFrom } = await import("../sync/client/credentials.ts");
  const { createObjectStore } = await import("../sync/client/object-store.ts");
  const credentials = credentialsFrom(source);
  return { credentials, store: createObjectStore({ to, region, credentials, fingerprint: null }) };
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

function addDevice(folder: string, device: string, { options }: Invocation): Report {
  const registry = openRegistry(folder);
  const secret = registry.add(device);
  const reached = readReached(folder, options["url"]);
  const block = [
    "sync:",
    `  to: ${reached.url}`,
    `  device: ${device}`,
    `  secretFile: ${device}.key`,
    ...(reached.fingerprint === null ? [] : [`  fingerprint: "${reached.fingerprint}"`]),
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

function readReached(folder: string, url: string | undefined): Reached {
  const path = reachedFile(folder);
  const found = existsSync(path) ? (JSON.parse(readNamedText(path, mostReachedBytes)) as Reached) : null;
  if (url !== undefined) {
    if (!URL.canParse(url))
      throw new UsageError(`--url must be a URL such as http://nas.local:9000/${bucket}, found "${url}"`);
    return { url, fingerprint: found?.fingerprint ?? null };
  }
  return found ?? { url: `http://${defaultListen}/${bucket}`, fingerprint: null };
}

function revokeDevice(folder: string, device: string): Report {
  const registry = openRegistry(folder);
  registry.revoke(device);
  return {
    data: { device, revoked: true },
    text: `the key of ${device} is worthless from now on; what it sent stays. rivulet host add ${device} makes a new one`,
  };
}

/** Reads the devices of a front from its store. */
async function devicesOfStore(behind: BehindFront, nowMs: number): Promise<DeviceRow[]> {
  const { StoreFleet } = await import("../sync/host/store-fleet.ts");
  const { store } = await clientOf(behind);
  try {
    return await new StoreFleet(store).rows(nowMs);
  } finally {
    store.close();
  }
}

async function listDevices(folder: string, { options }: Invocation): Promise<Report> {
  if (!existsSync(join(folder, ownFolder))) {
    throw new RivuletError("host.bad-folder", `${folder} is not the folder of a host; name it with --folder`);
  }
  const nowMs = Date.now();
  const store = storeOf(options) ?? readReached(folder, undefined).store ?? null;
  const rows =
    store === null
      ? await new Fleet(new ObjectFolder(folder, { isReadOnly: true })).rows(nowMs)
      : await devicesOfStore(store, nowMs);
  const silent = rows.filter(({ isSilent }) => isSilent).length;
  const data = rows.map(({ device, lastSeenMs, isSilent, status }) => ({
    ...status,
    device,
    lastSeen: new Date(lastSeenMs).toISOString(),
    silent: isSilent,
  }));
  return {
    data: { devices: data, silent },
    text: [
      textTable(
        fleetColumns,
        rows.map((row) => fleetCells(row, nowMs)),
        numericColumns,
      ),
      `${formatCount(rows.length, "device")}${silent > 0 ? `, ${silent} silent` : ""}`,
    ].join("\n"),
    failed: silent > 0,
  };
}
