import { pathOf } from "./path.ts";

/** A URL of this file ends in what the samples are learned for: `?target=...`. */
const target = new URL(import.meta.url).searchParams.get("target");
const { take } = pathOf(`
source:
  tcp: { host: 127.0.0.1, port: 9 }
  framing: lines
  fields: [a, b, c, target]
  reply: { send: [prediction], every: sample }
target: ${target}
`);
const row = new Float64Array(4);

/** A hundred and fifty thousand samples along their path, each of them answered. */
export default function repeat(): void {
  for (let i = 0; i < 150_000; i++) {
    row[0] = (i % 7) + 0.5;
    row[1] = (i % 11) * 1e6;
    row[2] = (i % 13) - 6.25;
    row[3] = i % 3;
    take(row);
  }
}
