/** A serial port: a path, or the device on USB whose port it is. */
import { dirname, resolve } from "node:path";
import * as v from "valibot";
import { usbDeviceName } from "../../samples/ports/port-finder.ts";
import type { UsbDevice } from "../../samples/ports/port-survey.ts";
import { createSerialSource } from "../../samples/sources/serial.ts";
import { parseDuration } from "../../wording/quantities.ts";
import { pathName } from "../document.ts";
import { accepting, defaultsOf, map, must, optional, quantity, text, wholeNumber } from "../schema.ts";
import type { PrepareSource, SourceKind } from "./source-kind.ts";

/** A serial port with every default. */
export interface SerialConfig {
  /** A path, or the device on USB whose port it is. */
  port: string | UsbDevice;
  /** Bits per second. */
  baudRate: number;
  /** Time between two reads of the port, in ms; training runs in slices of that length. */
  readEveryMs: number;
}

/** Four hexadecimal digits; fewer could be meant as a decimal number. */
const usbDigits = "four hexadecimal digits as lsusb prints them, such as 0043";
const usbNumber = accepting(
  usbDigits,
  v.pipe(
    v.string(must(usbDigits)),
    v.regex(/^(0x)?[0-9a-f]{4}$/i, must(usbDigits)),
    v.transform((digits) => digits.slice(-4).toLowerCase()),
  ),
);

const byPath = { otherwise: "the path names the port" };

const schema = map({
  path: optional("Path of the port", text("the path of a port"), {
    otherwise: "vendor and product name the device",
  }),
  vendor: optional("USB vendor of the device, which finds it under any path", usbNumber, byPath),
  product: optional("USB product of the device", usbNumber, byPath),
  serialNumber: optional(
    "USB serial number of the device, to tell identical devices apart",
    text("a serial number in quotes"),
    {
      otherwise: "any",
    },
  ),
  baudRate: optional("Bits per second", wholeNumber(1), { default: 115_200 }),
  readEvery: optional(
    "Time between two reads of the port; a longer time saves processor wake-ups",
    quantity("a duration from 1ms to 1s such as 20ms", parseDuration, [1, 1000]),
    { default: "20ms" },
  ),
});
const defaults = defaultsOf(schema);

const deviceKeys = ["vendor", "product", "serialNumber"] as const;

export const serial: SourceKind<v.InferOutput<typeof schema>, SerialConfig> = {
  title: "A serial port",
  schema,
  verbatim: deviceKeys,
  sender: "port",
  example: "serial: { path: /dev/ttyUSB0 }",
  event: "port",
  isDevice: true,
  canReply: true,
  canWait: false,
  holdsSamples: false,
  startsAtLine: false,
  usesNetwork: false,

  /** Checks that a port is named either by its path or by vendor and product. */
  check(written, place, errors) {
    const { path, vendor, product } = written;
    const ofDevice = deviceKeys.find((key) => written[key] !== undefined);
    if (path !== undefined && ofDevice !== undefined) {
      errors.conflict(
        [...place, ofDevice],
        ` conflicts with ${pathName(place)}.path; keep the path, or name the device and remove the path`,
      );
    } else if (path === undefined && ofDevice === undefined) {
      errors.add(
        "config.missing-key",
        [...place, "path"],
        `: the key "path" is missing; add the port's path, such as path: /dev/ttyUSB0, or the vendor and product of its USB device`,
        place,
      );
    } else if (path === undefined && (vendor === undefined || product === undefined)) {
      const missing = vendor === undefined ? "vendor" : "product";
      errors.add(
        "config.missing-key",
        [...place, missing],
        `: the key "${missing}" is missing; add the four digits that lsusb prints, or "rivulet ports"`,
        place,
      );
    }
  },

  complete({ path, vendor, product, serialNumber = null, baudRate, readEvery }, file) {
    return {
      // `check` has made sure that one of the two is given.
      port: path === undefined ? ({ vendor, product, serialNumber } as UsbDevice) : portPath(path, file),
      baudRate: baudRate ?? defaults.baudRate,
      readEveryMs: readEvery ?? defaults.readEvery,
    };
  },

  place: ({ port }) => (typeof port === "string" ? port : `the ${usbDeviceName(port)}`),

  port: ({ port }) => port,
};

/** Creates the serial source of a config and its decoder. */
export const prepareSerial: PrepareSource<SerialConfig> = (
  value,
  { createDecoder, silenceMs, onState, waitForPort, reopenCeilingMs },
) => {
  const decoder = createDecoder();
  const onReconnect = () => decoder.reset();
  const source = createSerialSource({
    ...value,
    ...{ silenceMs, onState, waitForPort, reopenCeilingMs, onReconnect },
  });
  return { source, decoder };
};

/** A relative path starts at the config's folder; Windows' `COM3` is a name, not a path. */
function portPath(path: string, file: string): string {
  return /^COM\d+$/i.test(path) ? path : resolve(dirname(file), path);
}
