import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { WebhookOutput } from "../../../src/daemon/outputs/webhook-output.ts";
import { folderWith } from "../../rivulet.ts";
import { until } from "../../until.ts";

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

const hourly = { on: "all", everyMs: 3_600_000, secretFile: null } as const;
const record = (sequence: number) => ({ sequence, time: "2026-11-30T12:00:00.000Z", prediction: 0 }) as never;

/** A server with one answer, and the number of predictions in each request to it. */
async function serverThatAnswers(status: number | (() => number)) {
  const sizes: number[] = [];
  const server = createServer(async (request, response) => {
    sizes.push(JSON.parse(await text(request)).predictions?.length ?? 0);
    response.writeHead(typeof status === "number" ? status : status()).end();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, sizes };
}

test("predictions that fill a request leave at once, however long the interval is", async () => {
  const { url, sizes } = await serverThatAnswers(204);
  const output = new WebhookOutput({ url, ...hourly }, "pump", () => {});
  for (let sequence = 1; sequence <= 250; sequence++) output.send(record(sequence));
  await until(() => output.sent === 200);
  expect([sizes, output.dropped]).toEqual([[100, 100], 0]);
  await output.close(5000);
  expect(sizes).toEqual([100, 100, 50]);
});

test("a server that refuses predictions is not sent a fast stream of them at once", async () => {
  const server = await serverThatAnswers(404);
  const output = new WebhookOutput({ url: server.url, ...hourly }, "pump", () => {});
  for (let sequence = 1; sequence <= 250; sequence++) output.send(record(sequence));
  await until(() => output.dropped === 100);
  // A request made now is answered after those that would have left at once.
  for (let i = 0; i < 3; i++) await fetch(server.url, { method: "POST", body: "{}" });
  expect(server.sizes.filter((size) => size > 0)).toEqual([100]);
  await output.close(5000);
});

test.each([
  ["alarm", 1, 0],
  ["change", 0, 1],
] as const)("of a server that is away for longer than all retries: on %s", async (on, sent, dropped) => {
  let isBack = false;
  const { url, sizes } = await serverThatAnswers(() => (isBack ? 204 : 503));
  const output = new WebhookOutput({ url, ...hourly, on, everyMs: 1 }, "pump", () => {}, [1, 1, 1]);
  output.send({ ...(record(1) as object), alarm: true } as never);
  await until(() => output.dropped === 1 || sizes.length > 6);
  isBack = true;
  await until(() => output.dropped + output.sent === 1);
  expect([output.sent, output.dropped]).toEqual([sent, dropped]);
});
