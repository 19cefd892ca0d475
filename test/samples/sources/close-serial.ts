/** Child process: opens the port named, closes it in the situation named, and must then end by itself. */
import { createSerialSource } from "../../../src/samples/sources/serial.ts";

const [path, situation] = process.argv.slice(2);
const source = createSerialSource({
  port: path,
  // So that what is written waits for the device, not for the line.
  baudRate: 4_000_000,
  waitForPort: true,
  silenceMs: 60_000,
  onState: (state) => console.log(state),
});
await source.open(() => {});
if (situation === "unread") {
  while (source.write(new Uint8Array(4000))) await new Promise(setImmediate);
}
await source.close();
