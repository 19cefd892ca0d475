import { describe, expect, test } from "vitest";
import { createWatchdog, type Pulse } from "../../src/device/watchdog.ts";

const start = { handled: 100, bytes: 2000, looks: 50, queued: 0 } satisfies Pulse;

/** What the watchdog says at each look, of a daemon in which so much has happened between two looks. */
function looks(...steps: Partial<typeof start>[]) {
  const watchdog = createWatchdog(start);
  let now = start;
  return steps.map((step) => {
    const { handled = 0, bytes = 0, looks = 1, queued = now.queued } = step;
    now = {
      handled: now.handled + handled,
      bytes: now.bytes + bytes,
      looks: now.looks + looks,
      queued,
    };
    return watchdog.look(now);
  });
}

describe("the watchdog finds a daemon", () => {
  test("well while samples are learned", () => {
    expect(looks({ handled: 5, bytes: 90 }, { handled: 1, bytes: 20, queued: 7 })).toEqual([null, null]);
  });

  test("well while the device is silent, or its port is looked for", () => {
    expect(looks({}, {}, {})).toEqual([null, null, null]);
  });

  test("stuck when the source no longer looks, however much was learned", () => {
    expect(looks({ looks: 0 }, { looks: 0, handled: 3 })).toEqual([
      expect.stringContaining("no longer polls"),
      expect.stringContaining("no longer polls"),
    ]);
  });

  test("stuck when one of several ports is no longer looked at, however often the others are", () => {
    const pulses: Pulse[] = [
      [7, 1_000_000],
      [8, 1_000_001],
      [9, 1_000_001],
    ].map((looks, step) => ({ ...start, handled: 100 + step, looks }));
    const watchdog = createWatchdog(pulses[0]);
    expect(watchdog.look(pulses[1])).toBeNull();
    expect(watchdog.look(pulses[2])).toContain("no longer polls");
  });

  test("stuck when samples are queued and none is learned from", () => {
    expect(looks({ bytes: 40, queued: 1 }, {}, { queued: 3 })).toEqual([
      "1 samples are queued and none is learned from",
      "1 samples are queued and none is learned from",
      "3 samples are queued and none is learned from",
    ]);
  });

  test("stuck while bytes keep coming and none becomes a sample", () => {
    const [first, second] = looks({ bytes: 40 }, { bytes: 30 });
    expect(first).toMatch(/^40 bytes were received/);
    expect(second).toMatch(/^70 bytes were received/);
  });

  test("stuck by what happened since it was last well, however well it was before", () => {
    const [well, , mute] = looks({ handled: 5, bytes: 90 }, { bytes: 40 }, { bytes: 30 });
    expect(well).toBeNull();
    expect(mute).toMatch(/^70 bytes were received/);
    expect(looks({}, { looks: 0 })).toEqual([null, expect.stringContaining("no longer polls")]);
  });

  test("well after half a frame before a silence", () => {
    expect(looks({ bytes: 4 }, {})).toEqual([expect.any(String), null]);
  });

  test("well when a sample takes several looks to come", () => {
    expect(looks({ bytes: 4 }, { bytes: 4 }, { bytes: 1, handled: 1 })[2]).toBeNull();
  });

  test("well without looks where the source is called", () => {
    const watchdog = createWatchdog({ ...start, looks: undefined });
    expect(watchdog.look({ ...start, looks: undefined })).toBeNull();
  });
});
