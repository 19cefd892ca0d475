import { describe, expect, test } from "vitest";
import { surveyPorts } from "../../../src/samples/ports/port-survey.ts";
import { fakeMachine, port, usbPort } from "../../device/tree.ts";

const surveyed = (board: string, changes = {}) => surveyPorts(fakeMachine(board, changes).root);

describe("the survey of ports", () => {
  test("says who made a port on USB, and which name stays", () => {
    expect(surveyed("linux", usbPort)).toEqual([
      {
        path: "/dev/ttyACM0",
        aliases: [],
        stablePath: "/dev/serial/by-id/usb-Arduino_7573-if00",
        maker: "Arduino (www.arduino.cc)",
        product: null,
        serialNumber: "7573530303135161C1F1",
        usb: "2341:0043",
        usbPort: "",
        driver: "cdc_acm",
      },
    ]);
  });

  test("finds the USB device of an adapter, whose port has its own folder", () => {
    const [found] = surveyed("linux", {
      "sys/class/tty/ttyUSB0/device": { link: "../../../devices/usb1/1-2/1-2:1.0/ttyUSB0" },
      "sys/devices/usb1/1-2/1-2:1.0/ttyUSB0/driver": {
        link: "../../../../../bus/usb-serial/drivers/ch341-uart",
      },
      "sys/devices/usb1/1-2/idVendor": "1a86\n",
      "sys/devices/usb1/1-2/idProduct": "7523\n",
      "sys/devices/usb1/1-2/product": "USB Serial\n",
    });
    expect(found).toMatchObject({
      path: "/dev/ttyUSB0",
      stablePath: null,
      maker: null,
      product: "USB Serial",
      serialNumber: null,
      usb: "1a86:7523",
      driver: "ch341-uart",
    });
  });

  test("names what else a UART is called, and those with a stable name first", () => {
    const ports = surveyed("raspberry-pi-5", usbPort);
    expect(ports.map(({ path, aliases }) => [path, aliases])).toEqual([
      ["/dev/ttyACM0", []],
      ["/dev/ttyAMA0", []],
      ["/dev/ttyAMA10", ["/dev/serial0"]],
    ]);
  });

  test("passes over consoles, and names of a PC behind which there is no UART", () => {
    const ports = surveyed("linux", {
      "dev/ttyS0": port(),
      "sys/class/tty/tty1/dev": "4:1\n",
      "sys/class/tty/ttyprintk/device/x": "",
      "sys/class/tty/ttyS0/type": "4\n",
      "sys/class/tty/ttyS0/device": { link: "../../../devices/pnp0/00:01/00:01:0/00:01:0.0" },
      "sys/devices/pnp0/00:01/00:01:0/00:01:0.0/driver": {
        link: "../../../../../bus/serial-base/drivers/port",
      },
      "sys/devices/pnp0/00:01/00:01:0/driver": { link: "../../../../bus/serial-base/drivers/ctrl" },
      "sys/devices/pnp0/00:01/driver": { link: "../../../bus/pnp/drivers/serial" },
      "sys/class/tty/ttyS1/type": "0\n",
      "sys/class/tty/ttyS1/device/x": "",
    });
    expect(ports.map(({ path, driver }) => [path, driver])).toEqual([["/dev/ttyS0", "serial"]]);
  });

  test("is empty where there is no /sys", () => {
    expect(surveyPorts("/nowhere")).toEqual([]);
  });
});
