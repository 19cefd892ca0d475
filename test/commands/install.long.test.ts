/** `rivulet install`: the files it writes, what it refuses, and what systemd says of the unit. */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseConfig } from "../../src/config/config.ts";
import { needing } from "../needs.ts";
import { folderWith, rivulet } from "../rivulet.ts";

/** What `systemd-analyze security` gives at most, of 100: 8 was reached. */
const mostExposed = 10;

const config = `# kept, as all comments are
source:
  serial: { path: /dev/ttyUSB9 } # here too
  framing: lines
  fields: [x, y, label]
target: { column: label, classes: 3 }
model: { layers: [{dense: 400}, tanh, {dense: 400}, tanh, dense] }
checkpoint: { directory: saved, keep: 3 }
`;

const paths = [
  "/etc/rivulet/pump.yaml",
  "/etc/systemd/system/rivulet-pump.service",
  "/etc/udev/rules.d/70-rivulet-pump.rules",
];
const [copy, unit, rule] = paths;

/** A folder with a config, and an image to install to. */
function image(text = config) {
  const cwd = folderWith({ "pump.yaml": text, "image/etc/group": "dialout:x:20:\n" });
  return { cwd, root: join(cwd, "image") };
}

async function install(cwd: string, ...more: string[]) {
  const { code, stdout, stderr } = await rivulet(
    ["install", "pump.yaml", "--root", "image", "--json", ...more],
    { cwd },
  );
  return { code, stderr, report: JSON.parse(stdout) };
}

const hasSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0;

describe("rivulet install", () => {
  test("writes the unit, the rule and the config below the folder it is given, and says what starts it", async () => {
    const { cwd, root } = image();
    const { code, stderr, report } = await install(cwd);
    expect([code, stderr]).toEqual([0, ""]);
    for (const { path, text } of report.files) expect(readFileSync(join(root, path), "utf8")).toBe(text);
    expect(report.files.map(({ path }: { path: string }) => path)).toEqual(paths);
    expect(report.commands).toEqual([`systemctl --root=${root} enable rivulet-pump`]);
    expect(readFileSync(join(root, rule), "utf8")).toContain(
      'KERNEL=="ttyUSB9", ENV{ID_MM_DEVICE_IGNORE}="1"',
    );
  });

  test("copies the config to the letter, but for the folder of its checkpoints", async () => {
    const { cwd, root } = image();
    await install(cwd);
    const text = readFileSync(join(root, copy), "utf8");
    expect(text).toBe(config.replace("saved", "/var/lib/rivulet-pump"));
  });

  test("writes a timer for sync, which hands the secret over and shares the user of the daemon", async () => {
    const text = `${config}sync: { to: "http://nas.local:9000/fleet", device: pump-7, secretFile: pump-7.key, every: 30min }\n`;
    const { cwd, root } = image(text);
    const { code, report } = await install(cwd);
    expect(code).toBe(0);
    expect(report.commands).toEqual([`systemctl --root=${root} enable rivulet-pump rivulet-pump-sync.timer`]);
    const service = readFileSync(join(root, "/etc/systemd/system/rivulet-pump-sync.service"), "utf8");
    expect(service).toMatch(/^User=rivulet-pump$/m);
    expect(service).toContain(`LoadCredential=pump-7.key:${join(cwd, "pump-7.key")}\n`);
    expect(service).toMatch(/^ExecStart=.* sync \/etc\/rivulet\/pump\.yaml$/m);
    expect(service).toMatch(/^SuccessExitStatus=1$/m);
    const timer = readFileSync(join(root, "/etc/systemd/system/rivulet-pump-sync.timer"), "utf8");
    expect(timer).toMatch(/^OnUnitActiveSec=1800s\nRandomizedDelaySec=180s$/m);
    expect(readFileSync(join(root, copy), "utf8")).toContain(`secretFile: ${join(cwd, "pump-7.key")}`);
    if (hasSystemd) {
      const units = ["service", "timer"].map((kind) =>
        join(root, `/etc/systemd/system/rivulet-pump-sync.${kind}`),
      );
      const verified = spawnSync("systemd-analyze", ["verify", ...units], { encoding: "utf8" });
      expect(verified.stderr.split("\n").filter((line) => line.includes("rivulet-pump-sync"))).toEqual([]);
    }
  });

  test("refuses a name that no user can have, where the timer of sync needs one", async () => {
    const { cwd } = image(
      `name: pump.7\n${config}sync: { to: "http://nas.local:9000/fleet", secretFile: pump-7.key }\n`,
    );
    const { code, stderr } = await install(cwd);
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining("rivulet-pump.7 cannot be the name of a user"),
    ]);
  });

  test("leaves a port that is named by its device as it is named", async () => {
    const text = config.replace(/serial: .*/, "serial: { vendor: 2341, product: 0043, serialNumber: 7573 }");
    const { cwd, root } = image(text);
    const { code, report } = await install(cwd);
    expect(code).toBe(0);
    expect(readFileSync(join(root, copy), "utf8")).toBe(text.replace("saved", "/var/lib/rivulet-pump"));
    expect(report.notes).toContainEqual(
      expect.stringMatching(
        /^there is no port of the USB device 2341:0043 with the serial number 7573 now; plug/,
      ),
    );
  });

  test("makes paths absolute, and adds a folder for checkpoints where the config names none", async () => {
    const text = config.replace("/dev/ttyUSB9", "port").replace(/checkpoint:.*\n/, "");
    const { cwd, root } = image(text);
    await install(cwd);
    const moved = parseConfig(readFileSync(join(root, copy), "utf8"), "/etc/rivulet/pump.yaml");
    expect(moved.source.serial?.port).toBe(join(cwd, "port"));
    expect(moved.checkpoint.directory).toBe("/var/lib/rivulet-pump");
    expect(moved.name).toBe("pump");
  });

  test("limits memory by the plan, and devices to those of the port", async () => {
    const { cwd, root } = image();
    await install(cwd);
    const { stdout } = await rivulet(["plan", "pump.yaml", "--json"], { cwd });
    const { totalBytes } = JSON.parse(stdout);
    expect(totalBytes).toBeGreaterThan(2 ** 20);
    const text = readFileSync(join(root, unit), "utf8");
    const mebibytes = 96 + Math.ceil((4 * totalBytes + 1024 * 3 * 8) / 2 ** 20);
    expect(text).toContain(`\nMemoryMax=${mebibytes}M\n`);
    expect(text.match(/^DeviceAllow=.*/gm)).toEqual(["DeviceAllow=char-ttyUSB rw"]);
    expect(text).toContain("\nWants=modprobe@usbserial.service\n");
    expect(text).toContain("\nSupplementaryGroups=dialout\n");
    expect(text).not.toMatch(/\{\w+\}/);
  });

  test("lets a config with a connection onto the network, and leaves out device and rule", async () => {
    const { cwd, root } = image(config.replace(/serial: .*/, "tcp: { host: pump.local, port: 7000 }"));
    const { code, report } = await install(cwd);
    expect(code).toBe(0);
    expect(report.notes.join()).not.toMatch(/plug|group/);
    expect(existsSync(join(root, rule))).toBe(false);
    const text = readFileSync(join(root, unit), "utf8");
    expect(text).toContain("\nRestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6\n");
    expect(text).not.toMatch(/PrivateNetwork|IPAddressDeny|DeviceAllow|SupplementaryGroups/);
    expect(readFileSync(join(root, copy), "utf8")).toContain("host: pump.local");
  });

  test("includes every device of a config that merges several", async () => {
    const devices = `  merge:
    - { serial: { path: /dev/ttyUSB9 }, framing: lines, fields: [x, y] }
    - { serial: { path: usb }, framing: lines, fields: [z] }
    - { tcp: { host: pump.local, port: 7000 }, framing: lines, fields: [label] }
`;
    const { cwd, root } = image(config.replace(/ +serial:.*?(?=target)/s, devices));
    const { code } = await install(cwd);
    expect(code).toBe(0);
    const moved = parseConfig(readFileSync(join(root, copy), "utf8"), "/etc/rivulet/pump.yaml");
    const paths = moved.source.merge?.map(({ serial }) => serial?.port);
    expect(paths).toEqual(["/dev/ttyUSB9", join(cwd, "usb"), undefined]);
    const text = readFileSync(join(root, unit), "utf8");
    expect(text).toContain("\nRestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6\n");
    expect(text.match(/^DeviceAllow=.*/gm)).toEqual([
      "DeviceAllow=char-ttyUSB rw",
      "DeviceAllow=char-ttyACM rw",
    ]);
    expect(readFileSync(join(root, rule), "utf8").match(/^ACTION/gm)).toHaveLength(2);
  });

  test("lets a config with a lamp write to its pins, in a group that there is", async () => {
    const { cwd, root } = image(`${config}gpio: { heartbeat: 17 }\n`);
    const first = await install(cwd);
    expect(first.report.notes).toContainEqual(expect.stringContaining("there is no group gpio"));
    writeFileSync(join(root, "etc/group"), "dialout:x:20:\ngpio:x:997:\n");
    const { report } = await install(cwd, "--force");
    expect(report.notes).not.toContainEqual(expect.stringContaining("gpio"));
    const text = readFileSync(join(root, unit), "utf8");
    expect(text).toContain("\nSupplementaryGroups=dialout gpio\n");
    expect(text).toContain("\nDeviceAllow=char-gpiochip rw\n");
    expect(text).toContain("\nProtectKernelTunables=no\n");
  });

  test("shows every file and command with --dry-run, and changes nothing", async () => {
    const { cwd, root } = image();
    const { code, stdout } = await rivulet(["install", "pump.yaml", "--root", "image", "--dry-run"], { cwd });
    expect(code).toBe(0);
    for (const path of paths) {
      expect(stdout).toContain(`==> ${join(root, path)} (would be written)`);
      expect(existsSync(join(root, path))).toBe(false);
    }
    for (const line of ["Type=notify", "target: { column", "SUBSYSTEM==", "enable rivulet-pump"]) {
      expect(stdout).toContain(line);
    }
  });

  test("keeps what is the same, and replaces another content only with --force", async () => {
    const { cwd, root } = image();
    await install(cwd);
    expect((await install(cwd)).code).toBe(0);
    writeFileSync(join(root, copy), "mine");
    const before = readFileSync(join(root, unit), "utf8");
    writeFileSync(join(cwd, "pump.yaml"), config.replace("400", "40"));
    const refused = await install(cwd);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/pump\.yaml, .*pump\.service exist with other content, .*--force/);
    expect(readFileSync(join(root, copy), "utf8")).toBe("mine");
    expect(readFileSync(join(root, unit), "utf8")).toBe(before);
    expect((await install(cwd, "--force")).code).toBe(0);
    expect(readFileSync(join(root, copy), "utf8")).toContain("40");
  });

  test("asks for root in one sentence before anything is changed", async () => {
    const { cwd } = image();
    chmodSync(cwd, 0o755);
    const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const { code, stderr } = await rivulet(["install", "pump.yaml"], { cwd, ...user });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^rivulet: only root may install a service, and nothing was changed; .*--dry-run\n$/,
    );
  });

  test.each([
    ["no port", config.replace(/source:.*?target/s, "target"), /has no serial port and no TCP connection/],
    ["a pipe", config.replace(/serial: .*/, "stdin: true"), /has no serial port and no TCP connection/],
    ["a budget that its plan exceeds", `${config}memory: { budget: 1KiB }\n`, /budget/],
  ])("refuses a config with %s", async (_, text, complaint) => {
    const { cwd, root } = image(text);
    const { code, stderr } = await install(cwd);
    expect(code).toBe(2);
    expect(stderr).toMatch(complaint);
    expect(existsSync(join(root, "etc/systemd"))).toBe(false);
  });

  test("installs a config that only watches for anomalies, with the memory that this takes", async () => {
    const watching = config.replace(/target:.*\nmodel:.*/, "anomaly: { alarmsPerWeek: 2 }");
    const { cwd, root } = image(watching);
    const { code, stderr } = await install(cwd);
    expect([code, stderr]).toEqual([0, ""]);
    expect(readFileSync(join(root, unit), "utf8")).toMatch(
      /plus 4 times the 1\d{5} bytes of what is learned/,
    );
  });

  test(
    "makes a unit that systemd finds nothing wrong with, and safe",
    needing(hasSystemd, "systemd-analyze (apt install systemd)"),
    async () => {
      const { cwd, root } = image();
      await install(cwd);
      const path = join(root, unit);
      const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", path], { encoding: "utf8" });
      expect([status, stdout, stderr]).toEqual([0, "", ""]);
      const options = ["security", "--offline=true", "--no-pager", `--threshold=${mostExposed}`, path];
      const report = execFileSync("systemd-analyze", options, { encoding: "utf8" });
      const score = report.match(/Overall exposure level.*/)?.[0];
      console.log(score);
      expect(score).toContain("SAFE");
    },
  );
});
