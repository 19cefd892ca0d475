import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import type { GpioBackend, InputOptions, Level, OnFailure } from "../../../src/device/gpio/backend.ts";
import { type GpioConfig, openGpio } from "../../../src/device/gpio/gpio.ts";
import { recordPins } from "../../../src/device/gpio/pin-record.ts";
import { findSysfsChip } from "../../../src/device/gpio/sysfs-chip.ts";
import { RivuletError } from "../../../src/errors/errors.ts";
import { folderWith } from "../../rivulet.ts";

/** Pins that keep a diary; those of `refused` cannot be had, and those of `failing` cannot be written. */
function fakeBackend({ refused = [] as number[], failing = [] as number[] } = {}) {
  const diary: string[] = [];
  const open = new Map<number, () => void>();
  const edges = new Map<number, (level: Level) => void>();
  const pulls = new Map<number, InputOptions | undefined>();
  function take(pin: number, deed: string, close: string): () => void {
    if (refused.includes(pin)) throw new RivuletError("gpio.failed", `pin ${pin} is refused`);
    diary.push(deed);
    const release = () => void (open.delete(pin) && diary.push(close));
    open.set(pin, release);
    return release;
  }
  const backend: GpioBackend = {
    description: "a fake",
    output: (pin, level) => ({
      close: take(pin, `${pin} output ${level}`, `${pin} low, released`),
      write(next) {
        if (failing.includes(pin)) throw new RivuletError("gpio.failed", `pin ${pin} fails`);
        diary.push(`${pin} is ${next}`);
      },
    }),
    input(pin, onEdge, options) {
      edges.set(pin, onEdge);
      pulls.set(pin, options);
      return { level: 1, close: take(pin, `${pin} input`, `${pin} released`) };
    },
    releaseAll() {
      for (const release of open.values()) release();
    },
  };
  return { diary, backend, edges, pulls };
}

const nothing: GpioConfig = {
  chip: null,
  heartbeat: null,
  alarm: null,
  labels: [],
  pause: null,
  normal: null,
  checkpoint: null,
};
const alarm = { pin: 22, subject: { of: "class", class: 2 } as const, on: 0.8, off: 0.6, atLeastMs: 0 };
const pause = { pin: 5, pressed: null, holdMs: 0 };

function opened(config: Partial<GpioConfig>, fake = fakeBackend(), file = join(folderWith(), "gpio.json")) {
  const told: string[] = [];
  const gpio = openGpio(
    { ...nothing, ...config },
    file,
    {
      tell: (event, sentence) => told.push(`${event}: ${sentence}`),
      learned: () => 0,
      onLabel: ({ class: label }) => fake.diary.push(`label ${label}`),
      onPause: () => fake.diary.push("pause"),
      onNormal: () => fake.diary.push("normal"),
      onCheckpoint: () => fake.diary.push("checkpoint"),
    },
    () => fake.backend,
  );
  return { gpio, told, file, ...fake };
}

test("drives outputs low from the start, and low again at the end", () => {
  const { gpio, diary } = opened({ heartbeat: 17, alarm });
  gpio?.alarm?.observe(0.9);
  gpio?.close();
  gpio?.close();
  expect(diary).toEqual(["17 output 0", "22 output 0", "22 is 1", "17 low, released", "22 low, released"]);
});

test("says and does nothing any more once it is closed, whatever was under way", () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { gpio, told, diary, edges } = opened({
    heartbeat: 17,
    alarm: { ...alarm, atLeastMs: 1000 },
    pause,
    checkpoint: { ...pause, pin: 6 },
  });
  gpio?.alarm?.observe(1);
  gpio?.alarm?.observe(0);
  edges.get(5)?.(0);
  edges.get(6)?.(0);
  gpio?.close();
  expect(vi.getTimerCount()).toBe(0);
  const before = [told.length, diary.length];
  vi.advanceTimersByTime(10_000);
  expect([told.length, diary.length]).toEqual(before);
});

test("takes for pressed the level that a button does not have at the start", async () => {
  const { gpio, diary, edges } = opened({ pause });
  edges.get(5)?.(0);
  await expect.poll(() => diary).toContain("pause");
  gpio?.close();
});

test("each button does what it is for", async () => {
  const label = (pin: number, klass: number) => ({ pin, class: klass, seconds: 9, pressed: null, holdMs: 0 });
  const { gpio, diary, edges } = opened({
    labels: [label(27, 1), label(26, 2)],
    pause,
    normal: { ...pause, pin: 7 },
    checkpoint: { ...pause, pin: 6 },
  });
  for (const [pin, deed] of [
    [26, "label 2"],
    [7, "normal"],
    [6, "checkpoint"],
    [27, "label 1"],
    [5, "pause"],
  ] as const) {
    edges.get(pin)?.(0);
    await expect.poll(() => diary.at(-1)).toBe(deed);
  }
  gpio?.close();
});

test("a button whose level is known is pulled to the other one, and counts when it is held from the start", async () => {
  // The fake's inputs are high at the start.
  const { gpio, diary, pulls } = opened({
    pause: { ...pause, pressed: 0 },
    checkpoint: { pin: 6, pressed: 1, holdMs: 0 },
    labels: [{ pin: 27, class: 1, seconds: 9, pressed: null, holdMs: 0 }],
  });
  await expect.poll(() => diary.at(-1)).toBe("checkpoint");
  expect([5, 6, 27].map((pin) => pulls.get(pin))).toEqual([{ pressed: 0 }, { pressed: 1 }, {}]);
  expect(diary).not.toContain("pause");
  gpio?.close();
});

test.each([
  [{ of: "class", class: 2 } as const, "class 2"],
  [{ of: "anomaly" } as const, "anomaly"],
  [{ of: "drift" } as const, "drift"],
])("tells of an alarm %o when it goes on and off", async (subject, text) => {
  const { gpio, told } = opened({ alarm: { ...alarm, subject } });
  gpio?.alarm?.observe(1);
  gpio?.alarm?.observe(0);
  await expect.poll(() => told.length).toBe(3);
  expect(told.slice(1)).toEqual([
    `alarm: the alarm for ${text} is on`,
    `alarm: the alarm for ${text} is off`,
  ]);
  gpio?.close();
});

test("remembers its pins while they are open", () => {
  const { gpio, file } = opened({ heartbeat: 17, alarm, pause, checkpoint: { ...pause, pin: 6 } });
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ outputs: [17, 22], inputs: [5, 6] });
  gpio?.close();
  expect(existsSync(file)).toBe(false);
});

test("continues if it cannot store its pins, and says so", () => {
  const file = join(folderWith(), "gone/gpio.json");
  const { gpio, told } = opened({ heartbeat: 17 }, fakeBackend(), file);
  expect(told).toEqual([
    expect.stringContaining(
      `gpio-problem: cannot record the GPIO pins in ${file}, so a crash would leave them open: ENOENT`,
    ),
    "gpio: GPIO through a fake: heartbeat on 17",
  ]);
  gpio?.close();
});

test("gives its pins back when the process ends without closing it, and asks for that no longer than needed", () => {
  const others = process.listeners("exit");
  const { gpio, diary } = opened({ heartbeat: 17 });
  const [atExit] = process.listeners("exit").filter((listener) => !others.includes(listener));
  atExit(0);
  expect(diary).toEqual(["17 output 0", "17 low, released"]);
  expect(process.listeners("exit")).toEqual(others);
  gpio?.close();
  opened({ heartbeat: 17 }, fakeBackend({ refused: [17] }));
  expect(process.listeners("exit")).toEqual(others);
});

test("first of all makes safe what a killed process left open", () => {
  const file = join(folderWith(), "gpio.json");
  recordPins(file, { outputs: [22], inputs: [6] });
  const { gpio, diary, told } = opened({ heartbeat: 17 }, fakeBackend(), file);
  expect(diary).toEqual(["22 output 0", "22 low, released", "6 input", "6 released", "17 output 0"]);
  expect(told[0]).toBe(
    "gpio: released the GPIO pins that a killed process had left open, and drove its outputs low",
  );
  gpio?.close();
});

test.each([
  ["an earlier boot", JSON.stringify({ boot: "another", outputs: [22], inputs: [] })],
  ["no JSON", "{"],
  ["no pins", JSON.stringify({ outputs: "22" })],
])("leaves the pins alone where the file is of %s", (_, text) => {
  const file = join(folderWith({ "gpio.json": "" }), "gpio.json");
  writeFileSync(file, text);
  const { gpio, diary } = opened({ heartbeat: 17 }, fakeBackend(), file);
  expect(diary).toEqual(["17 output 0"]);
  gpio?.close();
});

test("continues without a pin that cannot be used, and with the others", () => {
  const { gpio, told, diary } = opened({ heartbeat: 17, alarm, pause }, fakeBackend({ refused: [17, 5] }));
  expect(told).toEqual([
    "gpio-problem: gpio.heartbeat is not used: pin 17 is refused",
    "gpio-problem: gpio.pause is not used: pin 5 is refused",
    "gpio: GPIO through a fake: alarm on 22",
  ]);
  gpio?.alarm?.observe(1);
  expect(diary).toEqual(["22 output 0", "22 is 1"]);
  gpio?.close();
});

test("stops using GPIO if no pin can be used", () => {
  const { gpio, file } = opened({ heartbeat: 17 }, fakeBackend({ refused: [17] }));
  expect(gpio).toBeNull();
  expect(existsSync(file)).toBe(false);
});

test("tells once of an output that fails later, and releases it", () => {
  const { gpio, told, diary } = opened({ alarm }, fakeBackend({ failing: [22] }));
  gpio?.alarm?.observe(1);
  expect(diary).toEqual(["22 output 0", "22 low, released"]);
  gpio?.close();
  expect(told.filter((text) => text.startsWith("gpio-problem"))).toEqual([
    "gpio-problem: gpio.alarm is no longer used: pin 22 fails",
  ]);
});

test("continues without GPIO if there is no access to it", () => {
  const told: string[] = [];
  const refuse = (_: string | null, __: OnFailure): GpioBackend => {
    throw new RivuletError("gpio.unavailable", "there is none");
  };
  const tell = (_: string, sentence: string) => void told.push(sentence);
  const hooks = { tell, learned: () => 0, onLabel() {}, onPause() {}, onNormal() {}, onCheckpoint() {} };
  expect(openGpio({ ...nothing, heartbeat: 17 }, "none/gpio.json", hooks, refuse)).toBeNull();
  expect(told).toEqual(["there is none; GPIO is not used"]);
});

const chip = (name: string, label: string, base: number, lines: number) => ({
  [`${name}/label`]: `${label}\n`,
  [`${name}/base`]: `${base}\n`,
  [`${name}/ngpio`]: `${lines}\n`,
});

test.each([
  ["pinctrl-bcm2835", 0],
  ["pinctrl-bcm2711", 512],
  ["pinctrl-rp1", 571],
])("finds %s at %i behind another chip", (label, base) => {
  const folder = folderWith({
    ...chip("gpiochip504", "raspberrypi-exp-gpio", 504, 8),
    ...chip(`gpiochip${base}`, label, base, 54),
    export: "",
  });
  expect(findSysfsChip(null, folder)).toEqual({ label, base, lines: 54 });
  expect(findSysfsChip("raspberrypi-exp-gpio", folder).base).toBe(504);
});

test("names the chips that there are where none is the right one", () => {
  const folder = folderWith({ ...chip("gpiochip504", "9030000.pl061", 504, 8), export: "" });
  expect(() => findSysfsChip(null, folder)).toThrow(
    'found the GPIO chips "9030000.pl061", expected one of a Raspberry Pi\'s header; name one of them in gpio.chip',
  );
  expect(() => findSysfsChip("pl", folder)).toThrow(
    'found the GPIO chips "9030000.pl061", expected one with the label "pl"',
  );
  expect(() => findSysfsChip(null, folderWith({ export: "" }))).toThrow("this machine has no GPIO chip");
});
