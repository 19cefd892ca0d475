/** Each check, shown to find what it is for; and each fix, shown to be a command, and some to put things right. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Finding, Needs } from "../../src/device/finding.ts";
import type { Machine } from "../../src/device/machine.ts";
import { folderWith } from "../rivulet.ts";
import { type Entries, fakeMachine, findingsOn, needing, port, usbPort } from "./tree.ts";

interface Case {
  board?: string;
  changes?: Entries;
  machine?: Partial<Machine>;
  /** Null: without a config. */
  needs?: Partial<Needs> | null;
  expected: [check: string, status: Finding["status"], text: RegExp, fix: RegExp | null];
}

const node = {
  version: "22.14.0",
  architecture: "arm64",
  armVersion: null,
  variants: ["simd", "scalar"],
  cLibrary: "glibc" as const,
};
const outsider = { name: "eve", id: 54_321, groups: [54_321] };
const mounts = (...lines: string[]): Entries => ({
  "proc/self/mounts": ["/dev/mmcblk0p2 / ext4 rw,noatime", ...lines].map((line) => `${line} 0 0\n`).join(""),
});
const running = (id: number, name: string, words: string, device?: string): Entries => ({
  [`proc/${id}/comm`]: `${name}\n`,
  [`proc/${id}/cmdline`]: words.replaceAll(" ", "\0"),
  ...(device === undefined ? {} : { [`proc/${id}/fd/3`]: { link: device } }),
});
const usb = { port: "/dev/ttyACM0", gpio: false };
const stableUsb = { ...usb, port: "/dev/serial/by-id/usb-Arduino_7573-if00" };
const meminfo = (total: number, available: number): Entries => ({
  "proc/meminfo": `MemTotal: ${total * 1024} kB\nMemAvailable: ${available * 1024} kB\n`,
});

const cases: Record<string, Case> = {
  "a kernel older than Node is built for": {
    changes: { "proc/sys/kernel/osrelease": "4.14.98-v7+\n" },
    expected: [
      "kernel",
      "problem",
      /^Linux 4\.14\.98-v7\+ is too old, Node needs 4\.18 or newer/,
      /full-upgrade/,
    ],
  },
  "pages of 16 KiB": {
    board: "raspberry-pi-5",
    changes: { "proc/self/smaps": "KernelPageSize:       16 kB\n" },
    expected: ["kernel", "ok", /pages of 16 KiB$/, null],
  },
  "a memory controller that is off": {
    changes: { "sys/fs/cgroup/cgroup.controllers": "cpuset cpu io pids\n" },
    expected: [
      "memory limit",
      "warning",
      /MemoryMax= has no effect/,
      /s\/\$\/ cgroup_memory=1 cgroup_enable=memory\/' \/boot\/firmware\/cmdline\.txt/,
    ],
  },
  "a memory controller of the first version that is off": {
    changes: {
      "sys/fs/cgroup/cgroup.controllers": null,
      "proc/cgroups": "#subsys_name\tn\nmemory\t0\t95\t0\n",
    },
    expected: ["memory limit", "warning", /memory controller is disabled/, /cmdline\.txt/],
  },
  "a memory controller of the first version that is on": {
    changes: {
      "sys/fs/cgroup/cgroup.controllers": null,
      "proc/cgroups": "#subsys_name\tn\nmemory\t4\t41\t1\n",
    },
    expected: ["memory limit", "ok", /enforced/, null],
  },
  "a memory controller that is off, where no boot file is known": {
    board: "linux",
    changes: { "sys/fs/cgroup/cgroup.controllers": "cpu\n" },
    needs: null,
    expected: ["memory limit", "warning", /cgroup_enable=memory/, null],
  },
  "Node that is too old": {
    machine: { node: { ...node, version: "20.18.3" } },
    expected: [
      "node",
      "problem",
      /^Node 20\.18\.3 is too old, Rivulet needs 20\.19 or newer; install linux-arm64/,
      /n 22$/,
    ],
  },
  "Node that is just new enough": {
    machine: { node: { ...node, version: "20.19.0" } },
    expected: ["node", "ok", /^Node 20\.19\.0$/, null],
  },
  "Node for ARMv7 on an ARMv6 board": {
    board: "raspberry-pi-zero-w",
    machine: { node: { ...node, architecture: "arm", armVersion: 7 } },
    expected: [
      "node build",
      "problem",
      /built for ARMv7, but a Raspberry Pi Zero W has ARMv6/,
      /N_NODE_MIRROR=https:\/\/unofficial-builds/,
    ],
  },
  "32-bit Node on a 64-bit kernel": {
    machine: { node: { ...node, architecture: "arm", armVersion: 7 } },
    expected: ["node build", "warning", /32-bit build \(armv7\) on a 64-bit kernel/, /LONG_BIT/],
  },
  "a build that does not suit the board": {
    machine: { node: { ...node, architecture: "x64" } },
    expected: ["node build", "warning", /built for x64; a Raspberry Pi 4 Model B needs linux-arm64/, /n 22$/],
  },
  "Node with musl": {
    machine: { node: { ...node, cLibrary: "musl" } },
    expected: ["node build", "warning", /built with musl/, /prebuilds/],
  },
  "SIMD without relaxed SIMD": {
    machine: { node: { ...node, version: "20.19.0" } },
    expected: ["simd", "ok", /relaxed SIMD comes with Node 22 \(this is 20\.19\.0\)/, null],
  },
  "Node that refuses the SIMD which the processor has": {
    machine: { node: { ...node, variants: ["scalar"] } },
    expected: ["simd", "warning", /does not support WebAssembly SIMD although the processor does/, /n 22$/],
  },
  "a container with less memory than the daemon needs": {
    changes: { "sys/fs/cgroup/memory.max": `${32 * 2 ** 20}\n` },
    expected: [
      "memory",
      "problem",
      /^this container may use 32 MiB, of which 32 MiB are free, but the daemon needs 64 MiB/,
      /^ps /,
    ],
  },
  "a container whose memory others use": {
    changes: {
      "sys/fs/cgroup/memory.max": `${128 * 2 ** 20}\n`,
      "sys/fs/cgroup/memory.current": `${120 * 2 ** 20}\n`,
      "sys/fs/cgroup/memory.stat": `anon 5\ninactive_file ${40 * 2 ** 20}\nactive_file 7\n`,
    },
    expected: [
      "memory",
      "problem",
      /^this container may use 128 MiB, of which 48 MiB are free, but the daemon needs 64 MiB/,
      /^ps /,
    ],
  },
  "a container of the first version whose memory others use": {
    changes: {
      "sys/fs/cgroup/memory/memory.limit_in_bytes": `${128 * 2 ** 20}\n`,
      "sys/fs/cgroup/memory/memory.usage_in_bytes": `${120 * 2 ** 20}\n`,
      "sys/fs/cgroup/memory/memory.stat": `inactive_file 1\ntotal_inactive_file ${20 * 2 ** 20}\n`,
    },
    expected: ["memory", "problem", /^this container may use 128 MiB, of which 28 MiB are free/, /^ps /],
  },
  "a container without a limit of its own": {
    changes: { "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n" },
    expected: ["memory", "ok", /are free; the daemon needs/, null],
  },
  "too little memory for the daemon": {
    changes: meminfo(512, 60),
    expected: ["memory", "problem", /^60 MiB of 512 MiB are free, but the daemon needs 64 MiB/, /^ps /],
  },
  "too little memory for the network": {
    changes: meminfo(512, 300),
    needs: { planned: { bytes: 400 * 2 ** 20 } },
    expected: ["memory", "problem", /^300 MiB of 512 MiB are free, but the daemon needs 464 MiB/, /^ps /],
  },
  "less memory than suits the board": {
    changes: meminfo(4096, 200),
    expected: [
      "memory",
      "warning",
      /less than the recommended 256 MiB for the daemon on a Raspberry Pi 4/,
      /^ps /,
    ],
  },
  "a network larger than suits the board": {
    needs: { planned: { bytes: 300 * 2 ** 20 } },
    expected: [
      "memory",
      "warning",
      /needs 364 MiB, more than the recommended 256 MiB/,
      /^rivulet plan pump\.yaml$/,
    ],
  },
  "a network that exceeds its budget": {
    needs: { planned: { refused: "memory.budget is 64 KiB and the plan takes more" } },
    expected: [
      "memory",
      "problem",
      /^what is learned cannot be planned: memory\.budget is/,
      /^rivulet plan pump\.yaml$/,
    ],
  },
  "swap on the card": {
    changes: { "proc/swaps": "Filename Type\n/var/swap file 524272 0 -2\n", "etc/dphys-swapfile": "" },
    expected: [
      "swap",
      "warning",
      /swap is on the SD card \(\/var\/swap\)/,
      /^sudo swapoff \/var\/swap && sudo systemctl disable dphys-swapfile$/,
    ],
  },
  "swap on a partition of the card": {
    changes: { "proc/swaps": "Filename Type\n/dev/mmcblk0p3 partition 524272 0 -2\n" },
    expected: ["swap", "warning", /\/dev\/mmcblk0p3/, /swapoff \/dev\/mmcblk0p3 && sudo sed -i .*fstab$/],
  },
  "swap in compressed memory": {
    changes: { "proc/swaps": "Filename Type\n/dev/zram0 partition 524272 0 100\n" },
    expected: ["swap", "ok", /not on a card \(\/dev\/zram0\)/, null],
  },
  "a port that is not there": {
    changes: usbPort,
    needs: { port: "/dev/ttyUSB3" },
    expected: [
      "port",
      "problem",
      /^there is no serial port \/dev\/ttyUSB3, found \/dev\/serial\/by-id\/usb-Arduino_7573-if00, \/dev\/ttyAMA0; name /,
      /^rivulet ports$/,
    ],
  },
  "a config without a port": {
    needs: { port: null },
    expected: ["port", "ok", /names no serial port/, null],
  },
  "no port at all": {
    board: "linux",
    needs: null,
    expected: ["port", "warning", /^there is no serial port/, /dmesg/],
  },
  "a file in place of a port": {
    changes: { "dev/port": "" },
    needs: { port: "/dev/port" },
    expected: ["port", "problem", /^\/dev\/port is not a serial port/, /^rivulet ports$/],
  },
  "a port of a group that the user is not in": {
    machine: { user: outsider },
    expected: [
      "port",
      "problem",
      /^eve may not open \/dev\/ttyAMA0, which belongs to the group dialout; join it/,
      /^sudo usermod -aG dialout eve$/,
    ],
  },
  "a port of a group that the user joined just now": {
    machine: { user: outsider },
    changes: { "etc/group": `dialout:x:${process.getuid?.() === 0 ? 20 : process.getgid?.()}:eve\n` },
    expected: ["port", "problem", /eve joined its group dialout after this session began/, /^exec su - eve$/],
  },
  "a port that its group may not use": {
    changes: { "dev/ttyAMA0": port(0o600) },
    expected: [
      "port",
      "problem",
      /neither may its group/,
      /KERNEL=="ttyAMA0", GROUP="dialout", MODE="0660"' \| sudo tee/,
    ],
  },
  "a port that may not be used, without a config": {
    changes: { "dev/ttyAMA0": port(0o600) },
    needs: null,
    expected: ["port", "warning", /^pi may not open \/dev\/ttyAMA0/, /udev/],
  },
  "a login console that has the port open": {
    changes: running(412, "agetty", "/sbin/agetty -o ttyAMA0", "/dev/ttyAMA0"),
    expected: [
      "port holder",
      "problem",
      /^a login console \(agetty, process 412\) has/,
      /disable --now serial-getty@ttyAMA0\.service$/,
    ],
  },
  "a login console of another user, whose files cannot be seen": {
    changes: running(412, "agetty", "/sbin/agetty --noclear - ttyAMA0 vt102"),
    expected: ["port holder", "problem", /^a login console/, /disable --now serial-getty@ttyAMA0\.service$/],
  },
  "no login console in one on another port": {
    changes: running(412, "agetty", "/sbin/agetty --noclear tty1 linux"),
    expected: ["port holder", "ok", /^no program that pi may inspect has \/dev\/ttyAMA0 open$/, null],
  },
  "a device that is no terminal": {
    changes: { "dev/spidev0.0": port() },
    needs: { port: "/dev/spidev0.0" },
    expected: ["port", "problem", /^\/dev\/spidev0\.0 is not a serial port/, /^rivulet ports$/],
  },
  "ModemManager that has the port open": {
    changes: { ...usbPort, ...running(413, "ModemManager", "/usr/sbin/ModemManager", "/dev/ttyACM0") },
    needs: usb,
    expected: ["port holder", "problem", /treats it as a modem/, /disable --now ModemManager\.service$/],
  },
  "another program that has the port open": {
    changes: running(414, "minicom", "minicom -D /dev/serial0", "/dev/ttyAMA0"),
    needs: { port: "/dev/serial0" },
    expected: ["port holder", "problem", /^minicom \(process 414\) has \/dev\/serial0 open/, /^kill 414$/],
  },
  "the daemon that has the port open": {
    changes: running(415, "node", "node /usr/bin/rivulet run pump.yaml", "/dev/ttyAMA0"),
    expected: ["port holder", "ok", /^the daemon itself \(process 415\)/, null],
  },
  "a reader of braille displays that has the port open": {
    changes: { ...usbPort, ...running(417, "brltty", "/usr/bin/brltty", "/dev/ttyACM0") },
    needs: usb,
    expected: [
      "port holder",
      "problem",
      /^brltty has \/dev\/ttyACM0 open and takes it for a braille/,
      /remove brltty$/,
    ],
  },
  "gpsd that has the port open": {
    changes: { ...usbPort, ...running(418, "gpsd", "/usr/sbin/gpsd -n", "/dev/ttyACM0") },
    needs: usb,
    expected: [
      "port holder",
      "problem",
      /reads it as a satellite receiver/,
      /disable --now gpsd\.socket gpsd\.service$/,
    ],
  },
  "gpsd, which will open the port": {
    changes: { ...usbPort, ...running(419, "gpsd", "/usr/sbin/gpsd -n") },
    needs: usb,
    expected: ["port users", "warning", /^gpsd runs and opens USB adapters/, /disable --now gpsd/],
  },
  "a rule that starts the reader of braille displays": {
    changes: { "usr/lib/udev/rules.d/85-brltty.rules": "" },
    needs: null,
    expected: [
      "port users",
      "warning",
      /^brltty is started by udev and takes USB adapters/,
      /mask --now brltty/,
    ],
  },
  "a root that is an overlay, and checkpoints that are not": {
    changes: mounts("overlayroot / overlay rw,relatime", "/dev/mmcblk0p3 /home ext4 rw,noatime"),
    expected: ["root", "warning", /^the root is an overlay in memory: checkpoints in .* stay, but/, null],
  },
  "a root that is read-only, and checkpoints that are not": {
    changes: mounts("/dev/root / ext4 ro,noatime", "/dev/mmcblk0p3 /home ext4 rw,noatime"),
    expected: ["root", "warning", /^the root is read-only/, /remount,rw \/$/],
  },
  "ModemManager, which will probe the port": {
    changes: { ...usbPort, ...running(416, "ModemManager", "/usr/sbin/ModemManager") },
    needs: stableUsb,
    expected: ["modem manager", "warning", /^ModemManager runs/, /disable --now ModemManager/],
  },
  "a name that may change": {
    changes: usbPort,
    needs: usb,
    expected: [
      "port name",
      "warning",
      /^\/dev\/ttyACM0 may be another device/,
      /^sed -i 's\|\/dev\/ttyACM0\|\/dev\/serial\/by-id\/usb-Arduino_7573-if00\|' pump\.yaml$/,
    ],
  },
  "a UART that is not switched on": {
    changes: {
      "boot/firmware/config.txt": "#enable_uart=1\n[pi3]\nenable_uart=1\n[all]\ndtoverlay=disable-bt\n",
    },
    expected: [
      "boot settings",
      "warning",
      /^\/boot\/firmware\/config\.txt has no enable_uart=1: /,
      /'\[all\]' enable_uart=1 \| sudo tee -a \/boot\/firmware\/config\.txt/,
    ],
  },
  "a UART that a later line switches off": {
    changes: { "boot/firmware/config.txt": "enable_uart=1\ndtoverlay=disable-bt\nenable_uart=0\n" },
    expected: ["boot settings", "warning", /has no enable_uart=1: /, /enable_uart=1/],
  },
  "a UART that Bluetooth has": {
    changes: {
      "boot/firmware/config.txt": "enable_uart=1\n",
      "dev/serial0": { link: "ttyS0" },
      "dev/ttyS0": port(),
    },
    expected: [
      "boot settings",
      "problem",
      /^\/dev\/ttyAMA0 is connected to the Bluetooth chip, and the header is \/dev\/ttyS0: /,
      /dtoverlay=disable-bt/,
    ],
  },
  "a UART that Bluetooth has until the restart": {
    changes: { "dev/serial0": { link: "ttyS0" }, "dev/ttyS0": port() },
    expected: ["boot settings", "problem", /reboot for it to take effect$/, /^sudo reboot$/],
  },
  "the mini UART on the header": {
    changes: {
      "boot/firmware/config.txt": "enable_uart = 1\n",
      "dev/serial0": { link: "ttyS0" },
      "dev/ttyS0": port(),
      "sys/class/tty/ttyS0/type": "3\n",
    },
    needs: { port: "/dev/serial0" },
    expected: ["boot settings", "warning", /no dtoverlay=disable-bt: .*mini UART/, /dtoverlay=disable-bt/],
  },
  "the boot partition of an older system": {
    changes: { "boot/firmware/config.txt": null, "boot/config.txt": "dtoverlay=disable-bt\n" },
    expected: [
      "boot settings",
      "warning",
      /^\/boot\/config\.txt has no enable_uart=1/,
      /tee -a \/boot\/config\.txt/,
    ],
  },
  "a header that nobody listens to": {
    changes: { ...usbPort, "boot/firmware/config.txt": "" },
    needs: stableUsb,
    expected: ["boot settings", "ok", /UART is not used/, null],
  },
  "the UART of a Pi 5 that is not switched on": {
    board: "raspberry-pi-5",
    changes: { "boot/firmware/config.txt": "" },
    expected: ["boot settings", "warning", /no dtparam=uart0=on/, /'\[all\]' dtparam=uart0=on/],
  },
  "the kernel's console on the port": {
    changes: { "proc/cmdline": "console=ttyAMA0,115200 console=tty1 root=/dev/mmcblk0p2\n" },
    expected: [
      "console",
      "problem",
      /console is on \/dev\/ttyAMA0 \(console=ttyAMA0/,
      /cmdline\.txt && sudo systemctl disable --now serial-getty@ttyAMA0\.service/,
    ],
  },
  "the kernel's console on a port of a machine without boot files": {
    board: "linux",
    changes: {
      "dev/ttyS0": port(),
      "sys/class/tty/ttyS0/type": "4\n",
      "proc/cmdline": "console=ttyS0 root=/dev/vda\n",
    },
    needs: { port: "/dev/ttyS0", gpio: false },
    expected: ["console", "problem", /console=ttyS0/, /grep -n console=/],
  },
  "a login console that systemd starts on the port": {
    changes: { "etc/systemd/system/getty.target.wants/serial-getty@ttyAMA0.service": "" },
    expected: ["console", "problem", /^systemd starts a login console/, /disable --now serial-getty@ttyAMA0/],
  },
  "the debug connector of a Pi 5": {
    board: "raspberry-pi-5",
    needs: { port: "/dev/serial0" },
    expected: [
      "debug connector",
      "warning",
      /^\/dev\/serial0 is the three-pin connector/,
      /^sed -i 's\|\/dev\/serial0\|\/dev\/ttyAMA0\|' pump\.yaml$/,
    ],
  },
  "GPIO lines without a chip": {
    changes: { "sys/class/gpio": null },
    expected: ["gpio", "problem", /^there is no GPIO chip with the label pinctrl-bcm2711/, null],
  },
  "GPIO lines on a kernel without /sys/class/gpio": {
    changes: { "sys/class/gpio": null, "dev/gpiochip0": "", "dev/gpiochip4": { link: "gpiochip0" } },
    expected: [
      "gpio",
      "problem",
      /chips \(\/dev\/gpiochip0\) but no \/sys\/class\/gpio/,
      /CONFIG_GPIO_SYSFS/,
    ],
  },
  "a chip with another label": {
    changes: { "sys/class/gpio/gpiochip512/label": "pinctrl-bcm9999\n" },
    expected: [
      "gpio",
      "problem",
      /^found the GPIO chips pinctrl-bcm9999, raspberrypi-exp-gpio, expected one with the label pinctrl-bcm2711$/,
      /label$/,
    ],
  },
  "a GPIO chip that the user may not use": {
    machine: { user: outsider },
    expected: [
      "gpio",
      "problem",
      /eve has no permission to use it; join the group gpio/,
      /^sudo usermod -aG gpio eve$/,
    ],
  },
  "no GPIO chip where no config asks for one": {
    changes: { "sys/class/gpio": null },
    needs: { gpio: false },
    expected: ["gpio", "ok", /^there is no GPIO chip/, null],
  },
  "the header's chip behind another one": {
    board: "raspberry-pi-3b",
    expected: ["gpio", "ok", /^pinctrl-bcm2835 \(gpiochip458, lines from 458\)/, null],
  },
  "a folder that the user may not write": {
    changes: { "home/pi/checkpoints": { folder: true }, "srv/data/x": "" },
    needs: { checkpoints: { directory: "/srv/data", keep: 5, bytes: 1 } },
    expected: [
      "folder",
      "problem",
      /^pi may not write to \/srv\/data, which belongs to /,
      /^sudo chown -R pi \/srv\/data$/,
    ],
  },
  "a folder that the user may not make": {
    changes: { "srv/x": "" },
    needs: { checkpoints: { directory: "/srv/my data/new", keep: 5, bytes: 1 } },
    expected: [
      "folder",
      "problem",
      /^pi may not write to \/srv, /,
      /^sudo install -d -o pi '\/srv\/my data\/new'$/,
    ],
  },
  "a folder that is still to be made": {
    needs: { checkpoints: { directory: "/home/pi/checkpoints/pump", keep: 5, bytes: 1 } },
    expected: ["folder", "ok", /which the daemon will create$/, null],
  },
  "a file in place of the folder": {
    changes: { "home/pi/checkpoints": "" },
    expected: [
      "folder",
      "problem",
      /^\/home\/pi\/checkpoints is a file/,
      /^mv \/home\/pi\/checkpoints \/home\/pi\/checkpoints\.old$/,
    ],
  },
  "a disk without room for the checkpoints": {
    machine: { freeBytes: () => 500_000 },
    expected: [
      "space",
      "problem",
      /^489 KiB are free .* 5 checkpoints and a new one need 586 KiB; free some space/,
      /^sudo du -xh \/ /,
    ],
  },
  "a disk that is nearly full": {
    machine: { freeBytes: () => 50 * 2 ** 20 },
    needs: null,
    expected: ["space", "warning", /^only 50 MiB are free/, /^sudo du/],
  },
  "a disk that is read-only": {
    changes: mounts("/dev/mmcblk0p3 /home ext4 ro,noatime"),
    expected: ["disk", "problem", /^ext4 on \/home, .*, is read-only/, /^sudo mount -o remount,rw \/home$/],
  },
  "an overlay": {
    changes: { ...mounts("overlayroot / overlay rw,relatime"), "usr/bin/raspi-config": "" },
    expected: ["disk", "warning", /is an overlay: .* lost after a reboot/, /do_overlayfs 1/],
  },
  "a folder in memory": {
    changes: mounts("tmpfs /home/pi/checkpoints tmpfs rw"),
    expected: ["disk", "warning", /^tmpfs on \/home\/pi\/checkpoints is in memory/, /^findmnt/],
  },
  "a file system without a journal": {
    changes: mounts("/dev/sda1 /home vfat rw,relatime"),
    expected: ["disk", "warning", /^vfat on \/home has no journal/, /^findmnt/],
  },
  "a disk mounted with sync": {
    changes: mounts("/dev/mmcblk0p3 /home ext4 rw,sync,noatime"),
    expected: ["disk", "warning", /mounted with sync/, /^sudo mount -o remount,async \/home$/],
  },
  "a disk mounted with strictatime": {
    changes: mounts("/dev/mmcblk0p3 /home/pi ext4 rw,strictatime"),
    expected: ["disk", "warning", /strictatime/, /remount,noatime \/home\/pi$/],
  },
  "a clock that was never set": {
    machine: { now: new Date(0) },
    expected: ["clock", "problem", /^the clock shows 1970-01-01T00:00:00Z/, /set-ntp true$/],
  },
  "a clock that is not synchronized yet": {
    changes: {
      "run/systemd/timesync/synchronized": null,
      ...running(300, "systemd-timesyn", "/usr/lib/systemd/systemd-timesyncd"),
    },
    expected: ["clock", "warning", /not synchronized yet/, /restart systemd-timesyncd$/],
  },
  "a clock that nothing keeps": {
    changes: { "run/systemd/timesync/synchronized": null },
    expected: ["clock", "warning", /^no service synchronizes the clock/, /set-ntp true$/],
  },
  "a clock that chrony keeps": {
    changes: { "run/systemd/timesync/synchronized": null, ...running(301, "chronyd", "/usr/sbin/chronyd") },
    expected: ["clock", "ok", /^chrony synchronizes the clock/, null],
  },
  "a clock chip": {
    changes: { "sys/class/rtc/rtc0/name": "rpi-rtc soc:rpi_rtc\n" },
    expected: ["clock chip", "ok", /^rtc0 \(rpi-rtc soc:rpi_rtc\)$/, null],
  },
  "no clock chip": {
    expected: ["clock chip", "ok", /^there is no clock chip, so after a power cut/, null],
  },
};

function examined({ board = "raspberry-pi-4b", changes, machine, needs = {} }: Case): Finding[] {
  return findingsOn(fakeMachine(board, changes, machine), needs === null ? null : needing(needs));
}

describe("finds", () => {
  test.each(Object.entries(cases))("%s", (_, one) => {
    const [check, status, text, fix] = one.expected;
    const found = examined(one).filter((finding) => finding.check === check);
    expect(found).toEqual([
      {
        check,
        status,
        text: expect.stringMatching(text),
        fix: fix === null ? null : expect.stringMatching(fix),
      },
    ]);
    expect(found[0].text).not.toMatch(/\n|undefined|NaN|\[object/);
    if (found[0].fix !== null) {
      expect(spawnSync("sh", ["-n", "-c", found[0].fix]).stderr.toString()).toBe("");
    }
  });
});

describe("without a file that it needs, a check cannot tell, and says why", () => {
  test.each([
    ["kernel", "proc/sys/kernel/osrelease", "which kernel runs"],
    ["memory", "proc/meminfo", "whether there is enough memory"],
    ["swap", "proc/swaps", "whether memory is swapped to the card"],
    ["boot settings", "boot/firmware/config.txt", "whether the header's UART is enabled"],
    ["console", "proc/cmdline", "whether a login console is on the port"],
    ["disk", "proc/self/mounts", "how the disk is mounted"],
    ["memory limit", "sys/fs/cgroup/cgroup.controllers", "whether systemd can limit a unit's memory"],
  ])("%s", (check, path, question) => {
    const findings = examined({ changes: { [path]: null }, expected: cases["no clock chip"].expected });
    const found = findings.find((finding) => finding.check === check);
    expect(found?.status).toBe("warning");
    expect(found?.text).toMatch(
      new RegExp(`^cannot tell ${question}: /.* (cannot be read: there is no such file|does not exist)$`),
    );
    expect(found?.fix).toBeNull();
  });

  test.each([
    [
      "kernel",
      { "proc/sys/kernel/osrelease": "strange\n" },
      /osrelease contains "strange", expected a version/,
    ],
    ["memory", { "proc/meminfo": "MemTotal: 5 kB\n" }, /\/proc\/meminfo has no MemAvailable$/],
    ["disk", { "proc/self/mounts": "nonsense\n\0\n" }, /names no file system for /],
    [
      "memory",
      { "proc/meminfo": { folder: true } as const },
      /\/proc\/meminfo cannot be read: it is a folder/,
    ],
  ])("%s, where the file is odd", (check, changes: Entries, reason) => {
    const found = examined({ changes, expected: cases["no clock chip"].expected }).find(
      (finding) => finding.check === check,
    );
    expect([found?.status, found?.fix]).toEqual(["warning", null]);
    expect(found?.text).toMatch(reason);
  });

  test("on a machine that has nothing at all, and none of them throws", () => {
    const machine = { ...fakeMachine("linux"), root: folderWith() };
    machine.freeBytes = () => {
      throw new Error("no such disk");
    };
    for (const needs of [null, needing()]) {
      const findings = findingsOn(machine, needs);
      expect(findings.length).toBeGreaterThan(10);
      expect(findings.find(({ check }) => check === "space")?.text).toBe(
        "cannot tell whether the disk has room for checkpoints: no such disk",
      );
    }
  });
});

describe("a fix, pasted into a shell, puts it right:", () => {
  /** Runs a fix with the machine's files in place of this one's, as a user to whom everything is allowed. */
  function paste(machine: Machine, fix: string): void {
    const programs = mkdtempSync(join(tmpdir(), "rivulet-programs-"));
    for (const [name, text] of Object.entries({ sudo: 'exec "$@"', reboot: "", systemctl: "" })) {
      writeFileSync(join(programs, name), `#!/bin/sh\n${text}\n`);
      chmodSync(join(programs, name), 0o755);
    }
    const there = fix
      .replaceAll(/ (\/(boot|etc)\/)/g, ` ${machine.root}$1`)
      .replaceAll("pump.yaml", `${machine.root}/pump.yaml`);
    const { status, stderr } = spawnSync("sh", ["-c", there], {
      env: { PATH: `${programs}:${process.env["PATH"]}` },
    });
    expect([status, stderr.toString()]).toEqual([0, ""]);
  }

  function fixOf(machine: Machine, check: string, needs: Partial<Needs> = {}): string {
    const found = findingsOn(machine, needing(needs)).find((finding) => finding.check === check);
    expect(found?.status).not.toBe("ok");
    return found?.fix as string;
  }

  const textIn = (machine: Machine, path: string) => readFileSync(join(machine.root, path), "utf8");

  test("the UART is enabled", () => {
    const machine = fakeMachine("raspberry-pi-4b", { "boot/firmware/config.txt": "[pi5]\nx=1\n" });
    paste(machine, fixOf(machine, "boot settings"));
    expect(textIn(machine, "boot/firmware/config.txt")).toBe(
      "[pi5]\nx=1\n[all]\nenable_uart=1\ndtoverlay=disable-bt\n",
    );
    const after = findingsOn(machine, needing()).find(({ check }) => check === "boot settings");
    expect(after?.status).toBe("ok");
  });

  test("the console is taken from the port, and the other one stays", () => {
    const words = "console=serial0,115200 console=tty1 root=PARTUUID=1-02 rootwait\n";
    const machine = fakeMachine("raspberry-pi-4b", {
      "boot/firmware/cmdline.txt": words,
      "proc/cmdline": words.replace("serial0", "ttyAMA0"),
    });
    paste(machine, fixOf(machine, "console"));
    expect(textIn(machine, "boot/firmware/cmdline.txt")).toBe("console=tty1 root=PARTUUID=1-02 rootwait\n");
  });

  test("the memory controller is switched on, on the same line", () => {
    const machine = fakeMachine("raspberry-pi-5", {
      "boot/firmware/cmdline.txt": "console=tty1 rootwait\n",
      "sys/fs/cgroup/cgroup.controllers": "cpu\n",
    });
    paste(machine, fixOf(machine, "memory limit"));
    expect(textIn(machine, "boot/firmware/cmdline.txt")).toBe(
      "console=tty1 rootwait cgroup_memory=1 cgroup_enable=memory\n",
    );
  });

  test("the config names the port that stays", () => {
    const machine = fakeMachine("raspberry-pi-4b", {
      ...usbPort,
      "pump.yaml": "serial: { path: /dev/ttyACM0 }\n",
    });
    paste(machine, fixOf(machine, "port name", usb));
    expect(textIn(machine, "pump.yaml")).toBe("serial: { path: /dev/serial/by-id/usb-Arduino_7573-if00 }\n");
  });

  test("a udev rule gives the port to its group", () => {
    const machine = fakeMachine("raspberry-pi-4b", {
      "dev/ttyAMA0": port(0o600),
      "etc/udev/rules.d": { folder: true },
    });
    paste(machine, fixOf(machine, "port").replace(/ && sudo udevadm.*/, " >/dev/null"));
    expect(textIn(machine, "etc/udev/rules.d/60-rivulet-port.rules")).toBe(
      'KERNEL=="ttyAMA0", GROUP="dialout", MODE="0660"\n',
    );
  });
});
