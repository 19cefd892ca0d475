/** Folders that look like the root of a board's file system, for checks to look at. */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { recognizeBoard } from "../../src/device/board.ts";
import { examine } from "../../src/device/examine.ts";
import type { Finding, Needs } from "../../src/device/finding.ts";
import { type Machine, thisMachine } from "../../src/device/machine.ts";

/** The text of a file; a link; a folder; what has a mode of its own; null takes away what a healthy tree has. */
export type Entry =
  | string
  | { link: string }
  | { folder: true }
  | { text: string; mode: number; group?: number }
  | null;
export type Entries = Record<string, Entry>;

/** A user that owns none of the files, and is in the group of those that a group may use. */
const fileGroup = process.getuid?.() === 0 ? 20 : (process.getgid?.() ?? 20);
const user = { name: "pi", id: (process.getuid?.() ?? 0) + 1, groups: [fileGroup] };

export const port = (mode = 0o660): Entry => ({ text: "", mode, group: fileGroup });

const bluetooth = "enable_uart=1\ndtoverlay=disable-bt\n";

interface Kind {
  model: string;
  compatible: string[];
  gpio: [chip: string, label: string][];
  config: string;
  dev: Entries;
  node: Partial<Machine["node"]>;
  processor: string;
  memoryKiB: number;
}

const header: Entries = {
  "dev/ttyAMA0": port(),
  "sys/class/tty/ttyAMA0/device/x": "",
  "dev/serial0": { link: "ttyAMA0" },
};
const older = { config: bluetooth, dev: header, node: { architecture: "arm64" }, processor: "aarch64" };

/** The boards as their systems describe them when all is well. */
export const kinds: Record<string, Kind> = {
  "raspberry-pi-zero-w": {
    ...older,
    model: "Raspberry Pi Zero W Rev 1.1",
    compatible: ["raspberrypi,model-zero-w", "brcm,bcm2835"],
    gpio: [["gpiochip512", "pinctrl-bcm2835"]],
    node: { architecture: "arm", armVersion: 6, variants: ["scalar"] },
    processor: "armv6l",
    memoryKiB: 439_000,
  },
  "raspberry-pi-zero-2-w": {
    ...older,
    model: "Raspberry Pi Zero 2 W Rev 1.0",
    compatible: ["raspberrypi,model-zero-2-w", "brcm,bcm2837"],
    gpio: [["gpiochip512", "pinctrl-bcm2835"]],
    memoryKiB: 426_000,
  },
  "raspberry-pi-3b": {
    ...older,
    model: "Raspberry Pi 3 Model B Rev 1.2",
    compatible: ["raspberrypi,3-model-b", "brcm,bcm2837"],
    // As in QEMU's raspi3b: the header's chip is not the first.
    gpio: [
      ["gpiochip450", "raspberrypi-exp-gpio"],
      ["gpiochip458", "pinctrl-bcm2835"],
    ],
    memoryKiB: 930_000,
  },
  "raspberry-pi-4b": {
    ...older,
    model: "Raspberry Pi 4 Model B Rev 1.4",
    compatible: ["raspberrypi,4-model-b", "brcm,bcm2711"],
    gpio: [
      ["gpiochip512", "pinctrl-bcm2711"],
      ["gpiochip570", "raspberrypi-exp-gpio"],
    ],
    memoryKiB: 3_900_000,
  },
  "raspberry-pi-5": {
    ...older,
    model: "Raspberry Pi 5 Model B Rev 1.0",
    compatible: ["raspberrypi,5-model-b", "brcm,bcm2712"],
    gpio: [
      ["gpiochip512", "gpio-brcmstb@107d508500"],
      ["gpiochip571", "pinctrl-rp1"],
    ],
    config: "[pi5]\ndtparam=uart0=on\n",
    dev: {
      "dev/ttyAMA0": port(),
      "sys/class/tty/ttyAMA0/device/x": "",
      "dev/ttyAMA10": port(),
      "sys/class/tty/ttyAMA10/device/x": "",
      "dev/serial0": { link: "ttyAMA10" },
    },
    memoryKiB: 8_200_000,
  },
  linux: {
    model: "",
    compatible: [],
    gpio: [],
    config: "",
    dev: {},
    node: { architecture: "x64" },
    processor: "x86_64",
    memoryKiB: 16_000_000,
  },
};

/** A port on USB with all that is known of it, and its stable name. */
export const usbPort: Entries = {
  "dev/ttyACM0": port(),
  "sys/class/tty/ttyACM0/device": { link: "../../../devices/usb1/1-1/1-1:1.0" },
  "sys/devices/usb1/1-1/1-1:1.0/driver": { link: "../../../../bus/usb/drivers/cdc_acm" },
  "sys/devices/usb1/1-1/idVendor": "2341\n",
  "sys/devices/usb1/1-1/idProduct": "0043\n",
  "sys/devices/usb1/1-1/manufacturer": "Arduino (www.arduino.cc)\n",
  "sys/devices/usb1/1-1/serial": "7573530303135161C1F1\n",
  "dev/serial/by-id/usb-Arduino_7573-if00": { link: "../../ttyACM0" },
};

function healthy(kind: Kind): Entries {
  const zero = (words: string[]) => words.map((word) => `${word}\0`).join("");
  const chips = kind.gpio.flatMap(([name, label]): [string, Entry][] => [
    [`sys/class/gpio/${name}/label`, `${label}\n`],
    [`sys/class/gpio/${name}/base`, `${name.slice("gpiochip".length)}\n`],
  ]);
  const board: Entries =
    kind.compatible.length === 0
      ? {}
      : {
          "proc/device-tree/compatible": zero(kind.compatible),
          "proc/device-tree/model": zero([kind.model]),
          "boot/firmware/config.txt": `# from the factory\ndtparam=audio=on\n${kind.config}`,
          "boot/firmware/cmdline.txt": "console=tty1 root=PARTUUID=1-02 rootfstype=ext4 rootwait\n",
          "sys/class/gpio/export": { text: "", mode: 0o220, group: fileGroup },
        };
  return {
    ...board,
    ...kind.dev,
    ...Object.fromEntries(chips),
    "proc/meminfo": `MemTotal:     ${kind.memoryKiB} kB\nMemFree:   9 kB\nMemAvailable:   ${Math.round(kind.memoryKiB * 0.8)} kB\n`,
    "proc/swaps": "Filename\t\t\t\tType\t\tSize\n",
    "proc/cmdline": "coherent_pool=1M console=tty1 root=PARTUUID=1-02 rootfstype=ext4 rootwait\n",
    "proc/cpuinfo": "Features\t: fp asimd crc32\n",
    "proc/sys/kernel/osrelease": "6.12.34+rpt-rpi-v8\n",
    "proc/self/smaps": "00400000-00401000 r-xp\nKernelPageSize:        4 kB\n",
    "proc/self/mounts":
      "/dev/mmcblk0p2 / ext4 rw,noatime 0 0\nproc /proc proc rw 0 0\n/dev/mmcblk0p1 /boot/firmware vfat rw,relatime 0 0\n",
    "sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids\n",
    "sys/class/rtc": { folder: true },
    "run/systemd/timesync/synchronized": "",
    "etc/group": `root:x:0:\ndialout:x:${fileGroup}:\n`,
    "home/pi/checkpoints": { folder: true },
  };
}

/** Every file that a healthy board has. */
export const healthyEntries = (id: string): Entries => healthy(kinds[id]);

export function write(root: string, path: string, entry: Entry): void {
  const full = join(root, path);
  rmSync(full, { recursive: true, force: true });
  if (entry === null) return;
  // Whatever the umask: a group must not be able to write where the owner alone should.
  mkdirSync(dirname(full), { recursive: true, mode: 0o755 });
  if (typeof entry === "string") writeFileSync(full, entry);
  else if ("link" in entry) symlinkSync(entry.link, full);
  else if ("folder" in entry) {
    mkdirSync(full);
    chmodSync(full, 0o777);
  } else {
    writeFileSync(full, entry.text);
    if (process.getuid?.() === 0) chownSync(full, 0, entry.group ?? 0);
    chmodSync(full, entry.mode);
  }
}

/** A healthy board but for the changes, as the checks see it. */
export function fakeMachine(id: string, changes: Entries = {}, other: Partial<Machine> = {}): Machine {
  const root = mkdtempSync(join(tmpdir(), "rivulet-board-"));
  // One at a time: hundreds of trees at the end of a file of tests take a slow disk too long.
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const kind = kinds[id];
  for (const [path, entry] of Object.entries({ ...healthy(kind), ...changes })) write(root, path, entry);
  const variants = ["relaxed-simd", "simd", "scalar"];
  const node = {
    version: "22.14.0",
    architecture: "arm64",
    armVersion: null,
    variants,
    cLibrary: "glibc" as const,
  };
  return thisMachine(variants, {
    root,
    user,
    node: { ...node, ...kind.node },
    processor: kind.processor,
    now: new Date("2026-06-01T12:00:00Z"),
    freeBytes: () => 2 ** 33,
    ...other,
  });
}

/** A config that asks for the header's port, unless `changes` asks for something else. */
export function needing(changes: Partial<Needs> = {}): Needs {
  return {
    config: "pump.yaml",
    port: "/dev/ttyAMA0",
    noPort: null,
    checkpoints: { directory: "/home/pi/checkpoints", keep: 5, bytes: 100_000 },
    planned: { bytes: 20_000 },
    gpio: true,
    ...changes,
  };
}

export function findingsOn(machine: Machine, needs: Needs | null): Finding[] {
  return examine(machine, recognizeBoard(machine), needs);
}
