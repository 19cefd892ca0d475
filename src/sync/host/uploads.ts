/** Objects that devices and S3 clients send: what may be written, and what an object must be for its name. */
import { decodeStatus, mostStatusBytes } from "../device-status.ts";
import { checkpointFacts, checkpointFolder, modelDigestIn, statusKey, versionIn } from "../names.ts";
import { type AuthenticatedRequest, requireWritable } from "./access.ts";
import { HostError } from "./host-error.ts";
import type { HostParts } from "./host-parts.ts";
import { lengthOf } from "./http.ts";
import type { Incoming } from "./object-folder.ts";

/** Beyond the checkpoints to keep, this many stay while two boards send under one name. */
const mostShared = 1024;
/** Beyond those, a device may send this many before its status says which is the newest. */
const mostUnsettled = 1024;
const digestPattern = /^[0-9a-f]{64}$/;

/**
 * Receives the body of an object, checks it, and gives it its name.
 * @throws HostError for what the device may not write, or that is not what its name and headers say
 */
export async function receiveObject(
  host: HostParts,
  { request, response, holder, key }: AuthenticatedRequest & { key: string },
): Promise<void> {
  const { objects, mostBodyBytes } = host;
  const length = lengthOf(request, mostBodyBytes);
  const payload = String(request.headers["x-amz-content-sha256"] ?? "");
  if (!digestPattern.test(payload) && (holder.device !== null || payload !== "UNSIGNED-PAYLOAD")) {
    throw new HostError(
      400,
      "InvalidRequest",
      "the header x-amz-content-sha256 must be the SHA-256 of the body",
    );
  }
  requireWritable(holder, key, length);
  if (holder.device !== null) await requireSettled(host, holder.device, key);
  const isFixed = isImmutable(key);
  const once = request.headers["if-none-match"] === "*" || isFixed;
  if (once && (await objects.facts(key)) !== null) throw takenError(key);
  const incoming = await objects.receive(request, length, () => {
    if (request.headers.expect !== undefined) response.writeContinue();
  });
  try {
    if (digestPattern.test(payload) && incoming.sha256 !== payload) {
      throw new HostError(
        400,
        "XAmzContentSHA256Mismatch",
        "the body is not the one that was signed: its SHA-256 differs; it was altered or cut on the way",
      );
    }
    const md5 = request.headers["content-md5"];
    if (md5 !== undefined && md5 !== incoming.md5)
      throw new HostError(400, "BadDigest", "the body does not have the MD5 that its header says");
    await requireFitting(host, key, incoming);
    if (!(await incoming.commit(key, { once }))) throw takenError(key);
  } catch (error) {
    await incoming.discard();
    throw error;
  }
  const facts = await objects.facts(key);
  response.writeHead(200, { etag: facts?.etag ?? "" }).end();
  if (key.endsWith("/status.json")) await settle(host, key);
}

/** A device that never tells which checkpoint is its newest cannot fill the disk. */
async function requireSettled({ fleet, keep }: HostParts, device: string, key: string): Promise<void> {
  if (key === statusKey(device)) return;
  const most = keep + mostShared + mostUnsettled;
  if ((await fleet.checkpointKeys(device)).length < most) return;
  const why = `there are ${most} checkpoints of ${device}, and room is made once its status arrives`;
  throw new HostError(409, "OperationAborted", why);
}

/** A name that tells the content must tell the truth, and a status must not go back. */
async function requireFitting({ fleet }: HostParts, key: string, incoming: Incoming): Promise<void> {
  const model = modelDigestIn(key);
  if (model !== null && incoming.sha256 !== model) {
    throw new HostError(400, "BadDigest", `the name ${key} is of another content than the body`);
  }
  const [, device] = /^devices\/([^/]+)\//.exec(key) ?? [];
  if (device === undefined) return;
  if (key.startsWith(checkpointFolder(device))) {
    const named = checkpointFacts(key)?.digest;
    if (named !== undefined && !incoming.sha256.startsWith(named)) {
      throw new HostError(400, "BadDigest", `the name ${key} is of another content than the body`);
    }
    return;
  }
  if (key !== statusKey(device) || incoming.bytes > mostStatusBytes) return;
  const status = decodeStatus(await incoming.read());
  if (status === null || status.device !== device)
    throw new HostError(400, "InvalidRequest", `the body is not the status of ${device}`);
  const before = await fleet.status(device);
  if (before !== null && status.counter < before.status.counter) {
    throw new HostError(
      412,
      "PreconditionFailed",
      `the status has number ${status.counter}, but number ${before.status.counter} is there already`,
    );
  }
}

/** A status ends a run: what is too old is deleted, and one line tells how the device does. */
async function settle({ fleet, keep, log }: HostParts, key: string): Promise<void> {
  const device = key.split("/")[1];
  const found = await fleet.status(device);
  if (found === null) return;
  const { newest, report, sync } = found.status;
  const newestKey = newest?.key ?? null;
  // Of two boards with one name, what is new of the one may have fewer samples than what is old of the other.
  if (sync.isShared === true) await fleet.pruneByArrival(device, newestKey, keep + mostShared);
  else await fleet.prune(device, newestKey, keep);
  const skill = report.skill === null ? "" : `, skill ${Math.round(100 * report.skill)} %`;
  const problems = [...report.problems, ...(sync.problem === null ? [] : [sync.problem])];
  log(
    `${device}: ${newest?.samplesSeen ?? 0} samples${skill}${problems.map((problem) => `; ${problem}`).join("")}`,
  );
}

const takenError = (key: string) => new HostError(412, "PreconditionFailed", `${key} is there already`);

/** Checkpoints, models and pointers to them never change. */
const isImmutable = (key: string): boolean =>
  /^devices\/[^/]+\/checkpoints\//.test(key) || modelDigestIn(key) !== null || versionIn(key) !== null;
