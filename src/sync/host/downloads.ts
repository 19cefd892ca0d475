/** Objects that devices and S3 clients read, whole or a range of them, and lists of their names. */
import { type AuthenticatedRequest, requireListable, requireReadable } from "./access.ts";
import { HostError } from "./host-error.ts";
import type { HostParts } from "./host-parts.ts";
import { bucket, sendXml } from "./http.ts";
import type { ObjectFacts } from "./object-folder.ts";
import { listXml } from "./xml.ts";

const mostKeysOfList = 1000;

/** Sends an object, or a range of it. @throws HostError where there is none, or the device may not read it */
export async function sendObject(
  { objects }: HostParts,
  { request, response, holder, key }: AuthenticatedRequest & { key: string },
): Promise<void> {
  requireReadable(holder, key);
  const facts = await objects.facts(key);
  if (facts === null) throw new HostError(404, "NoSuchKey", `there is no object ${key}`);
  const { etag, bytes, modifiedMs } = facts;
  const headers = { etag, "last-modified": new Date(modifiedMs).toUTCString(), "accept-ranges": "bytes" };
  if (matches(request.headers["if-none-match"], etag)) {
    response.writeHead(304, headers).end();
    return;
  }
  const range = rangeOf(request.headers.range, bytes);
  const part = range === null ? {} : { "content-range": `bytes ${range.start}-${range.end}/${bytes}` };
  const length = range === null ? bytes : range.end - range.start + 1;
  response.writeHead(range === null ? 200 : 206, {
    ...headers,
    ...part,
    "content-length": length,
    "content-type": "application/octet-stream",
  });
  if (request.method === "HEAD" || length === 0) {
    response.end();
    return;
  }
  const stream = objects.stream(key, range ?? { start: 0, end: bytes - 1 });
  stream.on("error", () => response.destroy());
  response.on("close", () => stream.destroy());
  stream.pipe(response);
}

/** Sends one page of the names below a prefix. @throws HostError where the device may not list them */
export async function sendList(
  { objects }: HostParts,
  { response, holder, query }: AuthenticatedRequest,
): Promise<void> {
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const isV2 = query.get("list-type") === "2";
  requireListable(holder, prefix);
  if (delimiter !== "" && delimiter !== "/")
    throw new HostError(501, "NotImplemented", "the only delimiter that this host knows is /");
  const asked = Number(query.get("max-keys") ?? mostKeysOfList);
  const mostKeys = Number.isInteger(asked) && asked >= 0 ? Math.min(asked, mostKeysOfList) : mostKeysOfList;
  const token = query.get("continuation-token");
  const after = isV2
    ? token === null
      ? (query.get("start-after") ?? "")
      : Buffer.from(token, "base64url").toString("utf8")
    : (query.get("marker") ?? "");
  const found: ObjectFacts[] = [];
  const folders: string[] = [];
  let next: string | null = null;
  let last = "";
  for await (const key of objects.keys(prefix, { after, delimiter: delimiter === "/" })) {
    if (found.length + folders.length >= mostKeys) {
      next = mostKeys === 0 ? null : last;
      break;
    }
    last = key;
    if (key.endsWith("/")) {
      folders.push(key);
      continue;
    }
    const facts = await objects.facts(key);
    if (facts !== null) found.push(facts);
  }
  const isEncoded = query.get("encoding-type") === "url";
  sendXml(
    response,
    200,
    listXml({ bucket, prefix, delimiter, mostKeys, isV2, isEncoded, objects: found, folders, next }),
  );
}

const matches = (header: string | undefined, etag: string): boolean =>
  header?.split(",").some((each) => bare(each) === bare(etag)) === true;

/** An ETag without what some clients add or leave out. */
const bare = (etag: string): string => etag.trim().replace(/^W\//, "").replaceAll('"', "");

/** Reads one range of a request; null where the whole object is asked for. @throws HostError for one beyond the object */
function rangeOf(header: string | undefined, bytes: number): { start: number; end: number } | null {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (first === undefined || (first === "" && last === "")) return null;
  const start = first === "" ? Math.max(0, bytes - Number(last)) : Number(first);
  const end = first === "" || last === "" ? bytes - 1 : Math.min(Number(last), bytes - 1);
  if (start > end)
    throw new HostError(416, "InvalidRange", `the object has ${bytes} bytes, expected a range in it`);
  return { start, end };
}
