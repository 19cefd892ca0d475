/**
 * A process that keeps checkpoints, for tests to kill, to starve of disk and to lock out.
 *
 *     child.js DIRECTORY forever               saves until it is killed; prints `resumed STEP`, then `saved STEP`
 *     child.js DIRECTORY do COMMAND...         does as told; prints one JSON array with the outcomes
 *     child.js DIRECTORY die POINT SAVE STEP   saves, and kills itself at the given point of it
 */
import { execSync } from "node:child_process";
import fs from "node:fs";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/checkpoint/format.ts";
import { openStore, type Store } from "../../src/checkpoint/store.ts";
import { isOfOneStep, sampleCheckpoint } from "./sample.ts";

const [directory, mode, ...rest] = process.argv.slice(2);
const print = (line: string) => fs.writeSync(1, `${line}\n`);

if (mode === "forever") await saveForever();
else if (mode === "do") await obey(rest);
else await dieAt(rest[0], rest[1], Number(rest[2]));

async function saveForever() {
  const store = openStore(directory, { keep: 3, report: (sentence) => print(`reported ${sentence}`) });
  const found = store.newest(decodeCheckpoint)?.checkpoint;
  if (found !== undefined && !isOfOneStep(found)) print("reported a mixture of two checkpoints");
  let step = found?.step ?? 0;
  print(`resumed ${step}`);
  for (;;) {
    const chunks = encodeCheckpoint(sampleCheckpoint(++step));
    if (step % 2 === 0) store.saveSync(chunks);
    else await store.save(chunks);
    print(`saved ${step}`);
  }
}

/** Commands: `open`, `save:STEP:WIDTH`, `saveSync:STEP:WIDTH`, `sh:...` as a shell command, `newest`, `list`, `reports`, `become:USER_ID`. */
async function obey(commands: string[]) {
  const outcomes: unknown[] = [];
  const reports: string[] = [];
  let store: Store | undefined;
  for (const command of commands) {
    const [verb, ...words] = command.split(":");
    try {
      if (verb === "open") {
        store = openStore(directory, { report: (sentence) => reports.push(sentence) });
        outcomes.push("opened");
      } else if (verb === "sh") outcomes.push(execSync(words.join(":"), { encoding: "utf8" }));
      else if (verb === "list") outcomes.push(fs.readdirSync(directory).sort());
      else if (verb === "reports") outcomes.push(reports);
      else if (verb === "become") becomeUser(Number(words[0]));
      else if (verb === "newest") outcomes.push(store?.newest(decodeCheckpoint)?.checkpoint.step);
      else {
        const chunks = encodeCheckpoint(sampleCheckpoint(Number(words[0]), Number(words[1])));
        outcomes.push((await store?.[verb as "save" | "saveSync"](chunks))?.sequence);
      }
    } catch (error) {
      outcomes.push(`${(error as Error).name}: ${(error as Error).message}`);
    }
  }
  print(JSON.stringify(outcomes));
}

function becomeUser(id: number) {
  if (id === process.getuid?.()) return;
  process.setgid?.(id);
  process.setuid?.(id);
}

async function dieAt(point: string, save: string, step: number) {
  const store = openStore(directory, { keep: 2 });
  const die = () => process.kill(process.pid, "SIGKILL");
  const { writevSync } = fs;
  const { write } = fs;
  /** Syncs of the file come first, that of the folder second. */
  let syncs = 0;

  if (point === "in the middle of the write") {
    fs.writevSync = ((file: number, [chunk]: Uint8Array[]) => {
      writevSync(file, [chunk.subarray(0, chunk.length >> 1)]);
      return die();
    }) as never;
    fs.write = ((file: number, bytes: Uint8Array) => write(file, bytes, 0, bytes.length >> 1, die)) as never;
  } else if (point === "between write and sync") {
    fs.fsyncSync = die;
    fs.fsync = die as never;
  } else if (point === "between sync and rename") {
    fs.renameSync = die;
    fs.rename = die as never;
  } else if (point === "between rename and sync of the folder") {
    fs.fsyncSync = () => void (++syncs === 2 && die());
    fs.fsync = ((_file: number, done: (error: null) => void) =>
      ++syncs === 2 ? die() : done(null)) as never;
  } else if (point === "before old ones are deleted") {
    fs.unlinkSync = die;
    fs.unlink = die as never;
  }
  await store[save as "save" | "saveSync"](encodeCheckpoint(sampleCheckpoint(step)));
}
