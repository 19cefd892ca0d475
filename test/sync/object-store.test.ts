/** Lists of a store that do not end. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createObjectStore } from "../../src/sync/client/object-store.ts";

test("a list that always names another page ends with a sentence, and not with the memory", async () => {
  const keys = `<Contents><Key>${"x".repeat(100_000)}</Key></Contents>`.repeat(70);
  let pages = 0;
  const server = createServer((_, response) => {
    const next = `<IsTruncated>true</IsTruncated><NextContinuationToken>${++pages}</NextContinuationToken>`;
    response.end(`<ListBucketResult>${next}${keys}</ListBucketResult>`);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  const store = createObjectStore({
    to: `http://127.0.0.1:${port}/fleet`,
    credentials: async () => ({ accessKeyId: "id", secretAccessKey: "secret" }),
    region: "us-east-1",
    fingerprint: null,
  });
  onTestFinished(() => {
    store.close();
    server.close();
  });
  await expect(store.list("models/")).rejects.toThrow(/^the list of models\/ at http:.* does not end/);
  expect(pages).toBe(10);
});
