import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { describePort } from "../../src/device/port.ts";
import { udevRule } from "../../src/device/udev.ts";
import { folderWith } from "../rivulet.ts";

/** A machine with an Arduino at ttyACM0, as sysfs shows it. */
function machine({ serial = true } = {}) {
  const folder = folderWith({
    "dev/ttyACM0": "",
    "sys/devices/usb1/1-2/idVendor": "2341\n",
    "sys/devices/usb1/1-2/idProduct": "0043\n",
    "sys/devices/usb1/1-2/1-2:1.0/bInterfaceNumber": "00\n",
    group: "root:x:0:\ndialout:x:20:\n",
  });
  if (serial) writeFileSync(join(folder, "sys/devices/usb1/1-2/serial"), '7573"0313\n');
  mkdirSync(join(folder, "sys/class/tty/ttyACM0"), { recursive: true });
  symlinkSync(join(folder, "sys/devices/usb1/1-2/1-2:1.0"), join(folder, "sys/class/tty/ttyACM0/device"));
  return {
    path: join(folder, "dev/ttyACM0"),
    places: { sys: join(folder, "sys"), groups: join(folder, "group") },
  };
}

describe("a port", () => {
  test("that is plugged in is known by what USB knows it by", () => {
    const { path, places } = machine();
    expect(describePort(path, places)).toEqual({
      path,
      kernelName: "ttyACM0",
      classes: ["ttyACM"],
      usb: { vendor: "2341", product: "0043", serialNumber: '7573"0313' },
      group: "dialout",
    });
  });

  test.each([
    ["/dev/ttyUSB9", ["ttyUSB"]],
    ["/dev/ttyAMA9", ["ttyAMA"]],
    ["/dev/ttymxc9", ["ttymxc"]],
    ["/dev/serial9", ["ttyAMA", "ttyS"]],
    ["/dev/serial/by-id/usb-Arduino__www.arduino.cc__0043_75-if00", ["ttyACM"]],
    ["/dev/serial/by-id/usb-FTDI_FT232R_A5-if00-port0", ["ttyUSB"]],
    ["/dev/rivulet-pump", ["ttyACM", "ttyUSB"]],
  ])("%s that is away is of a class that its name says", (path, classes) => {
    expect(describePort(path, machine().places)).toMatchObject({ classes, kernelName: null, usb: null });
  });

  test("gets a name that stays, and no ModemManager, by a rule", () => {
    const { path, places } = machine();
    const { text, link } = udevRule("rivulet-pump", describePort(path, places));
    expect(link).toBe("/dev/rivulet-pump");
    const [, device, port] = text.split("\n");
    expect(device).toMatch(/ATTR\{idVendor\}=="2341", ATTR\{idProduct\}=="0043".*ID_MM_DEVICE_IGNORE\}="1"$/);
    // A quotation mark would end the value.
    expect(port).toContain('ATTRS{serial}=="7573?0313"');
    expect(port).toMatch(/SYMLINK\+="rivulet-pump"$/);
  });

  test("named by its device needs no other name, and is known while it is away", () => {
    const usb = { vendor: "2341", product: "ffff", serialNumber: "7573" };
    const facts = describePort(usb, machine().places);
    expect(facts).toMatchObject({ path: null, kernelName: null, classes: ["ttyACM", "ttyUSB"], usb });
    const { text, link } = udevRule("rivulet-pump", facts);
    expect(link).toBeNull();
    expect(text).toContain('ATTRS{idProduct}=="ffff", ATTRS{serial}=="7573", ENV{ID_MM_PORT_IGNORE}="1"');
  });

  test("without a serial number is known by its kind", () => {
    const { path, places } = machine({ serial: false });
    expect(udevRule("rivulet-pump", describePort(path, places)).text).not.toContain("serial");
  });

  test.each([
    ["/dev/ttyUSB9", "ttyUSB9", 'KERNEL=="ttyUSB9"'],
    ["/dev/ttyUSB9", null, 'KERNEL=="ttyUSB9"'],
    ["/dev/serial/by-id/usb-X-if00", null, 'ENV{DEVLINKS}=="*/dev/serial/by-id/usb-X-if00*"'],
    ["/dev/serial/by-path/soc-uart", "ttyAMA0", 'KERNEL=="ttyAMA0"'],
  ])("that is not on USB keeps its name: %s, which is %s", (path, kernelName, match) => {
    const { text, link } = udevRule("pump", { path, kernelName, classes: [], usb: null, group: null });
    expect(link).toBeNull();
    expect(text).toBe(`# The port of pump is not a modem: ModemManager must not use it.
ACTION!="remove", SUBSYSTEM=="tty", ${match}, ENV{ID_MM_DEVICE_IGNORE}="1", ENV{ID_MM_PORT_IGNORE}="1"
`);
  });
});
