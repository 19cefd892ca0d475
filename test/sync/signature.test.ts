import { expect, test } from "vitest";
import { faultOfSignature, parseAuthorization, sha256Of, signedHeaders } from "../../src/sync/signature.ts";

/** The example "GET Object" of Amazon's description of Signature Version 4 for S3, with the keys that it uses. */
const example = {
  secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  timeMs: Date.parse("2013-05-24T00:00:00Z"),
  request: {
    method: "GET",
    path: "/test.txt",
    headers: {
      host: "examplebucket.s3.amazonaws.com",
      range: "bytes=0-9",
      "x-amz-content-sha256": sha256Of(new Uint8Array(0)),
      "x-amz-date": "20130524T000000Z",
    },
  },
  header:
    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
};

const authorization = parseAuthorization(example.header);
if (authorization === null) throw new Error("the example is not understood");

test("the example of Amazon's documentation is valid", () => {
  expect(faultOfSignature(example.request, authorization, example.secret, example.timeMs)).toBeNull();
});

test.each([
  ["another method", { ...example.request, method: "PUT" }, example.secret],
  ["another path", { ...example.request, path: "/test.txu" }, example.secret],
  ["a query", { ...example.request, path: "/test.txt?a=b" }, example.secret],
  [
    "another range",
    { ...example.request, headers: { ...example.request.headers, range: "bytes=0-8" } },
    example.secret,
  ],
  ["another secret", example.request, `${example.secret}x`],
  [
    "a header of S3 that is not signed",
    { ...example.request, headers: { ...example.request.headers, "x-amz-acl": "public" } },
    example.secret,
  ],
  ["no path at all", { ...example.request, path: "/%E0%A4%A" }, example.secret],
])("with %s it is not", (_, request, secret) => {
  expect(faultOfSignature(request, authorization, secret, example.timeMs)).toBe("signature");
});

test.each([-14, 14])("a clock may be wrong by %i minutes", (minutes) => {
  expect(
    faultOfSignature(example.request, authorization, example.secret, example.timeMs + minutes * 60_000),
  ).toBeNull();
});

test.each([-16, 16])("a clock may not be wrong by %i minutes", (minutes) => {
  const nowMs = example.timeMs + minutes * 60_000;
  expect(faultOfSignature(example.request, authorization, example.secret, nowMs)).toBe("clock");
});

test("only who has the secret learns that the clock is wrong", () => {
  expect(faultOfSignature(example.request, authorization, "other", example.timeMs + 3_600_000)).toBe(
    "signature",
  );
});

test("a request with odd names in path and query is verified as it was signed", () => {
  const path = "/fleet/a%20b/%C3%A9%2Bx?list-type=2&prefix=a%2Fb%20%28c%29";
  const request = { method: "GET", path, host: "nas.local:9000", headers: { "if-none-match": '"x"' } };
  const headers = signedHeaders(
    request,
    { accessKeyId: "pump-7", secretAccessKey: "s" },
    { payload: sha256Of(new Uint8Array(0)), region: "eu", timeMs: 1e12 },
  );
  const found = parseAuthorization(headers["Authorization"]);
  if (found === null) throw new Error("not understood");
  expect(found.accessKeyId).toBe("pump-7");
  expect(faultOfSignature({ method: "GET", path, headers }, found, "s", 1e12)).toBeNull();
  expect(
    faultOfSignature({ method: "GET", path: path.replace("%28", "%29"), headers }, found, "s", 1e12),
  ).toBe("signature");
});

test.each([undefined, "", "Basic eDp5", "AWS4-HMAC-SHA256 Credential=x", example.header.slice(0, -1)])(
  "%j is no signature",
  (header) => {
    expect(parseAuthorization(header)).toBeNull();
  },
);
