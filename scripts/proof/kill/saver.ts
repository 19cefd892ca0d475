/**
 * Saves checkpoints in a folder until it is killed, `saver.js FOLDER`: prints `begun`, then `saved STEP` for each. It takes a
 * tenth of the time that a daemon takes to start, so that many kills come in the middle of a save.
 */
import { writeSync } from "node:fs";
import { encodeCheckpoint } from "../../../src/checkpoint/format.ts";
import { openStore } from "../../../src/checkpoint/store.ts";
import { sampleCheckpoint } from "../../../test/checkpoint/sample.ts";
import { nextStep, weights } from "./saved-steps.ts";

const folder = process.argv[2];
const print = (line: string) => writeSync(1, `${line}\n`);
const store = openStore(folder, { keep: 3 });
print("begun");
for (let step = nextStep(folder); ; step++) {
  const chunks = encodeCheckpoint(sampleCheckpoint(step, weights));
  if (step % 2 === 0) store.saveSync(chunks);
  else await store.save(chunks);
  print(`saved ${step}`);
}
