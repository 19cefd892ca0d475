import { type SurveyedPort, surveyPorts } from "../samples/ports/port-survey.ts";
import { listSerialPorts } from "../samples/ports/ports.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import { facts } from "./terminal/text-table.ts";

/** Lists every serial port and the properties of its device. Opens none. */
export async function run(_: Invocation): Promise<Report> {
  const ports = process.platform === "linux" ? surveyPorts() : await namesOnly();
  const text =
    ports.length === 0 ? "found no serial port; plug a device in" : ports.map(describe).join("\n\n");
  return { data: { ports }, text };
}

/** Lists only names, for systems without /sys. */
async function namesOnly(): Promise<SurveyedPort[]> {
  const unknown = { maker: null, product: null, serialNumber: null, usb: null, usbPort: null, driver: null };
  const ports = await listSerialPorts();
  return ports.map(({ path, stablePath = null }) => ({ path, aliases: [], stablePath, ...unknown }));
}

/** Returns the config that names this device, wherever it is plugged in. */
function deviceInConfig(usb: string, serialNumber: string | null): string {
  const [vendor, product] = usb.split(":").map((digits) => JSON.stringify(digits));
  const number = serialNumber === null ? "" : `, serialNumber: ${JSON.stringify(serialNumber)}`;
  return `serial: { vendor: ${vendor}, product: ${product}${number} }`;
}

function describe({
  path,
  aliases,
  stablePath,
  maker,
  product,
  serialNumber,
  usb,
  driver,
}: SurveyedPort): string {
  const rows: [string, string | null][] = [
    ["port", path],
    ["stays", stablePath],
    ["also", aliases.join(", ") || null],
    ["maker", maker],
    ["product", product],
    ["serial", serialNumber],
    ["usb", usb],
    ["driver", driver],
    ["config", usb && deviceInConfig(usb, serialNumber)],
  ];
  return facts(rows.filter((row): row is [string, string] => row[1] !== null));
}
