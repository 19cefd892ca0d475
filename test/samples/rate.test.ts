import { expect, test } from "vitest";
import { type RateChange, RateWatch, rateDoubt } from "../../src/samples/rate.ts";

/** A watch of a source that is looked at every `everyMs`, in which so many samples come each time. */
function watchAt(declared: number, everyMs = 5000) {
  const watch = new RateWatch(declared, 0, 0, 1);
  const state = { now: 0, samples: 0, breaks: 1 };
  const look = (...came: number[]): RateChange[] =>
    came.map((count) => {
      state.now += everyMs;
      state.samples += count;
      return watch.check(state.now, state.samples, state.breaks);
    });
  return { watch, state, look };
}

test("is reported once when it becomes far, and once when it is right again", () => {
  const { watch, look } = watchAt(50);
  expect(look(250, 250)).toEqual([null, null]);
  expect(watch).toMatchObject({ measured: 50, farWindows: 0 });
  expect(look(100, 100, 100, 100, 100, 100)).toEqual([null, "far", null, null, null, null]);
  expect(watch).toMatchObject({ measured: 20, farWindows: 3, isFar: true });
  expect(look(250, 250, 250, 250)).toEqual([null, "right", null, null]);
  expect(watch).toMatchObject({ measured: 50, farWindows: 3, isFar: false });
});

test.each([
  [500, null],
  [499, "far"],
  [2000, null],
  [2001, "far"],
])("is far below half and above double the declared one: %i samples in 10 s", (came, change) => {
  const { look } = watchAt(100, 10_000);
  expect(look(came)).toEqual([change]);
});

test("says nothing where no sample comes at all", () => {
  const { watch, look } = watchAt(50);
  expect(look(0, 0, 0, 0)).toEqual([null, null, null, null]);
  expect(watch).toMatchObject({ measured: null, farWindows: 0 });
  look(0, 10, 0, 0);
  expect(watch).toMatchObject({ measured: 1, farWindows: 1, isFar: true });
});

test("is not judged while the source goes away and comes back", () => {
  const { watch, state, look } = watchAt(50);
  look(250);
  state.breaks++;
  expect(look(3)).toEqual([null]);
  state.breaks++;
  expect(look(100)).toEqual([null]);
  expect(watch.measured).toBeNull();
  look(250, 250);
  expect(watch).toMatchObject({ measured: 50, farWindows: 0 });
});

test("of slow devices is measured over ten samples", () => {
  const { watch, look } = watchAt(0.1, 10_000);
  look(0, 3, 0, 0, 0, 3, 0, 0, 0);
  expect(watch.measured).toBeNull();
  look(3);
  expect(watch).toMatchObject({ measured: 0.09, farWindows: 0 });
});

test("of one an hour is far as soon as twice ten samples have come, not ten hours later", () => {
  const { watch, look } = watchAt(1 / 3600, 60_000);
  expect(look(...Array<number>(20).fill(1))).toEqual(Array(20).fill(null));
  expect(look(1, 1)).toEqual(["far", null]);
  expect(watch.measured).toBeCloseTo(1 / 60);
});

test("is doubted by the times of samples below half and above double the declared one", () => {
  expect([null, 1_900_000, 7_100_000].map((usualMs) => rateDoubt(1 / 3600, usualMs))).toEqual([
    null,
    null,
    null,
  ]);
  expect(rateDoubt(null, 60_000)).toBeNull();
  expect(rateDoubt(1 / 3600, 60_000)).toMatch(
    /^samples come at one in 1 min by their own times, but source\.rate declares one in 1 h: .*correct source\.rate$/,
  );
  expect(rateDoubt(10, 1000)).toMatch(/ at 1 a second .* declares 10 a second/);
  expect(rateDoubt(1000, 20)).toMatch(/ at 50 a second .* declares 1000 a second/);
});
