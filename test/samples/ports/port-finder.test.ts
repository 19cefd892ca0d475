/** A serial source whose device gets another name: real pseudo-terminals behind a machine's names for its ports. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { openPseudoTerminal } from "../../../src/emulation/pseudo-terminal.ts";
import type { UsbDevice } from "../../../src/samples/ports/port-survey.ts";
import { createSerialSource, type SerialOptions } from "../../../src/samples/sources/serial.ts";
import { until } from "../../until.ts";
import { adapter, arduino, type UsbPort, usbPorts } from "./usb-ports.ts";

/** A machine, whose devices hang up when they are pulled out. */
function machine() {
  const root = mkdtempSync(join(tmpdir(), "rivulet-usb-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const ports = usbPorts(root);
  return {
    root,
    path: ports.path,
    plugIn(name: string, port: UsbPort | null) {
      const terminal = openPseudoTerminal();
      onTestFinished(() => terminal.close());
      ports.plugIn(name, terminal.path, port);
      return {
        send: (text: string) => terminal.write(Buffer.from(text)),
        pullOut() {
          ports.pullOut(name);
          terminal.close();
        },
      };
    },
  };
}

async function listen(root: string, port: string | UsbDevice, options: Partial<SerialOptions> = {}) {
  const told: string[] = [];
  let heard = "";
  const source = createSerialSource({
    ...{ root, port, baudRate: 115_200, reopenAfterMs: 2, reopenCeilingMs: 5 },
    onState: (state, sentence) => told.push(`${state}: ${sentence}`),
    ...options,
  });
  onTestFinished(() => source.close());
  await source.open((chunk, end) => {
    heard += Buffer.from(chunk.subarray(0, end)).toString("latin1");
  });
  return {
    source,
    told,
    hears: (text: string) => until(() => heard.endsWith(text)),
    tells: (count: number) => until(() => told.length >= count),
    /** Long enough for anything to be opened that is going to be. */
    tries: (count: number) => {
      const { failures } = source.counts;
      return until(() => source.counts.failures >= failures + count);
    },
  };
}

describe("a port named by its path", () => {
  test("is found under the name that its device gets when it comes back, and under the old one again", async () => {
    const { root, path, plugIn } = machine();
    const first = plugIn("ttyACM0", arduino);
    const { source, told, hears, tells } = await listen(root, path("ttyACM0"));
    // As Linux does it: the old name is taken while the old port is open.
    const second = plugIn("ttyACM1", arduino);
    first.pullOut();
    await tells(4);
    second.send("second");
    await hears("second");
    second.pullOut();
    const third = plugIn("ttyACM0", arduino);
    await tells(6);
    third.send("third");
    await hears("third");
    expect(told).toEqual([
      `opening: opening the serial port ${path("ttyACM0")}`,
      `open: the serial port ${path("ttyACM0")} is open at 115200 baud`,
      `waiting: the serial port ${path("ttyACM0")} vanished; waiting to reopen it`,
      `open: the serial port ${path("ttyACM1")} is open at 115200 baud: it is the device that was ${path("ttyACM0")}`,
      `waiting: the serial port ${path("ttyACM1")} vanished; waiting to reopen it`,
      `open: the serial port ${path("ttyACM0")} is open at 115200 baud`,
    ]);
    expect(source.counts).toMatchObject({ opens: 3, losses: 2 });
  });

  test("is not opened while another device has its name, which is reported once", async () => {
    const { root, path, plugIn } = machine();
    const first = plugIn("ttyACM0", arduino);
    const { source, told, hears, tells, tries } = await listen(root, path("ttyACM0"));
    first.pullOut();
    const stranger = plugIn("ttyACM0", { ...arduino, serialNumber: "9999" });
    await tells(4);
    await tries(20);
    expect(source.counts.opens).toBe(1);
    const back = plugIn("ttyACM1", arduino);
    await tells(5);
    stranger.send("stranger");
    back.send("back");
    await hears("back");
    expect(told.slice(2)).toEqual([
      expect.stringMatching(/^waiting: .* vanished/),
      `waiting: the serial port ${path("ttyACM0")} is now another device, expected the USB device 2341:0043 with the ` +
        "serial number 7573 that it was; plug that one in, or restart to use this one; retrying until it opens",
      expect.stringMatching(/^open: .*ttyACM1 is open/),
    ]);
  });

  test.each<[string, UsbPort | null]>([
    ["another product", { ...arduino, product: "0042" }],
    ["another vendor", { ...arduino, vendor: "2a03" }],
    ["another serial number", { ...arduino, serialNumber: "7574" }],
    ["no serial number", { ...arduino, serialNumber: null }],
    ["another of the ports of one device", { ...arduino, interface: "02" }],
    ["no place on USB", null],
  ])("is not taken for one with %s", async (_, other) => {
    const { root, path, plugIn } = machine();
    const first = plugIn("ttyACM0", arduino);
    const { source, tries } = await listen(root, path("ttyACM0"));
    first.pullOut();
    plugIn("ttyACM1", other);
    await tries(5);
    plugIn("ttyACM0", other);
    await tries(5);
    expect(source.counts.opens).toBe(1);
  });

  test("without a serial number is found if it is the only one of its kind", async () => {
    const { root, path, plugIn } = machine();
    const first = plugIn("ttyUSB0", adapter);
    plugIn("ttyACM0", arduino);
    const { hears, tells } = await listen(root, path("ttyUSB0"));
    first.pullOut();
    const second = plugIn("ttyUSB1", adapter);
    await tells(4);
    second.send("second");
    await hears("second");
  });

  test("without a serial number is not taken for one that was there before, nor guessed among several", async () => {
    const { root, path, plugIn } = machine();
    const first = plugIn("ttyUSB0", adapter);
    const beside = plugIn("ttyUSB1", adapter);
    const { source, told, tries, tells } = await listen(root, path("ttyUSB0"));
    first.pullOut();
    await tries(5);
    expect(told.at(-1)).toMatch(
      /ttyUSB0 is gone, and \/dev\/ttyUSB1 cannot be identified as the USB device 1a86:7523 that it was/,
    );
    beside.pullOut();
    plugIn("ttyUSB2", adapter);
    plugIn("ttyUSB3", adapter);
    await tries(5);
    expect(source.counts.opens).toBe(1);
    plugIn("ttyUSB0", adapter);
    await tells(5);
    expect(source.counts.opens).toBe(2);
  });

  test("is opened whatever it is where no device was ever known", async () => {
    const { root, path, plugIn } = machine();
    const first = plugIn("ttyAMA0", null);
    const { tells } = await listen(root, path("ttyAMA0"));
    first.pullOut();
    plugIn("ttyAMA0", arduino);
    await tells(4);
  });

  test("is found by a name of udev's too, and stays the device that this name led to", async () => {
    const { root, path, plugIn } = machine();
    const first = plugIn("ttyACM0", arduino);
    const ports = usbPorts(root);
    ports.plugIn("pump", path("ttyACM0"), null);
    const { source, tells, tries } = await listen(root, path("pump"));
    first.pullOut();
    plugIn("ttyACM0", { ...arduino, serialNumber: "9999" });
    await tries(5);
    expect(source.counts.opens).toBe(1);
    plugIn("ttyACM1", arduino);
    await tells(5);
  });
});

describe("a port named by its device", () => {
  const device = { vendor: "2341", product: "0043", serialNumber: "7573" };

  test("is found at each opening, whatever its name is then", async () => {
    const { root, path, plugIn } = machine();
    plugIn("ttyUSB0", adapter);
    plugIn("ttyACM0", { ...arduino, serialNumber: "9999" });
    const first = plugIn("ttyACM3", arduino);
    const { told, tells, hears } = await listen(root, device);
    first.pullOut();
    const second = plugIn("ttyACM1", arduino);
    await tells(4);
    second.send("second");
    await hears("second");
    const name = "the USB device 2341:0043 with the serial number 7573";
    expect(told).toEqual([
      `opening: opening the serial port of ${name}`,
      `open: the serial port ${path("ttyACM3")} is open at 115200 baud: it is ${name}`,
      `waiting: the serial port ${path("ttyACM3")} vanished; waiting to reopen it`,
      `open: the serial port ${path("ttyACM1")} is open at 115200 baud: it is ${name}`,
    ]);
  });

  test("that is not there is an error that names it", async () => {
    const { root, plugIn } = machine();
    plugIn("ttyACM0", { ...arduino, serialNumber: "9999" });
    await expect(listen(root, device)).rejects.toMatchObject({
      kind: "missing",
      message:
        "there is no serial port of the USB device 2341:0043 with the serial number 7573; plug it in, or name one that " +
        '"rivulet ports" lists',
    });
  });

  test("that is not there is waited for when that is wanted", async () => {
    const { root, plugIn } = machine();
    const { told, tells, tries } = await listen(root, device, { waitForPort: true });
    await tries(5);
    expect(told).toHaveLength(2);
    plugIn("ttyACM0", arduino);
    await tells(3);
  });

  test("of which there are several without a serial number is an error that names them", async () => {
    const { root, plugIn } = machine();
    plugIn("ttyUSB0", adapter);
    plugIn("ttyUSB1", adapter);
    const found = listen(root, { vendor: "1a86", product: "7523", serialNumber: null });
    await expect(found).rejects.toMatchObject({
      kind: "ambiguous",
      message: expect.stringMatching(
        /^found 2 serial ports of the USB device 1a86:7523, \/dev\/ttyUSB0, \/dev\/ttyUSB1/,
      ),
    });
  });

  test("without a serial number is any one of its kind", async () => {
    const { root, plugIn } = machine();
    const first = plugIn("ttyACM0", arduino);
    const { source, tells } = await listen(root, { ...device, serialNumber: null });
    first.pullOut();
    plugIn("ttyACM1", { ...arduino, serialNumber: "9999" });
    await tells(4);
    expect(source.counts.opens).toBe(2);
  });
});
