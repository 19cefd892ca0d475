/**
 * Lets each system call of a store on its folder fail once, with each error that a card or a crowded system gives. Whatever
 * fails: it is said in a sentence, the saves after it succeed, what was acknowledged is there, and nothing is left over.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeCheckpoint } from "../../../src/checkpoint/format.ts";
import { newestCheckpoint, openStore } from "../../../src/checkpoint/store.ts";
import { compileScripts } from "../../../test/compile.ts";
import type { Outcome } from "../account.ts";

const errors = ["EIO", "ENOSPC", "EROFS", "EPERM", "EINTR", "EMFILE"] as const;
const calls = [
  "mkdir",
  "openat",
  "write",
  "writev",
  "pwrite64",
  "fsync",
  "close",
  "rename",
  "unlink",
  "getdents64",
];

/** Saves of one process; the last ones find no fault. */
const saves = 5;
/** strace counts calls in each thread: one fault comes in the main thread, and one in the only one of the pool. */
const mostFailures = 2;

interface Fault {
  call: string;
  error: string;
  /** Which of these calls fails, from 1. */
  when: number;
}

interface SaveOutcome {
  saved?: number;
  error?: string;
  isSentence?: boolean;
}

/** @param share part of all faults that is tried, spread evenly */
export async function proveFaults(share: number): Promise<Outcome> {
  const { paths, remove } = compileScripts(fileURLToPath(new URL("./saver.ts", import.meta.url)));
  try {
    const faults: Fault[] = [];
    for (const [call, count] of await callsOf(paths[0])) {
      for (let when = 1; when <= count; when++) {
        for (const error of errors) faults.push({ call, error, when });
      }
    }
    const tried = faults.filter((_, index) => Math.floor(index * share) !== Math.floor((index + 1) * share));
    const wrong: string[] = [];
    let failures = 0;
    for (const fault of tried) {
      const { problems, failed } = await inject(paths[0], fault);
      failures += failed;
      wrong.push(...problems.map((problem) => `${fault.call} ${fault.when} with ${fault.error}: ${problem}`));
    }
    const provoked = faults.filter(({ call, error }) => call === "write" && error === "ENOSPC");
    let noticed = 0;
    for (const fault of provoked) noticed += (await inject(paths[0], fault, "careless")).problems.length;
    if (noticed === 0) wrong.push("a process that looks at no error was not noticed, so no loss would be");
    return {
      figures: `${tried.length} of ${faults.length} failing calls of a store: ${failures} saves or openings failed and said so, ${wrong.length} went wrong; ${noticed} with a process that looks at no error`,
      faults: wrong,
    };
  } finally {
    remove();
  }
}

/** How often each call is made on the folder when nothing fails. */
async function callsOf(program: string): Promise<Map<string, number>> {
  const { trace } = await runUnder(program, []);
  const counts = new Map<string, number>();
  for (const [, call] of trace.matchAll(/^\d+ +(\w+)\(/gm)) counts.set(call, (counts.get(call) ?? 0) + 1);
  return counts;
}

async function inject(program: string, { call, error, when }: Fault, ...manner: string[]) {
  const injection = ["-e", `inject=${call}:error=${error}:when=${when}`];
  const { outcomes, folder, remove } = await runUnder(program, injection, manner);
  try {
    const failed = outcomes.filter((outcome) => outcome.error !== undefined);
    const problems = failed
      .filter(({ isSentence }) => isSentence !== true)
      .map((outcome) => `found no sentence but "${outcome.error}"`);
    if (failed.length > mostFailures)
      problems.push(`${failed.length} operations failed, one fault was made in each thread`);
    const saved = Math.max(0, ...outcomes.map((outcome) => outcome.saved ?? 0));
    const left = readdirSync(folder);
    if (left.some((name) => name.endsWith(".tmp"))) problems.push(`left ${left.join(", ")}`);
    if (left.length > 4) problems.push(`left ${left.length} files, with 2 to keep`);
    const newest = newestCheckpoint(folder, decodeCheckpoint, (sentence) => problems.push(sentence));
    if ((newest?.sequence ?? 0) < saved)
      problems.push(`${saved} was saved, ${newest?.sequence} is the newest`);
    if (newest === undefined) problems.push(`nothing was saved: ${JSON.stringify(outcomes)}`);
    else {
      const store = openStore(folder, { report: (sentence) => problems.push(sentence) });
      store.saveSync([readFileSync(newest.path)]);
      store.close();
    }
    return { problems, failed: failed.length };
  } finally {
    remove();
  }
}

/** Runs the saver in a new folder under strace, which injects the given faults into its system calls on that folder. */
async function runUnder(program: string, injection: string[], manner: string[] = []) {
  const scratch = mkdtempSync(join(tmpdir(), "rivulet-faults-"));
  const folder = join(scratch, "saved");
  const numbers = Array.from({ length: saves + 2 }, (_, index) => String(index + 1).padStart(8, "0"));
  const names = ["lock", ...numbers.map((number) => `checkpoint-${number}.msgpack`)];
  const paths = [folder, ...names.flatMap((name) => [join(folder, name), join(folder, `${name}.tmp`)])];
  const trace = join(scratch, "trace");
  const words = [
    "-f",
    "-o",
    trace,
    "-e",
    `trace=${calls.join(",")}`,
    ...paths.flatMap((path) => ["-P", path]),
  ];
  const child = spawn(
    "strace",
    [...words, ...injection, process.execPath, program, folder, String(saves), ...manner],
    {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, UV_THREADPOOL_SIZE: "1" },
    },
  );
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
  });
  child.stderr.resume();
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`the saver ended with ${code} under ${injection.join(" ") || "no fault"}`);
  return {
    outcomes: JSON.parse(printed) as SaveOutcome[],
    trace: readFileSync(trace, "utf8"),
    folder,
    remove: () => rmSync(scratch, { recursive: true, force: true }),
  };
}
