import { join } from "node:path";
import { expect, test } from "vitest";
import { WebhookOutput } from "../../../src/daemon/outputs/webhook-output.ts";
import { folderWith } from "../../rivulet.ts";

const openWith = (secretFile: string) =>
  new WebhookOutput({ url: "http://127.0.0.1:1/", on: "all", everyMs: 1000, secretFile }, "pump", () => {});

test("a secret that is too short is refused with its length, and nothing of it", () => {
  const file = join(folderWith({ secret: "short\n" }), "secret");
  expect(() => openWith(file)).toThrow(
    expect.objectContaining({
      code: "webhook.secret",
      message: `found a secret of 5 characters in ${file}, expected at least 16; write a longer one`,
    }),
  );
});

test("a secret that cannot be read has the code of the webhook, not of the status page", () => {
  const file = join(folderWith(), "none");
  expect(() => openWith(file)).toThrow(
    expect.objectContaining({
      code: "webhook.secret",
      message: expect.stringContaining(`the secret of the webhook in ${file}`),
    }),
  );
});
