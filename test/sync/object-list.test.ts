import { expect, test } from "vitest";
import { clientOf, startHost } from "./running-host.ts";
import { openDoor } from "./store-door.ts";

const namesOfPage = 200_000;

test.each([
  ["names the same page as the next one", () => "again", 1, 2],
  ["has another page after each one", (count: number) => `page ${count}`, namesOfPage, 5],
])("a list that %s ends in one sentence", async (_, tokenOf, names, pages) => {
  const host = await startHost();
  const keys = "<Key>a</Key>".repeat(names);
  const door = await openDoor(host, (__, response, count) => {
    const next = `<IsTruncated>true</IsTruncated><NextContinuationToken>${tokenOf(count)}</NextContinuationToken>`;
    response.end(`<ListBucketResult>${keys}${next}</ListBucketResult>`);
    return true;
  });
  const store = clientOf(host, "pump-7", { to: door.to });
  await expect(store.list("devices/")).rejects.toMatchObject({
    code: "sync.bad-answer",
    message: expect.stringMatching(
      /^the list of devices\/ at .* does not end, expected at most 1000000 names/,
    ),
  });
  store.close();
  expect(door.requests).toHaveLength(pages);
});
