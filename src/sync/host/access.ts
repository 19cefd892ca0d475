/** Who a request comes from, and what a device may do: the same for a host and for a front. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { mostStatusBytes } from "../device-status.ts";
import { checkpointFacts, checkpointFolder, deviceFolder, isModelKey, statusKey } from "../names.ts";
import { faultOfSignature, parseAuthorization, type SignedRequest } from "../signature.ts";
import { HostError } from "./host-error.ts";
import type { KeyHolder, Registry } from "./registry.ts";

/** A request whose signature is valid. */
export interface AuthenticatedRequest {
  request: IncomingMessage;
  response: ServerResponse;
  holder: KeyHolder;
  /** Null: the bucket itself. */
  key: string | null;
  query: URLSearchParams;
}

/**
 * Returns whose key has signed a request.
 * @throws HostError where the signature is not valid, its key revoked, or its time not that of the host
 */
export function authenticate(request: IncomingMessage, registry: Registry, nowMs: number): KeyHolder {
  const authorization = parseAuthorization(request.headers.authorization);
  if (authorization === null) {
    throw new HostError(
      403,
      "AccessDenied",
      "the request is not signed by AWS Signature Version 4, expected a signature in its header Authorization",
    );
  }
  const { accessKeyId } = authorization;
  const holder = registry.holder(accessKeyId);
  if (holder === null) throw new HostError(403, "InvalidAccessKeyId", `the key ${accessKeyId} is revoked`);
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  );
  const signed = { method: request.method ?? "", path: request.url ?? "", headers };
  const verify = (request: SignedRequest) => faultOfSignature(request, authorization, holder.secret, nowMs);
  let fault = verify(signed);
  if (fault === "signature") fault = verify(beforeProxy(signed));
  if (fault === "clock") {
    throw new HostError(
      403,
      "RequestTimeTooSkewed",
      "the time of the request differs by more than 15 minutes from that of the host",
    );
  }
  if (fault !== null) {
    throw new HostError(
      403,
      "SignatureDoesNotMatch",
      `the signature is not one of the key ${accessKeyId} for this request: the secret is another one, or a proxy has changed the request`,
    );
  }
  return holder;
}

/** The request as it was signed, where proxies have put other names into `Host`: the first says what was there. */
function beforeProxy({ headers, ...request }: SignedRequest): SignedRequest {
  const host = headers["x-forwarded-host"]?.split(",")[0].trim();
  return { ...request, headers: host === undefined ? headers : { ...headers, host } };
}

/** A device writes its own checkpoints and its own status, and nothing else. @throws HostError for anything else */
export function requireWritable({ device }: KeyHolder, key: string, length: number): void {
  if (device === null) return;
  if (key === statusKey(device)) {
    if (length <= mostStatusBytes) return;
    throw new HostError(
      413,
      "EntityTooLarge",
      `a status has ${length} bytes, expected at most ${mostStatusBytes}`,
    );
  }
  const folder = checkpointFolder(device);
  if (!key.startsWith(folder) || key.slice(folder.length).includes("/") || checkpointFacts(key) === null) {
    throw new HostError(
      403,
      "AccessDenied",
      `the key ${device} may write only its own checkpoints and status, not ${key}`,
    );
  }
}

/**
 * A device reads its own objects, and the models of any group: a host keeps nothing per device, so it does not know the
 * group of one; and what keeps a device from the model of another group is the signature, which holds for one group.
 *
 * @throws HostError for anything else
 */
export function requireReadable({ device }: KeyHolder, key: string): void {
  if (device === null || key.startsWith(deviceFolder(device)) || isModelKey(key)) return;
  throw new HostError(
    403,
    "AccessDenied",
    `the key ${device} may read only its own objects and published models, not ${key}`,
  );
}

/** A device lists its own objects. @throws HostError for anything else */
export function requireListable({ device }: KeyHolder, prefix: string): void {
  if (device === null || prefix.startsWith(deviceFolder(device))) return;
  throw new HostError(403, "AccessDenied", `the key ${device} may list only ${deviceFolder(device)}`);
}
