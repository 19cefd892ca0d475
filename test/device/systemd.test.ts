/** The daemon as a service: what it tells a `systemd-notify` that writes down what it is asked to send. */
import { chmodSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createStream, fieldsInYaml } from "../daemon/device.ts";
import { cli, folderWith, start, startRivulet } from "../rivulet.ts";
import { until } from "../until.ts";

const words = ["run", "c.yaml", "--status-every", "50ms", "--json"];

const config = `name: bench
source:
  serial: { path: port }
  fields: ${fieldsInYaml}
target: { column: label, classes: 3 }
checkpoint: { directory: saved }
`;

/** One line for each message; its own name is no argument. */
const recorder = `#!/bin/sh
printf '%s | ' "$@" >> "$SENT"
echo >> "$SENT"
`;

/** Hangs for good when told to by a signal, and says so. */
const hang = `process.on("SIGUSR2", () => {
  require("node:fs").writeSync(1, '{"event":"hangs"}\\n');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});`;

/** A folder with a config and a recorder, for a daemon that is to give signs of life once a second. */
function service() {
  const cwd = folderWith({ "c.yaml": config, "bin/systemd-notify": recorder, "hang.cjs": hang });
  chmodSync(join(cwd, "bin/systemd-notify"), 0o755);
  const sent = join(cwd, "sent");
  const environment = {
    PATH: `${join(cwd, "bin")}:${process.env["PATH"]}`,
    SENT: sent,
    NOTIFY_SOCKET: join(cwd, "nobody-listens"),
    WATCHDOG_USEC: "2000000",
  };
  const stream = createStream();
  const messages = () => (existsSync(sent) ? readFileSync(sent, "utf8").split("\n").slice(0, -1) : []);
  return {
    cwd,
    environment,
    stream,
    messages,
    pings: () => messages().filter((message) => message.startsWith("WATCHDOG=1")).length,
    plugIn() {
      const device = stream.open();
      device.plugIn(join(cwd, "port"));
      return device;
    },
  };
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe.concurrent("as a service of systemd the daemon", () => {
  test("is ready when its port is open, alive while it learns, and says that it stops", async () => {
    const { cwd, environment, messages, pings, plugIn } = service();
    const device = plugIn();
    const daemon = startRivulet(words, { cwd, environment });
    await daemon.event("port-open");
    await until(() => messages().length > 0);
    expect(messages()[0]).toMatch(/^READY=1 \| STATUS=at .*port; 0 samples; accuracy/);
    const learning = setInterval(() => device.samples(5), 20);
    await until(() => pings() >= 2);
    clearInterval(learning);
    expect(messages().at(-1)).toMatch(/STATUS=at .*; \d{2,} samples; accuracy/);
    daemon.process.kill("SIGTERM");
    const { code, stderr } = await daemon.ended;
    expect([code, stderr]).toEqual([0, ""]);
    await until(() => messages().at(-1)?.startsWith("STOPPING=1") === true);
  });

  test("is ready, and alive, while its port is known to be away", async () => {
    const here = service();
    const daemon = startRivulet(words, here);
    await daemon.event("port-waiting");
    await until(() => here.pings() >= 2);
    expect(here.messages()[0]).toMatch(/^READY=1 \| STATUS=waiting for /);
    const device = here.plugIn();
    await daemon.event("port-open");
    device.samples(50);
    await daemon.event("status", (line) => line.samples === 50);
    device.unplug();
    await daemon.event("port-waiting", () => daemon.events("port-waiting").length > 1);
    const before = here.pings();
    await until(() => here.pings() >= before + 2);
    daemon.process.kill("SIGTERM");
    expect((await daemon.ended).code).toBe(0);
  });

  test("is alive while its device is silent", async () => {
    const here = service();
    here.plugIn();
    const daemon = startRivulet(words, here);
    await daemon.event("port-open");
    await until(() => here.pings() >= 3);
    daemon.process.kill("SIGTERM");
    expect((await daemon.ended).code).toBe(0);
  });

  test("gives no sign of life when its loop is stuck", async () => {
    const here = service();
    const device = here.plugIn();
    const daemon = start(["--require", join(here.cwd, "hang.cjs"), cli, ...words], here);
    await daemon.event("port-open");
    device.samples(50);
    await until(() => here.pings() >= 1);
    daemon.process.kill("SIGUSR2");
    await daemon.event("hangs");
    const before = here.pings();
    await pause(3000);
    // One may have been under way.
    expect(here.pings()).toBeLessThanOrEqual(before + 1);
  });

  // That none is given meanwhile, systemd-service.test.ts shows by a clock of its own: on a busy machine noise has gaps.
  test("says why it gives no sign of life while bytes come that it learns nothing from", async () => {
    const here = service();
    const device = here.plugIn();
    const noise = setInterval(() => device.text("no frame at all "), 10);
    const daemon = startRivulet(words, here);
    const told = await daemon.event("service-trouble");
    expect(told.text).toMatch(
      /no watchdog keep-alive .* bytes were received and no sample was learned from; check that fields/,
    );
    clearInterval(noise);
    const before = here.pings();
    device.bytes(Uint8Array.of(0));
    device.samples(20);
    await until(() => here.pings() > before);
    daemon.process.kill("SIGTERM");
    expect((await daemon.ended).code).toBe(0);
  });

  test("learns on where there is no systemd-notify, and complains once", async () => {
    const here = service();
    const device = here.plugIn();
    const daemon = startRivulet(words, {
      cwd: here.cwd,
      environment: { ...here.environment, PATH: here.cwd, WATCHDOG_USEC: "400000" },
    });
    await daemon.event("service-trouble");
    device.samples(50);
    await daemon.event("status", (line) => line.samples === 50);
    await pause(600);
    expect(daemon.events("service-trouble").map(({ text }) => text)).toEqual([
      expect.stringMatching(/cannot notify systemd .*ENOENT.*; install the package systemd/),
    ]);
    daemon.process.kill("SIGTERM");
    expect((await daemon.ended).code).toBe(0);
  });
});
