import { expect, test } from "vitest";
import type { StatusDocument } from "../../src/status/document.ts";
import { SharedBytes } from "../../src/status/shared-bytes.ts";
import { jsonIn, SharedState } from "../../src/status/shared-state.ts";
import { startWatched } from "./bench.ts";

const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString();

test("bytes on their way to somebody stay as they are, and their memory is used again once they have arrived", () => {
  const shared = new SharedBytes();
  shared.fill("the first, ü");
  const { buffer } = shared.bytes;
  const onTheWay = shared.bytes;
  const [arrived, arrivedToo] = [shared.hold(), shared.hold()];
  arrived();
  arrived();
  shared.fill("the second");
  expect(textOf(onTheWay)).toBe("the first, ü");
  expect(textOf(shared.bytes)).toBe("the second");
  const second = shared.bytes.buffer;
  expect(second).not.toBe(buffer);
  arrivedToo();
  shared.hold()();
  shared.fill("the third");
  expect(shared.bytes.buffer).toBe(second);
  expect(textOf(shared.bytes)).toBe("the third");
  shared.fill("x".repeat(10_000));
  expect(shared.bytes).toHaveLength(10_000);
});

test("the state is put together once for all who ask, and anew once it has expired", async () => {
  const { get } = await startWatched();
  const document = (await (await get("/status.json")).json()) as StatusDocument;
  let made = 0;
  const state = new SharedState(() => ({ ...document, uptimeSeconds: ++made }));
  expect(textOf(state.metrics.bytes)).toContain("\nrivulet_uptime_seconds 1\n");
  expect(JSON.parse(textOf(jsonIn(state.event))).uptimeSeconds).toBe(1);
  expect(textOf(state.event.bytes)).toMatch(/^event: status\ndata: \{.*\}\n\n$/);
  expect(state.health).toEqual({ health: document.health, reason: document.reason });
  expect(made).toBe(1);
  state.expire();
  expect(JSON.parse(textOf(jsonIn(state.event))).uptimeSeconds).toBe(2);
  // Somebody has asked for metrics lately, so they are of the same moment.
  expect(textOf(state.metrics.bytes)).toContain("\nrivulet_uptime_seconds 2\n");
  expect(made).toBe(2);
});
