/** Answers in the XML of S3. */
import type { ObjectFacts } from "./object-folder.ts";

const head = '<?xml version="1.0" encoding="UTF-8"?>\n';
const namespace = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

/** Text as it may stand in XML and HTML. */
export const escaped = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");

const element = (name: string, value: string | number | boolean) =>
  `<${name}>${escaped(String(value))}</${name}>`;

/** The body of an answer that refuses a request. */
export const errorXml = (code: string, sentence: string): string =>
  `${head}<Error>${element("Code", code)}${element("Message", sentence)}</Error>`;

/** The answer to where a bucket is: an empty region, as of us-east-1. */
export const locationXml = (): string => `${head}<LocationConstraint ${namespace}></LocationConstraint>`;

/** The list of the one bucket of a host. */
export const bucketsXml = (bucket: string): string =>
  `${head}<ListAllMyBucketsResult ${namespace}><Owner>${element("ID", "rivulet")}</Owner><Buckets><Bucket>${element("Name", bucket)}${element("CreationDate", "2026-01-01T00:00:00.000Z")}</Bucket></Buckets></ListAllMyBucketsResult>`;

export interface ListPage {
  bucket: string;
  prefix: string;
  delimiter: string;
  mostKeys: number;
  isV2: boolean;
  /** Where the client asked for names in percent-encoding. */
  isEncoded: boolean;
  /** A front knows the names alone. */
  objects: readonly (ObjectFacts | Pick<ObjectFacts, "key">)[];
  folders: readonly string[];
  /** Last name of the page, where more follow. */
  next: string | null;
}

/** The answer to a list of objects, of either version. */
export function listXml({
  bucket,
  prefix,
  delimiter,
  mostKeys,
  isV2,
  isEncoded,
  objects,
  folders,
  next,
}: ListPage): string {
  const name = (text: string) => (isEncoded ? encodeURIComponent(text) : text);
  const contents = objects.map((object) => {
    const facts =
      "etag" in object
        ? [
            element("LastModified", new Date(object.modifiedMs).toISOString()),
            element("ETag", object.etag),
            element("Size", object.bytes),
          ]
        : [];
    const fields = [element("Key", name(object.key)), ...facts, element("StorageClass", "STANDARD")];
    return `<Contents>${fields.join("")}</Contents>`;
  });
  const common = folders.map(
    (folder) => `<CommonPrefixes>${element("Prefix", name(folder))}</CommonPrefixes>`,
  );
  const more =
    next === null
      ? ""
      : isV2
        ? element("NextContinuationToken", Buffer.from(next).toString("base64url"))
        : element("NextMarker", name(next));
  return [
    `${head}<ListBucketResult ${namespace}>`,
    element("Name", bucket),
    element("Prefix", name(prefix)),
    delimiter === "" ? "" : element("Delimiter", name(delimiter)),
    element("MaxKeys", mostKeys),
    isV2 ? element("KeyCount", objects.length + folders.length) : "",
    isEncoded ? element("EncodingType", "url") : "",
    element("IsTruncated", next !== null),
    more,
    ...contents,
    ...common,
    "</ListBucketResult>",
  ].join("");
}
