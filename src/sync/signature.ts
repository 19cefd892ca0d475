/** AWS Signature Version 4, by the package aws4: signs and verifies requests. */
import { createHash, timingSafeEqual } from "node:crypto";
import aws4 from "aws4";
import { utcTime } from "../wording/utc-time.ts";

/** A key: its id travels with each request, the secret never does. */
export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  /** Of credentials that are valid for some hours. */
  sessionToken?: string;
}

/** A request as it is signed. */
export interface SignedRequest {
  method: string;
  /** Path and query, percent-encoded. */
  path: string;
  headers: Record<string, string>;
}

/** A clock may be wrong by this much before a request is refused. */
export const clockToleranceMs = 15 * 60 * 1000;

/** Time in the format of the protocol: `20260131T120000Z`. */
const timeText = (timeMs: number): string => utcTime(timeMs).replace(/[:-]|\.\d{3}/g, "");

/** Time in milliseconds of a text such as `20260131T120000Z`; NaN where it is not a time. */
function timeOf(text: string): number {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? [];
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

export const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/**
 * Returns the headers of a request with its signature. The digest of the body is among what is signed, so a body that
 * was altered on the way is refused.
 *
 * @param options.payload SHA-256 of the body in hexadecimal
 * @param options.timeMs the time by the host's clock
 */
export function signedHeaders(
  request: SignedRequest & { host: string },
  credentials: Credentials,
  { payload, region, timeMs }: { payload: string; region: string; timeMs: number },
): Record<string, string> {
  const { method, path, host, headers } = request;
  const own = { ...headers, host, "x-amz-content-sha256": payload, "x-amz-date": timeText(timeMs) };
  const signed = aws4.sign({ service: "s3", region, method, path, headers: own }, credentials);
  return signed.headers as Record<string, string>;
}

/**
 * Returns path and query of a request that whoever has them may send for some minutes, without a key of its own. The
 * headers are signed with it: with `content-md5` among them, the body is fixed as well.
 *
 * @param options.seconds how long it is valid
 * @param options.timeMs the time by the store's clock
 */
export function presignedPath(
  request: SignedRequest & { host: string },
  credentials: Credentials,
  { region, timeMs, seconds }: { region: string; timeMs: number; seconds: number },
): string {
  const { method, path, host, headers } = request;
  const mark = path.includes("?") ? "&" : "?";
  const asked = `${path}${mark}X-Amz-Date=${timeText(timeMs)}&X-Amz-Expires=${seconds}`;
  const options = {
    service: "s3",
    region,
    method,
    path: asked,
    headers: { ...headers, host },
    signQuery: true,
  };
  return aws4.sign(options, credentials).path as string;
}

/** What the header `Authorization` of a signed request says. */
export interface Authorization {
  accessKeyId: string;
  region: string;
  /** Day in the scope: `20260131`. */
  day: string;
  signedHeaders: string[];
  signature: string;
}

/** Reads the header `Authorization`; null where it is missing or not of Signature Version 4. */
export function parseAuthorization(header: string | undefined): Authorization | null {
  const parts =
    /^AWS4-HMAC-SHA256 +Credential=([^/,\s]{1,128})\/(\d{8})\/([\w-]{1,64})\/s3\/aws4_request, *SignedHeaders=([\w;-]{1,1024}), *Signature=([0-9a-f]{64})$/.exec(
      header ?? "",
    );
  if (parts === null) return null;
  const [, accessKeyId, day, region, names, signature] = parts;
  return { accessKeyId, day, region, signedHeaders: names.split(";"), signature };
}

/** Why a request is refused: `clock` where only its time is wrong. */
export type Fault = "clock" | "signature";

/**
 * Verifies a signed request: signs it again with the secret and compares in constant time. Returns null where it is
 * valid.
 *
 * @param request headers with names in lower case, as they arrived
 */
export function faultOfSignature(
  { method, path, headers }: SignedRequest,
  authorization: Authorization,
  secretAccessKey: string,
  nowMs: number,
): Fault | null {
  const { accessKeyId, region, day, signedHeaders, signature } = authorization;
  const date = headers["x-amz-date"] ?? "";
  const timeMs = timeOf(date);
  if (Number.isNaN(timeMs) || !date.startsWith(day)) return "signature";
  // Unsigned, they could be exchanged on the way.
  const needed = ["host", "x-amz-date", ...Object.keys(headers).filter((name) => name.startsWith("x-amz-"))];
  if (!needed.every((name) => signedHeaders.includes(name))) return "signature";
  if (!signedHeaders.every((name) => headers[name] !== undefined)) return "signature";
  const covered = Object.fromEntries(signedHeaders.map((name) => [name, headers[name]]));
  const included = Object.fromEntries(signedHeaders.map((name) => [name, true]));
  let expected: string;
  try {
    const signer = new aws4.RequestSigner(
      {
        service: "s3",
        region,
        method,
        path,
        headers: covered,
        doNotModifyHeaders: true,
        extraHeadersToInclude: included,
      } as ConstructorParameters<typeof aws4.RequestSigner>[0],
      { accessKeyId, secretAccessKey },
    );
    signer.datetime = date;
    expected = signer.signature();
  } catch {
    return "signature"; // a path that is not percent-encoded
  }
  if (!timingSafeEqual(Buffer.from(expected), Buffer.from(signature))) return "signature";
  // Last, so that only who has the key learns that the clock is all that is wrong.
  return Math.abs(nowMs - timeMs) <= clockToleranceMs ? null : "clock";
}
