import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Level } from "../../../src/device/gpio/backend.ts";
import { createButton } from "../../../src/device/gpio/button.ts";
import { startHeartbeat } from "../../../src/device/gpio/heartbeat.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("the heartbeat", () => {
  function beating() {
    const state = { learned: 0, writes: [] as Level[] };
    const heartbeat = startHeartbeat(
      () => state.learned,
      (level) => state.writes.push(level),
    );
    return Object.assign(state, heartbeat);
  }

  test("blinks once in each second in which something was learned", () => {
    const state = beating();
    for (let second = 1; second <= 5; second++) {
      state.learned += 250;
      vi.advanceTimersByTime(1000);
    }
    vi.advanceTimersByTime(200);
    expect(state.writes).toEqual([1, 0, 1, 0, 1, 0, 1, 0, 1, 0]);
  });

  test("is short", () => {
    const state = beating();
    state.learned = 1;
    vi.advanceTimersByTime(1000);
    expect(state.writes).toEqual([1]);
    vi.advanceTimersByTime(100);
    expect(state.writes).toEqual([1, 0]);
  });

  test("stands still while nothing is learned", () => {
    const state = beating();
    state.learned = 7;
    vi.advanceTimersByTime(1100);
    state.writes.length = 0;
    vi.advanceTimersByTime(10_000);
    expect(state.writes).toEqual([]);
    state.learned++;
    vi.advanceTimersByTime(900);
    expect(state.writes).toEqual([1]);
  });

  test("writes nothing any more once it is closed in the middle of a blink", () => {
    const state = beating();
    state.learned = 1;
    vi.advanceTimersByTime(1000);
    state.close();
    state.learned = 2;
    vi.advanceTimersByTime(5000);
    expect(state.writes).toEqual([1]);
  });
});

describe("a button", () => {
  function pushed(pressed: Level = 1, holdMs = 0) {
    const state = { presses: 0 };
    const button = createButton({ pressed, holdMs }, () => state.presses++);
    const open: Level = pressed === 1 ? 0 : 1;
    return Object.assign(state, {
      button,
      bounce(last: Level) {
        for (let i = 0; i < 4; i++) {
          button.edge(i % 2 === 0 ? last : last === 1 ? 0 : 1);
          vi.advanceTimersByTime(5);
        }
        button.edge(last);
      },
      down: () => button.edge(pressed),
      up: () => button.edge(open),
    });
  }

  test.each([1, 0] as const)("pressed at level %i counts once, however its contact bounces", (pressed) => {
    const state = pushed(pressed);
    for (let press = 1; press <= 3; press++) {
      state.bounce(pressed);
      vi.advanceTimersByTime(100);
      expect(state.presses).toBe(press);
      state.bounce(pressed === 1 ? 0 : 1);
      vi.advanceTimersByTime(100);
      expect(state.presses).toBe(press);
    }
  });

  test("does not take a disturbance for a press, nor, while it is held, for another one", () => {
    const state = pushed();
    state.down();
    vi.advanceTimersByTime(10);
    state.up();
    vi.advanceTimersByTime(1000);
    expect(state.presses).toBe(0);
    state.down();
    vi.advanceTimersByTime(1000);
    state.up();
    vi.advanceTimersByTime(10);
    state.down();
    vi.advanceTimersByTime(1000);
    expect(state.presses).toBe(1);
  });

  test("answers while it is still held, well within a finger's time", () => {
    const state = pushed();
    state.down();
    vi.advanceTimersByTime(60);
    expect(state.presses).toBe(1);
    vi.advanceTimersByTime(60_000);
    expect(state.presses).toBe(1);
  });

  test("to be held counts when it was held long enough, to the millisecond, and only once", () => {
    const state = pushed(1, 2000);
    state.down();
    vi.advanceTimersByTime(1999);
    expect(state.presses).toBe(0);
    vi.advanceTimersByTime(1);
    expect(state.presses).toBe(1);
    vi.advanceTimersByTime(10_000);
    expect(state.presses).toBe(1);
  });

  test("to be held does not count when it was let go before", () => {
    const state = pushed(1, 2000);
    for (let press = 0; press < 5; press++) {
      state.down();
      vi.advanceTimersByTime(1500);
      state.up();
      vi.advanceTimersByTime(600);
    }
    expect(state.presses).toBe(0);
  });

  test("says nothing any more once it is closed", () => {
    const state = pushed(1, 500);
    state.down();
    vi.advanceTimersByTime(100);
    state.button.close();
    vi.advanceTimersByTime(10_000);
    const other = pushed();
    other.down();
    other.button.close();
    vi.advanceTimersByTime(10_000);
    expect([state.presses, other.presses]).toEqual([0, 0]);
  });
});
