import { expect, test } from "vitest";
import type { PortFacts } from "../../src/device/port.ts";
import { type UnitFacts, unitText } from "../../src/device/unit.ts";

const port = (name: string, group: string | null = "dialout"): PortFacts => ({
  path: `/dev/${name}0`,
  kernelName: `${name}0`,
  classes: [name],
  usb: null,
  group,
});

const facts: UnitFacts = {
  node: "/usr/bin/node",
  cli: "/usr/lib/rivulet.cjs",
  config: "/etc/rivulet/pump.yaml",
  ports: [port("ttyACM")],
  network: false,
  plannedBytes: 0,
  queueBytes: 0,
  systemd: null,
};

/** What becomes of one comment in braces, line by line, without comments. */
function part(name: string, changes: Partial<UnitFacts> = {}): string[] {
  const text = unitText(`# of the template\n\n# {${name}}\n`, { ...facts, ...changes });
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

test("a unit says at its head that it was made, and in the place of the template's own head", () => {
  expect(
    unitText("# of the template\n# and more\n\n[Unit]\n# kept\n\n# {network}\n", { ...facts, network: true }),
  ).toBe(
    `# Written by "rivulet install". To change settings, use "systemctl edit", which keeps them in a separate file.

[Unit]
# kept

RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6
`,
  );
});

test.each<[string, Partial<UnitFacts>, string[]]>([
  ["modules", {}, ["Wants=modprobe@cdc_acm.service", "After=modprobe@cdc_acm.service"]],
  [
    "modules",
    { ports: [port("ttyUSB"), port("ttyACM"), port("ttyUSB")] },
    [
      "Wants=modprobe@usbserial.service modprobe@cdc_acm.service",
      "After=modprobe@usbserial.service modprobe@cdc_acm.service",
    ],
  ],
  ["modules", { ports: [port("ttyAMA")] }, []],
  ["devices", { ports: [] }, []],
  [
    "devices",
    { ports: [port("ttyUSB"), port("ttyUSB"), port("ttyACM")], gpio: { group: null } },
    ["DeviceAllow=char-ttyUSB rw", "DeviceAllow=char-ttyACM rw", "DeviceAllow=char-gpiochip rw"],
  ],
  ["groups", { ports: [port("ttyUSB", null)] }, []],
  ["groups", { ports: [port("ttyUSB", null)], gpio: { group: null } }, []],
  [
    "groups",
    { ports: [port("ttyUSB"), port("ttyUSB"), port("ttyS", "tty")], gpio: { group: "gpio" } },
    ["SupplementaryGroups=dialout tty gpio"],
  ],
  ["tunables", {}, ["ProtectKernelTunables=yes"]],
  ["tunables", { gpio: { group: null } }, ["ProtectKernelTunables=no"]],
  ["backoff", {}, []],
  ["backoff", { systemd: 253 }, []],
  ["backoff", { systemd: 254 }, ["RestartSteps=6", "RestartMaxDelaySec=5min"]],
  ["network", {}, ["PrivateNetwork=yes", "IPAddressDeny=any", "RestrictAddressFamilies=AF_UNIX AF_NETLINK"]],
  ["home", {}, ["ProtectHome=yes"]],
  ["home", { node: "/home/pi/node/bin/node" }, ["ProtectHome=read-only"]],
  ["home", { cli: "/root/rivulet.cjs" }, ["ProtectHome=read-only"]],
  ["home", { config: "/home/pi/pump.yaml", node: "/opt/home/node" }, ["ProtectHome=yes"]],
  // 96 MiB, and what is begun of a mebibyte counts whole; the kernel takes memory back 16 MiB before the limit.
  ["memory", {}, ["MemoryHigh=80M", "MemoryMax=96M"]],
  ["memory", { queueBytes: 1 }, ["MemoryHigh=81M", "MemoryMax=97M"]],
  ["memory", { plannedBytes: 5 * 2 ** 18, queueBytes: 2 ** 20 }, ["MemoryHigh=86M", "MemoryMax=102M"]],
])("its %s, where the machine has %o", (name, changes, lines) => {
  expect(part(name, changes)).toEqual(lines);
});

test("the command line comes to systemd as it is, whatever is in its words", () => {
  const config = '/etc/a b/100 %/$HOME/"x"\\y.yaml';
  const [line] = part("start", { config, cli: "/opt/50%/a$b.cjs" });
  expect(line).toBe(
    'ExecStart=/usr/bin/node --max-semi-space-size=1 --initial-old-space-size=8 --no-maglev --disallow-code-generation-from-strings /opt/50%%/a$$b.cjs run "/etc/a b/100 %%/$$HOME/\\"x\\"\\\\y.yaml"',
  );
});
