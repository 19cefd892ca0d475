/**
 * Saves checkpoints in a folder and prints what became of each, as JSON: the process whose system calls fail.
 *
 *     saver.js FOLDER SAVES [careless]
 *
 * A careless one writes each file in its place and looks at no error, which the proof must notice.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { encodeCheckpoint } from "../../../src/checkpoint/format.ts";
import { openStore } from "../../../src/checkpoint/store.ts";
import { RivuletError } from "../../../src/errors/errors.ts";
import { sampleCheckpoint } from "../../../test/checkpoint/sample.ts";

const [folder, saves, careless] = process.argv.slice(2);
const outcomes: { saved?: number; error?: string; isSentence?: boolean }[] = [];

async function attempt(work: () => unknown): Promise<void> {
  try {
    const saved = await work();
    outcomes.push(typeof saved === "number" ? { saved } : {});
  } catch (error) {
    outcomes.push({ error: String(error), isSentence: error instanceof RivuletError });
  }
}

function writeCarelessly(step: number, bytes: Uint8Array): number {
  try {
    const file = openSync(join(folder, `checkpoint-${String(step).padStart(8, "0")}.msgpack`), "w");
    writeSync(file, bytes);
    closeSync(file);
  } catch {}
  return step;
}

let store: ReturnType<typeof openStore> | undefined;
for (let tries = 0; tries < 2 && store === undefined; tries++) {
  await attempt(() => {
    store = openStore(folder, { keep: 2 });
  });
}
for (let step = 1; step <= Number(saves); step++) {
  await attempt(async () => {
    const chunks = encodeCheckpoint(sampleCheckpoint(step));
    if (careless !== undefined) return writeCarelessly(step, Buffer.concat(chunks));
    const file = step % 2 === 0 ? store?.saveSync(chunks) : await store?.save(chunks);
    return file?.sequence;
  });
}
await attempt(() => store?.close());
console.log(JSON.stringify(outcomes));
