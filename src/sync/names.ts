/** Names of objects below the bucket, and which names devices may have. */

const bareName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Whether a device may have this name. The store itself would accept `..`. */
export const isBareName = (name: string): boolean => bareName.test(name);

/** What a name must be, for the end of a sentence. */
export const bareNameText =
  "up to 64 letters, digits, dots, dashes or underscores, the first a letter or a digit";

/** Folder of a device's objects. */
export const deviceFolder = (device: string): string => `devices/${device}/`;
/** Folder of a device's checkpoints. */
export const checkpointFolder = (device: string): string => `devices/${device}/checkpoints/`;
/** The document that tells how a device does. */
export const statusKey = (device: string): string => `devices/${device}/status.json`;

/** Folder of what is published for a group. */
export const modelFolder = (group: string): string => `models/${group}/`;
/** The network itself, named by its content. @param sha256 in hexadecimal */
export const modelKey = (group: string, sha256: string): string => `models/${group}/${sha256}.msgpack`;
/** The signed pointer to a version of a group's model. */
export const pointerKey = (group: string, version: number): string =>
  `models/${group}/${versionText(version)}.json`;
/** Which version is the newest, as a hint that nobody trusts. */
export const hintKey = (group: string): string => `models/${group}/current.json`;

/** Versions have this many digits, so that a list has them in order. */
const versionDigits = 9;
export const mostVersion = 10 ** versionDigits - 1;
/** A version in names of objects and files. */
export const versionText = (version: number): string => String(version).padStart(versionDigits, "0");

/** The version that a pointer's key names; null where it is not the key of one. */
export function versionIn(key: string): number | null {
  const version = Number(/^models\/[^/]+\/(\d{9})\.json$/.exec(key)?.[1] ?? 0);
  return version === 0 ? null : version;
}

/** The digest that the key of a model names; null where it is not the key of one. */
export const modelDigestIn = (key: string): string | null =>
  /^models\/[^/]+\/([0-9a-f]{64})\.msgpack$/.exec(key)?.[1] ?? null;

/** Whether a key is one of what devices fetch below `models/`. */
export function isModelKey(key: string): boolean {
  const [, group] = key.split("/");
  if (group === undefined || !isBareName(group)) return false;
  return versionIn(key) !== null || modelDigestIn(key) !== null || key === hintKey(group);
}

const samplesDigits = 12;
const digestDigits = 16;

/**
 * The name of a checkpoint's object: it follows from the content, so sending a checkpoint twice is harmless.
 *
 * @param sha256 digest of the whole file in hexadecimal
 */
export function checkpointKey(device: string, samplesSeen: number, sha256: string): string {
  const samples = String(samplesSeen).padStart(samplesDigits, "0");
  return `${checkpointFolder(device)}${samples}-${sha256.slice(0, digestDigits)}.msgpack`;
}

/** What the last part of a checkpoint's key tells: samples that it had learned from, and the begin of its SHA-256. */
export function checkpointFacts(key: string): { samplesSeen: number; digest: string } | null {
  const [, samples, digest] = /(?:^|\/)(\d{12,16})-([0-9a-f]{16})\.msgpack$/.exec(key) ?? [];
  return samples === undefined ? null : { samplesSeen: Number(samples), digest };
}

/**
 * Orders the keys of a device's checkpoints, the newest first. Samples count from 0 again where a device starts over, so
 * what has more samples than the newest one is of an earlier life, and comes last.
 */
export function newestFirst(keys: readonly string[], newestKey: string | null): string[] {
  const samplesOf = (key: string) => checkpointFacts(key)?.samplesSeen ?? 0;
  const newest = newestKey === null ? Number.POSITIVE_INFINITY : samplesOf(newestKey);
  const isEarlier = (key: string) => samplesOf(key) > newest;
  return [...keys].sort(
    (one, other) =>
      Number(isEarlier(one)) - Number(isEarlier(other)) ||
      samplesOf(other) - samplesOf(one) ||
      Number(other === newestKey) - Number(one === newestKey),
  );
}
