/** Child process: decodes what the reader of `serialport` hands on, and learns from none of it. */
import { SerialPort } from "serialport";
import { defineFields } from "../../src/samples/decoding/fields.ts";
import { createFrameDecoder } from "../../src/samples/decoding/frames.ts";
import { SampleRing } from "../../src/samples/ring.ts";
import { fieldsInConfig } from "./sender.ts";

const fields = defineFields(fieldsInConfig);
const ring = new SampleRing(fields.length, 1024, "drop-oldest");
const decoder = createFrameDecoder(fields, ring);
const port = new SerialPort({ path: process.argv[2], baudRate: 115_200 });
port.on("open", () => console.log("open"));
port.on("data", (chunk: Buffer) => {
  decoder.decode(chunk, 0, chunk.length, Date.now());
  while (ring.length > 0) ring.release();
});
