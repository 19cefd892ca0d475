/** The daemon with lamp, alarm and buttons: unmodified onoff on a served sysfs, and the machines that have none. */
import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { lackOfSysfs, type Sysfs, serveSysfs } from "../device/gpio/sysfs.ts";
import { needing } from "../needs.ts";
import { built, builtModule, folderWith, type Run, start, startRivulet } from "../rivulet.ts";
import { until } from "../until.ts";
import { createStream, fieldsInYaml } from "./device.ts";

const configFor = (
  gpio: string,
  source = `framing: frames, fields: ${fieldsInYaml}`,
  classes = 3,
) => `name: bench
source: { serial: { path: port }, ${source} }
target: { column: label, classes: ${classes} }
checkpoint: { directory: saved, every: 1h }
gpio: ${gpio}
`;

const words = ["run", "c.yaml", "--status-every", "50ms", "--json"];

function bench(config: string, framing: "frames" | "lines" = "frames") {
  const cwd = folderWith({ "c.yaml": config });
  const device = createStream(framing).open();
  device.plugIn(join(cwd, "port"));
  return { cwd, device };
}

const runIn = (sysfs: Sysfs, cwd: string): Run =>
  startRivulet(words, { cwd, through: sysfs.into(cwd), environment: sysfs.environment });

/** Board, first line and chips as the kernels number them; another chip always comes first. */
const boards = [
  ["before Linux 6.6", "pinctrl-bcm2835", 0],
  ["on Linux 6.6", "pinctrl-bcm2711", 512],
  ["on a Pi 5", "pinctrl-rp1", 571],
] as const;

const boardWith = (label: string, base: number, more: { busy?: number[]; invalid?: number[] } = {}) =>
  serveSysfs({
    chips: [
      { label: "raspberrypi-exp-gpio", base: base + 54, lines: 8, broken: true },
      { label, base, lines: 54 },
    ],
    ...more,
  });

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Bounces, then a finger that stays until it sees what it did. */
async function press(sysfs: Sysfs, line: number, done: () => boolean): Promise<void> {
  sysfs.set(line, 1, 0, 1);
  await until(done);
  sysfs.set(line, 0);
  await pause(150);
}

const allPins =
  "{ heartbeat: 17, alarm: { pin: 22, class: 0, on: 0, off: 0 }, label: { pin: 27, class: 1, seconds: 60 }, pause: 5, checkpoint: 6 }";

describe("on a served sysfs", needing(lackOfSysfs === null, `a served sysfs: ${lackOfSysfs}`), () => {
  test.each(boards)(
    "%s, with %s from %i, lamp, alarm and buttons work and are given back",
    async (_, label, base) => {
      const sysfs = await boardWith(label, base);
      const { cwd, device } = bench(configFor(allPins));
      const daemon = runIn(sysfs, cwd);
      expect((await daemon.event("gpio")).text).toBe(
        `GPIO through onoff on ${label}, whose first line is ${base}: heartbeat on 17, alarm on 22, label on 27, pause on 5, checkpoint on 6`,
      );
      expect(existsSync(join(cwd, "saved/gpio.json"))).toBe(true);
      device.samples(100);
      await daemon.event("status", (line) => line.samples === 100);
      await until(() => sysfs.deeds.includes(`${base + 17} value 1`));
      await until(() => sysfs.deeds.includes(`${base + 17} value 0`));
      expect(sysfs.deeds).toContain(`${base + 22} value 1`);

      await press(sysfs, base + 27, () => daemon.events("label").length === 1);
      expect(await daemon.event("label")).toMatchObject({ label: 1, seconds: 60, labelled: 100 });
      // They came with labels: those that say another class are corrected, which are no further samples.
      const { corrected } = await daemon.event("label");
      expect(corrected).toBeGreaterThan(0);
      await daemon.event("status", (line) => line.labels.corrected === corrected && line.samples === 100);

      await press(sysfs, base + 5, () => daemon.events("pause").length === 1);
      expect(await daemon.event("pause")).toMatchObject({ paused: true });
      const { bytes } = await daemon.event("status");
      device.samples(50);
      await daemon.event("status", (line) => line.bytes > bytes && line.paused && line.samples === 100);
      await press(sysfs, base + 5, () => daemon.events("pause").length === 2);
      expect(await daemon.event("pause", (line) => !line.paused)).toMatchObject({ problem: false });
      device.samples(50);
      await daemon.event("status", (line) => line.samples === 150);

      await press(sysfs, base + 6, () => daemon.events("checkpoint").length === 1);
      const { path } = await daemon.event("checkpoint");
      expect(existsSync(path)).toBe(true);

      daemon.process.kill("SIGTERM");
      expect((await daemon.ended).code).toBe(0);
      for (const pin of [17, 22]) {
        const [last, before] = sysfs.deeds.filter((deed) => deed.startsWith(`${base + pin} `)).reverse();
        expect([before, last]).toEqual([`${base + pin} value 0`, `${base + pin} unexport`]);
      }
      for (const pin of [27, 5, 6]) expect(sysfs.deeds).toContain(`${base + pin} unexport`);
      const touched = new Set(sysfs.deeds.map((deed) => Number.parseInt(deed, 10) - base));
      expect([...touched].sort((a, b) => a - b)).toEqual([5, 6, 17, 22, 27]);
      expect(readdirSync(join(cwd, "saved")).filter((name) => name.startsWith("gpio"))).toEqual([]);
    },
  );

  test("an alarm that a kill left on goes off at the next start, even when it is configured no more", async () => {
    const sysfs = await boardWith("pinctrl-bcm2711", 512);
    const { cwd, device } = bench(configFor("{ alarm: { pin: 22, class: 0, on: 0 }, pause: 5 }"));
    const killed = runIn(sysfs, cwd);
    await killed.event("gpio");
    device.samples(10);
    await until(() => sysfs.deeds.includes("534 value 1"));
    killed.process.kill("SIGKILL");
    await killed.ended;
    expect(sysfs.deeds).not.toContain("534 unexport");
    const other = folderWith({
      "c.yaml": configFor("{ heartbeat: 17 }").replace("saved", join(cwd, "saved")),
    });
    device.plugIn(join(other, "port"));
    const daemon = runIn(sysfs, other);
    await daemon.event("gpio", ({ text }) => text.startsWith("GPIO through"));
    expect(daemon.events("gpio")[0].text).toBe(
      "released the GPIO pins that a killed process had left open, and drove its outputs low",
    );
    await until(() => sysfs.deeds.includes("517 unexport"));
    expect(sysfs.deeds.filter((deed) => deed.startsWith("534")).slice(-3)).toEqual([
      "534 direction low",
      "534 value 0",
      "534 unexport",
    ]);
    daemon.process.kill("SIGTERM");
    expect((await daemon.ended).code).toBe(0);
  });

  test("gives all pins back when an error that nobody caught ends the process", async () => {
    const sysfs = await boardWith("pinctrl-bcm2711", 512);
    const { cwd } = bench(configFor("{ heartbeat: 17, pause: 5 }"));
    const code = `
        const { openGpio } = await import(${JSON.stringify(builtModule("device/gpio/gpio.js"))});
        openGpio({ chip: null, heartbeat: 17, alarm: null, labels: [], pause: { pin: 5, pressed: null, holdMs: 0 }, checkpoint: null, normal: null },
          "gpio.json", { tell: (event, text) => console.log(JSON.stringify({ event, text })), learned: () => 0 });
        throw new Error("nobody catches this");`;
    const failing = start(["--input-type=module", "-e", code], {
      cwd,
      through: sysfs.into(cwd),
      environment: sysfs.environment,
    });
    expect((await failing.ended).stderr).toContain("nobody catches this");
    expect(sysfs.deeds.slice(-3)).toEqual(["529 value 0", "529 unexport", "517 unexport"]);
    expect(existsSync(join(cwd, "gpio.json"))).toBe(false);
  });

  test("says which pin cannot be used and why, and continues with the others", async () => {
    const sysfs = await serveSysfs({
      chips: [{ label: "pinctrl-bcm2711", base: 512, lines: 58 }],
      busy: [529],
      invalid: [534],
    });
    const { cwd, device } = bench(
      configFor("{ heartbeat: 17, alarm: { pin: 22, class: 0 }, pause: 60, checkpoint: 6 }"),
    );
    const daemon = runIn(sysfs, cwd);
    expect((await daemon.event("gpio")).text).toMatch(/: checkpoint on 6$/);
    expect(daemon.events("gpio-problem").map(({ text, problem }) => [text, problem])).toEqual([
      [
        "gpio.heartbeat is not used: cannot open GPIO 17 (line 529 of the kernel): a driver or another program uses it (EBUSY)",
        true,
      ],
      [
        "gpio.alarm is not used: cannot open GPIO 22 (line 534 of the kernel): the kernel has no such line (EINVAL)",
        true,
      ],
      [
        "gpio.pause is not used: found GPIO 60, but the chip pinctrl-bcm2711 has only GPIO 0 to 57; correct the pin",
        true,
      ],
    ]);
    device.samples(50);
    await daemon.event("status", (line) => line.samples === 50);
    daemon.process.kill("SIGTERM");
    expect((await daemon.ended).code).toBe(0);
  });

  test("gives back a line that was exported and then fails", async () => {
    const sysfs = await boardWith("pinctrl-bcm2711", 512);
    const { cwd } = bench(configFor("{ chip: raspberrypi-exp-gpio, heartbeat: 3 }"));
    const daemon = runIn(sysfs, cwd);
    expect((await daemon.event("gpio-problem")).text).toMatch(
      /^gpio.heartbeat is not used: cannot open GPIO 3 \(line 569 of the kernel\): the device reports an input\/output error/,
    );
    await until(() => sysfs.deeds.includes("569 unexport"));
    daemon.process.kill("SIGTERM");
    expect((await daemon.ended).code).toBe(0);
  });

  test("keeps running when another program takes a line away", async () => {
    const sysfs = await boardWith("pinctrl-bcm2711", 512);
    const { cwd, device } = bench(configFor("{ heartbeat: 17, pause: 5 }"));
    const daemon = runIn(sysfs, cwd);
    await daemon.event("gpio");
    sysfs.takeAway(517);
    sysfs.takeAway(529);
    expect((await daemon.event("gpio-problem")).text).toBe(
      "cannot read GPIO 5 (line 517 of the kernel): another program has unexported it (ENODEV)",
    );
    device.samples(50);
    expect((await daemon.event("gpio-problem", ({ text }) => text.includes("GPIO 17"))).text).toBe(
      "gpio.heartbeat is no longer used: cannot write GPIO 17 (line 529 of the kernel): another program has unexported it (ENODEV)",
    );
    device.samples(50);
    await daemon.event("status", (line) => line.samples === 100);
    daemon.process.kill("SIGTERM");
    expect((await daemon.ended).code).toBe(0);
    expect(daemon.events("gpio-problem")).toHaveLength(2);
  });

  test("learns from buttons alone what the port does not send", async () => {
    const sysfs = await boardWith("pinctrl-bcm2711", 512);
    const labels = "{ label: [{ pin: 26, class: 0, seconds: 3600 }, { pin: 27, class: 1, seconds: 3600 }] }";
    const { cwd, device } = bench(configFor(labels, "framing: lines, fields: [x, y]", 2), "lines");
    const daemon = runIn(sysfs, cwd);
    await daemon.event("gpio");
    device.text("0,0\n");
    let bytes = 4;
    let learned = 0;
    for (let round = 0; round < 6; round++) {
      const label = round % 2;
      const x = label === 1 ? 1 : -1;
      const lines = Array.from({ length: 50 }, (_, i) => `${x},${Math.sin(i).toFixed(3)}\n`).join("");
      device.text(lines);
      bytes += lines.length;
      await daemon.event("status", (line) => line.bytes === bytes);
      await press(sysfs, 512 + 26 + label, () => daemon.events("label").length > round);
      const told = daemon.events("label")[round];
      expect(told).toMatchObject({ label, labelled: 50 });
      learned += told.labelled;
      await daemon.event("status", (line) => line.samples === learned);
    }
    const { scores } = await daemon.event("status");
    expect(scores.slidingAccuracy).toBeGreaterThan(0.7);
    daemon.process.kill("SIGTERM");
    expect((await daemon.ended).code).toBe(0);
  });

  test.each([
    [
      "is not installed",
      null,
      'found no package onoff, which GPIO under /sys/class/gpio needs; install python3, make and g++, then run "npm install onoff" where Rivulet is installed',
    ],
    [
      "is compiled for another Node",
      'const error = new Error("compiled against a different Node.js version"); error.code = "ERR_DLOPEN_FAILED"; throw error;',
      `the package onoff does not load in Node ${process.versions.node}, because its dependency epoll is not compiled for it; install python3, make and g++, then run "npm rebuild epoll"`,
    ],
  ])("says so in one sentence where onoff %s, and learns", async (_, onoff, sentence) => {
    const sysfs = await boardWith("pinctrl-bcm2711", 512);
    const { cwd, device } = bench(configFor("{ heartbeat: 17 }"));
    const root = fileURLToPath(new URL("../..", import.meta.url));
    for (const name of ["dist", "package.json"])
      cpSync(join(built, name), join(cwd, name), { recursive: true });
    mkdirSync(join(cwd, "node_modules"));
    const modules = join(root, "node_modules");
    for (const name of readdirSync(modules).filter((name) => name !== "onoff")) {
      symlinkSync(join(modules, name), join(cwd, "node_modules", name));
    }
    if (onoff !== null) {
      const files = folderWith({ "onoff/index.js": onoff });
      cpSync(join(files, "onoff"), join(cwd, "node_modules/onoff"), { recursive: true });
    }
    const daemon = start([join(cwd, "dist/bin/rivulet.cjs"), ...words], {
      cwd,
      through: [...sysfs.into(cwd), "env", `PATH=${cwd}`],
      environment: { NODE_PATH: "" },
    });
    expect((await daemon.event("gpio-problem")).text).toBe(
      `${sentence}, and the tools of the package gpiod are not installed; GPIO is not used`,
    );
    device.samples(50);
    await daemon.event("status", (line) => line.samples === 50);
    daemon.process.kill("SIGTERM");
    expect((await daemon.ended).code).toBe(0);
    expect(daemon.events("gpio-problem")).toHaveLength(1);
    expect(sysfs.deeds).toEqual([]);
  });
});

test(
  "says in one line that there is no GPIO, and learns on",
  needing(!existsSync("/sys/class/gpio/export"), "a machine without GPIO"),
  async () => {
    const { cwd, device } = bench(configFor("{ heartbeat: 17, alarm: { pin: 22, class: 2 }, pause: 5 }"));
    const daemon = startRivulet(words, { cwd, environment: { PATH: cwd } });
    const { text, problem } = await daemon.event("gpio-problem");
    expect([text, problem]).toEqual([
      "the kernel has no GPIO under /sys/class/gpio, and the tools of the package gpiod are not installed; GPIO is not used",
      true,
    ]);
    device.samples(200);
    await daemon.event("status", (line) => line.samples === 200);
    daemon.process.kill("SIGTERM");
    const { code, stderr } = await daemon.ended;
    expect([code, stderr]).toEqual([0, ""]);
    expect(daemon.events().filter(({ event }) => event.startsWith("gpio"))).toHaveLength(1);
  },
);
