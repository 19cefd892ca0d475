import fs, { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { sealed } from "../../scripts/proof/hostile/sealed.ts";
import { type Checkpoint, decodeCheckpoint } from "../../src/checkpoint/format.ts";
import { savingInterval } from "../../src/checkpoint/save-interval.ts";
import { newestCheckpoint } from "../../src/checkpoint/store.ts";
import type { Config } from "../../src/config/config.ts";
import { CheckpointSaver } from "../../src/daemon/checkpoint-saver.ts";
import type { LogEntry } from "../../src/daemon/log.ts";
import { RivuletError } from "../../src/errors/errors.ts";
import { createNetworkLearner, type Learner } from "../../src/learner/learner.ts";
import { History } from "../../src/status/history.ts";
import { temporaryFolder } from "../checkpoint/folder.ts";

const options = { fields: ["x", "label"], target: { column: "label", classes: 2 } };

/** A saver of a learner, in a folder that is made for it; closed when the test is over. */
function bench({
  directory = join(temporaryFolder(), "made/for/it"),
  learner = createNetworkLearner(options) as Learner,
  everyMs = 1000 as number | null,
  entries = [] as LogEntry[],
} = {}) {
  const config = { name: "bench", checkpoint: { directory, everyMs, keep: 2 }, sync: null } as Config;
  const saver = new CheckpointSaver(config, learner, new History(learner), (entry) => entries.push(entry));
  onTestFinished(() => saver.abandon());
  const told = (event: string) => entries.filter((entry) => entry.event === event);
  return { saver, learner, directory, entries, told };
}

function learn(learner: Learner, samples: number): void {
  for (let i = 0; i < samples; i++) learner.observe(Float64Array.of(i % 3, i % 2), 0);
}

const savedIn = (directory: string) => readdirSync(directory).filter((name) => name.endsWith(".msgpack"));
const newestIn = (directory: string) => newestCheckpoint(directory, decodeCheckpoint, () => {})?.checkpoint;
const samplesIn = (directory: string) => newestIn(directory)?.samplesSeen;

describe("in passing", () => {
  test("what was learned is saved, gives its path and is counted; nothing is where nothing was learned", async () => {
    const { saver, learner, directory } = bench();
    expect(await saver.saveInPassing()).toBeNull();
    learn(learner, 7);
    expect(await saver.saveInPassing()).toBe(join(directory, "checkpoint-00000001.msgpack"));
    expect(await saver.saveInPassing()).toBeNull();
    expect(newestIn(directory)).toMatchObject({ name: "bench", samplesSeen: 7 });
    learn(learner, 1);
    await saver.saveInPassing();
    expect(samplesIn(directory)).toBe(8);
    expect(saver.checkpoints).toBe(2);
    expect(saver.checkpointBytes).toBeGreaterThan(2000);
  });

  test("nothing is saved while a number has overflowed", async () => {
    const { saver, learner, directory } = bench();
    learn(learner, 7);
    const [first, ...others] = learner.network.parameters();
    first.data[0] = Number.POSITIVE_INFINITY;
    learner.network.setParameters([first, ...others]);
    expect(await saver.saveInPassing()).toBeNull();
    expect(savedIn(directory)).toEqual([]);
    learner.healOverflow();
    await saver.saveInPassing();
    expect(samplesIn(directory)).toBe(7);
  });

  test("one save is under way at a time, of what was known when it began", async () => {
    const { saver, learner, directory } = bench();
    learn(learner, 5);
    const first = saver.saveInPassing();
    expect(saver.isSaving).toBe(true);
    learn(learner, 1);
    expect(await saver.saveInPassing()).toBeNull();
    await first;
    expect(saver.isSaving).toBe(false);
    expect(samplesIn(directory)).toBe(5);
    await saver.saveInPassing();
    expect(samplesIn(directory)).toBe(6);
  });

  test("a save that fails is reported once, and once when it works again, each time", async () => {
    const { saver, learner, directory, entries } = bench();
    const saves = async (count: number) => {
      for (let i = 0; i < count; i++) {
        learn(learner, 1);
        await saver.saveInPassing();
      }
    };
    for (let round = 0; round < 2; round++) {
      renameSync(directory, `${directory}-away`);
      await saves(3);
      renameSync(`${directory}-away`, directory);
      await saves(2);
    }
    const works = (sequence: number) => ({
      event: "checkpoint-works-again",
      text: `saved ${join(directory, `checkpoint-0000000${sequence}.msgpack`)}: saving works again`,
    });
    const fails = {
      event: "checkpoint-fails",
      text: `cannot save a checkpoint in ${directory}: the folder does not exist; create it, or mount its disk; learning continues`,
      problem: true,
    };
    expect(entries.slice(1)).toEqual([fails, works(1), fails, works(3)]);
    expect(saver.checkpoints).toBe(4);
  });

  test("a save that does not end is told of after a minute, then its cause, and that the disk works again", async () => {
    const { saver, learner, directory, entries } = bench();
    let answer: ((error: Error | null) => void) | null = null;
    const sync = vi.spyOn(fs, "fsync").mockImplementation(((_: number, done: typeof answer) => {
      answer = done;
    }) as never);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => {
      vi.useRealTimers();
      vi.restoreAllMocks();
    });
    // Not by vi.waitUntil, which lets the time of the test pass.
    const isStuck = async () => {
      while (answer === null) await new Promise(setImmediate);
    };
    const save = () => {
      answer = null;
      learn(learner, 1);
      return saver.saveInPassing();
    };
    const fails = (why: string) => ({
      event: "checkpoint-fails",
      text: `${why}; learning continues`,
      problem: true,
    });
    const stuck = fails(`a save in ${directory} has not ended after a minute: the disk does not answer`);
    const first = save();
    await isStuck();
    vi.advanceTimersByTime(59_999);
    expect(entries.slice(1)).toEqual([]);
    expect(saver.failure).toBeNull();
    vi.advanceTimersByTime(1);
    expect(entries.slice(1)).toEqual([stuck]);
    expect(saver.failure).toBe(stuck.text);
    // The cause, once the disk answers with one.
    answer!(Object.assign(new Error("EIO"), { code: "EIO", syscall: "fsync" }));
    expect(await first).toBeNull();
    const broken = expect.stringMatching(/^cannot save .*input\/output error; .*; learning continues$/);
    expect(entries.slice(2)).toEqual([{ ...stuck, text: broken }]);
    expect(saver.failure).toEqual(broken);
    const second = save();
    await isStuck();
    vi.advanceTimersByTime(100_000);
    expect(saver.failure).toBe(stuck.text);
    sync.mockRestore();
    answer!(null);
    const path = await second;
    expect(entries.slice(3)).toEqual([
      { event: "checkpoint-works-again", text: `saved ${path}: saving works again` },
    ]);
    expect(saver.failure).toBeNull();
    learn(learner, 1);
    await saver.saveInPassing();
    vi.advanceTimersByTime(100_000);
    expect(entries).toHaveLength(4);
  });

  test("an error that is not the disk's is not taken for one", async () => {
    const { saver, learner } = bench();
    learn(learner, 1);
    vi.spyOn(learner, "describe").mockImplementation(() => {
      throw new TypeError("a fault in the learner");
    });
    onTestFinished(() => void vi.restoreAllMocks());
    await expect(saver.saveInPassing()).rejects.toThrow("a fault in the learner");
    expect(() => saver.close()).toThrow("a fault in the learner");
  });

  test("it is saved once a period until it is stopped", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const { saver, learner, directory } = bench();
    saver.startSaving();
    learn(learner, 3);
    vi.advanceTimersByTime(999);
    expect(saver.isSaving).toBe(false);
    vi.advanceTimersByTime(1);
    await vi.waitUntil(() => saver.checkpoints === 1);
    expect(samplesIn(directory)).toBe(3);
    saver.stopSaving();
    learn(learner, 3);
    vi.advanceTimersByTime(10_000);
    expect(saver.isSaving).toBe(false);
  });

  test("the interval follows from the size of a checkpoint where the config names none", async () => {
    expect(bench({ everyMs: 5000 }).saver.everyMs).toBe(5000);
    expect(bench({ everyMs: null }).saver.everyMs).toBe(600_000);
    const model = { layers: [{ dense: 20_000 }, "relu", "dense"] };
    const { saver, learner } = bench({ learner: createNetworkLearner({ ...options, model }), everyMs: null });
    learn(learner, 1);
    await saver.saveInPassing();
    expect(saver.everyMs).toBe(savingInterval(saver.checkpointBytes));
    expect(saver.everyMs).toBeGreaterThan(1_000_000);
  });
});

describe("at the start", () => {
  test("a learner continues from the newest checkpoint, and it is said where", async () => {
    const first = bench();
    learn(first.learner, 40);
    expect(first.told("begin")[0].text).toMatch(
      new RegExp(
        `^learning from scratch: ${first.directory} has no checkpoint; \\d+ bytes of arena, \\w+ kernels$`,
      ),
    );
    const path = first.saver.close();
    const second = bench({ directory: first.directory });
    expect(second.learner.state()).toEqual(first.learner.state());
    expect(second.told("resume")).toMatchObject([
      {
        text: expect.stringContaining(`continuing from ${path} after 40 samples; `),
        details: { path, samplesSeen: 40 },
      },
    ]);
    // It knows nothing new yet.
    expect(await second.saver.saveInPassing()).toBeNull();
    expect(second.saver.close()).toBeNull();
    expect(second.saver.checkpoints).toBe(0);
  });

  test("the folder is free again where the checkpoint is of another learner", () => {
    const first = bench();
    learn(first.learner, 1);
    first.saver.close();
    const { directory } = first;
    const learner = createNetworkLearner({ ...options, target: { column: "label", classes: 3 } });
    expect(() => bench({ directory, learner })).toThrow("was saved with a different configuration");
    expect(readdirSync(directory)).toEqual(["checkpoint-00000001.msgpack"]);
    bench({ directory });
  });

  test("nothing comes of it: the folders that were made for it are gone, and no other", () => {
    const parent = temporaryFolder();
    mkdirSync(join(parent, "made"));
    const { saver } = bench({ directory: join(parent, "made/for/it") });
    expect(existsSync(join(parent, "made/for/it"))).toBe(true);
    saver.abandon();
    expect(readdirSync(join(parent, "made"))).toEqual([]);
    const empty = bench({ directory: join(parent, "made") });
    empty.saver.abandon();
    expect(readdirSync(parent)).toEqual(["made"]);
  });

  test("nothing comes of it: a folder stays in which somebody has put something", () => {
    const parent = temporaryFolder();
    const { saver } = bench({ directory: join(parent, "made/for/it") });
    writeFileSync(join(parent, "made/notes"), "");
    saver.abandon();
    expect(readdirSync(join(parent, "made"))).toEqual(["notes"]);
  });
});

describe("at the end", () => {
  test("what is new is saved for the last time, and nothing is any more after that", async () => {
    const { saver, learner, directory, told } = bench();
    learn(learner, 9);
    const path = saver.close();
    expect(path).toBe(join(directory, "checkpoint-00000001.msgpack"));
    expect(newestIn(directory)).toMatchObject({ name: "bench", samplesSeen: 9 });
    expect(told("end")).toEqual([
      {
        event: "end",
        text: expect.stringMatching(
          /^ended after 9 samples, accuracy .* lately, .* in all \(baseline .*\); saved /,
        ),
        details: { samplesSeen: 9, path },
      },
    ]);
    expect(saver.checkpoints).toBe(1);
    learn(learner, 1);
    expect(await saver.saveInPassing()).toBeNull();
    expect(savedIn(directory)).toHaveLength(1);
    bench({ directory });
  });

  test("there may be nothing new to save", () => {
    const { saver, told } = bench();
    expect(saver.close()).toBeNull();
    expect(told("end").map(({ text }) => text)).toEqual(["ended after 0 samples; nothing new to save"]);
  });

  test("it says how much is lost where it cannot be saved", async () => {
    const { saver, learner, directory, told } = bench();
    learn(learner, 10);
    await saver.saveInPassing();
    learn(learner, 3);
    renameSync(directory, `${directory}-away`);
    writeFileSync(directory, "");
    expect(() => saver.close()).toThrow(
      new RivuletError(
        "disk.failed",
        `cannot save a checkpoint in ${directory}: found a file, expected a folder; move the file away, or name another folder; what was learned from the last 3 samples is lost`,
      ),
    );
    expect(told("end")).toEqual([]);
  });

  test("a save that is under way gives way to the last one, without a word", async () => {
    const { saver, learner, directory, told } = bench();
    learn(learner, 5);
    const saving = saver.saveInPassing();
    learn(learner, 1);
    saver.close();
    expect(await saving).toBeNull();
    expect(samplesIn(directory)).toBe(6);
    expect(savedIn(directory)).toEqual(["checkpoint-00000002.msgpack"]);
    expect(told("checkpoint-fails")).toEqual([]);
    bench({ directory });
  });
});

describe("a newest file that cannot be continued from does not stop a start", () => {
  /** A folder with a good checkpoint of 9 samples, and a newer one that `change` made of it, under a valid digest. */
  async function folderWith(change: (checkpoint: Checkpoint) => Checkpoint) {
    const { saver, learner, directory } = bench();
    learn(learner, 9);
    await saver.saveInPassing();
    saver.abandon();
    const bytes = sealed(change(newestIn(directory) as Checkpoint));
    writeFileSync(join(directory, "checkpoint-00000002.msgpack"), bytes);
    return directory;
  }

  test.each<[string, (checkpoint: Checkpoint) => Checkpoint, string]>([
    [
      "weights that are no numbers",
      (good) => ({
        ...good,
        parameters: good.parameters.map((tensor) => ({ ...tensor, data: tensor.data.map(() => Number.NaN) })),
      }),
      'the stored "0.weight" is not valid: number 0 is NaN',
    ],
    ["a learner without its state", (good) => ({ ...good, learnerState: null }), "another structure"],
    ["a network alone", (good) => ({ ...good, features: null, target: null }), "describes no learner"],
    [
      "another configuration",
      (good) => ({ ...good, training: { ...(good.training as object), seed: 7 } }),
      "training.seed is 1 in the config and 7 in it",
    ],
  ])("%s: the one before is used, and one line names the file with its reason", async (_, change, reason) => {
    const directory = await folderWith(change);
    const { learner, told } = bench({ directory });
    expect(learner.samplesSeen).toBe(9);
    expect(told("checkpoint-refused").map(({ text }) => text)).toEqual([expect.stringContaining(reason)]);
    expect(told("checkpoint-refused")[0].text).toContain("checkpoint-00000002.msgpack");
    expect(told("resume")).toHaveLength(1);
  });

  test("where none is left but one of a newer version, the reasons of the others are told too", async () => {
    const directory = await folderWith((good) => Object.assign(good, { version: 99 }));
    writeFileSync(join(directory, "checkpoint-00000001.msgpack"), "damaged");
    const told: LogEntry[] = [];
    expect(() => bench({ directory, entries: told })).toThrow("00000002.msgpack has version 99");
    expect(told.map(({ event, text }) => [event, text])).toEqual([
      ["checkpoint-refused", expect.stringContaining("checkpoint-00000001.msgpack is truncated")],
    ]);
  });

  test("where all are of another configuration the start is refused, and nothing is deleted", async () => {
    const directory = await folderWith((good) => good);
    const other = createNetworkLearner({ ...options, training: { seed: 3 } });
    expect(() => bench({ directory, learner: other })).toThrow(
      "checkpoint-00000002.msgpack was saved with a different configuration: training.seed is 3 in the config and 1 in it",
    );
    expect(savedIn(directory)).toHaveLength(2);
  });
});
