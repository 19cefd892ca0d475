/** The S3 store that has the objects: behind a front, or that models are published to. */
import { resolve } from "node:path";
import { addressOf, addressText, isAddress } from "../../config/sync-schema.ts";
import { UsageError } from "../../errors/errors.ts";
import type { CredentialSource } from "../../sync/sync-config.ts";
import type { Invocation } from "../command-line/command.ts";

/** A store, and how to get its key. */
export interface Behind {
  /** URL with bucket and prefix. */
  to: string;
  region: string;
  source: CredentialSource;
  /** SHA-256 of the certificate, where no known authority has signed it. */
  fingerprint?: string;
}

/** The key of the store of `--NAME`, as other options tell it; null where none of them is given. @throws UsageError */
export function keySource(name: string, options: Invocation["options"]): CredentialSource | null {
  const { "store-key": keyId, "store-secret": secretFile, "store-command": command } = options;
  const words = command?.split(/\s+/).filter((word) => word !== "") ?? [];
  if (keyId === undefined && secretFile === undefined && words.length === 0) return null;
  const hasSecret = keyId !== undefined && secretFile !== undefined;
  if (hasSecret === words.length > 0 || (keyId === undefined) !== (secretFile === undefined))
    throw keyMissing(name);
  return hasSecret ? { secretFile: resolve(secretFile), keyId } : { command: words };
}

/** Says how the key of a store is given. */
export const keyMissing = (name: string): UsageError =>
  new UsageError(
    `--${name} needs the key of the store: --store-key ID with --store-secret FILE, or --store-command with a program that prints it`,
  );

/** The URL of the store of `--NAME`. @throws UsageError where it is no URL with a bucket */
export function storeAddress(name: string, url: string, region: string): string {
  if (isAddress(url)) return addressOf(url, region);
  throw new UsageError(`--${name} must be ${addressText}, found "${url}"`);
}

/** The client of a store; a host that keeps its objects itself does not load it. */
export async function clientOf({ to, region, source, fingerprint }: Behind) {
  const { credentialsFrom } = await import("../../sync/client/credentials.ts");
  const { createObjectStore } = await import("../../sync/client/object-store.ts");
  const credentials = credentialsFrom(source);
  return {
    credentials,
    store: createObjectStore({ to, region, credentials, fingerprint: fingerprint ?? null }),
  };
}
