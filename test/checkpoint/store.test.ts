import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { basename, join } from "node:path";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { sealed } from "../../scripts/proof/hostile/sealed.ts";
import { listCheckpoints } from "../../src/checkpoint/checkpoint-names.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/checkpoint/format.ts";
import { newestCheckpoint, openStore, type Store } from "../../src/checkpoint/store.ts";
import { CheckpointError, RivuletError } from "../../src/errors/errors.ts";
import { temporaryFolder } from "./folder.ts";
import { sampleCheckpoint } from "./sample.ts";

const chunksOf = (step: number) => encodeCheckpoint(sampleCheckpoint(step));
const bytesOf = (step: number) => Buffer.concat(chunksOf(step));
const sequences = (folder: string) => listCheckpoints(folder).map(({ sequence }) => sequence);
const newestStep = (store: Store) => store.newest(decodeCheckpoint)?.checkpoint.step;

function open(folder: string, options?: Parameters<typeof openStore>[1]): Store {
  const store = openStore(folder, options);
  onTestFinished(() => store.close());
  return store;
}

/** Both ways of saving, as one that is awaited. */
const waysToSave: [string, (store: Store, chunks: Uint8Array[]) => Promise<unknown>][] = [
  ["save", (store, chunks) => store.save(chunks)],
  ["saveSync", async (store, chunks) => store.saveSync(chunks)],
];

function diskFault(code: string): () => never {
  return () => {
    throw Object.assign(new Error(`${code}: as the test wants it`), { code, syscall: "test" });
  };
}

/** A checkpoint as a later Rivulet might save it. */
const newerBytes = (step: number) => sealed(Object.assign(sampleCheckpoint(step), { version: 99 }));

/** Lets nobody open a file, whoever runs the tests. */
function forbid(path: string, code: string): void {
  const opened = fs.openSync;
  vi.spyOn(fs, "openSync").mockImplementation((file, ...words) =>
    file === path ? diskFault(code)() : opened(file, ...words),
  );
}

/** An operation of `fs` with a callback that does as the synchronous one of a test. */
function failing(work: () => unknown) {
  return ((...words: unknown[]) => {
    const done = words.at(-1) as (error: unknown) => void;
    try {
      work();
      done(null);
    } catch (error) {
      done(error);
    }
  }) as never;
}

function makeFolderAt(_: unknown, path: unknown): never {
  fs.mkdirSync(path as string);
  return diskFault("EISDIR")();
}

/** Of the two syncs of a save, the first is that of the file. */
function failSyncOfFolder(code: string) {
  let syncs = 0;
  const sync = () => (++syncs === 2 ? diskFault(code)() : undefined);
  vi.spyOn(fs, "fsyncSync").mockImplementation(sync);
  vi.spyOn(fs, "fsync").mockImplementation(failing(sync));
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("a new store", () => {
  test("creates its folder and the parents of it", () => {
    const folder = join(temporaryFolder(), "a/b/c");
    open(folder);
    expect(fs.statSync(folder).isDirectory()).toBe(true);
  });

  test("syncs the parents of a folder it creates, so that a power cut does not take it", () => {
    const parent = temporaryFolder();
    const opened = vi.spyOn(fs, "openSync");
    open(join(parent, "a/b"));
    expect(opened.mock.calls.map(([path]) => path).filter((path) => !/lock/.test(String(path)))).toEqual([
      join(parent, "a"),
      parent,
    ]);
  });

  test("has no newest checkpoint", () => {
    expect(newestStep(open(temporaryFolder()))).toBeUndefined();
  });

  test("refuses to keep fewer than one checkpoint", () => {
    const folder = join(temporaryFolder(), "new");
    for (const keep of [0, -1, 1.5, Number.NaN]) {
      expect(() => openStore(folder, { keep })).toThrow(
        new RivuletError(
          "argument.bad-value",
          `checkpoints to keep in ${folder}: found ${keep}, expected an integer from 1`,
        ),
      );
    }
    expect(fs.existsSync(folder)).toBe(false);
  });

  test("says that a file is in the way", () => {
    const path = join(temporaryFolder(), "checkpoints");
    fs.writeFileSync(path, "");
    expect(() => openStore(path)).toThrow(
      `cannot keep checkpoints in ${path}: found a file, expected a folder; move the file away, or name another folder`,
    );
  });
});

describe.each(waysToSave)("%s", (_, save) => {
  test("writes the chunks, one after the other, as one file", async () => {
    const store = open(temporaryFolder());
    expect(await save(store, chunksOf(7))).toEqual({
      path: join(store.directory, "checkpoint-00000001.msgpack"),
      sequence: 1,
    });
    expect(fs.readFileSync(join(store.directory, "checkpoint-00000001.msgpack")).equals(bytesOf(7))).toBe(
      true,
    );
  });

  test("writes the rest when the disk takes a part at a time", async () => {
    const { writevSync } = fs;
    vi.spyOn(fs, "writevSync").mockImplementation((file, [first]) =>
      writevSync(file, [new Uint8Array(first.buffer, first.byteOffset, Math.min(first.byteLength, 100))]),
    );
    const { write } = fs;
    const partial = vi.spyOn(fs, "write").mockImplementation(((
      file: number,
      bytes: Uint8Array,
      at: number,
      ...rest: unknown[]
    ) => {
      const done = rest.at(-1) as () => void;
      write(file, bytes, at, Math.min(100, bytes.length - at), null, done);
    }) as never);
    const store = open(temporaryFolder());
    await save(store, chunksOf(7));
    expect(newestStep(store)).toBe(7);
    expect(partial.mock.calls.length + vi.mocked(fs.writevSync).mock.calls.length).toBeGreaterThan(20);
  });

  test("keeps the newest checkpoints and deletes older ones", async () => {
    const store = open(temporaryFolder(), { keep: 2 });
    for (let step = 1; step <= 5; step++) await save(store, chunksOf(step));
    expect(sequences(store.directory)).toEqual([4, 5]);
  });

  test("counts the bytes that it has written, but none of a save that failed", async () => {
    const store = open(temporaryFolder(), { keep: 1 });
    for (const step of [1, 2, 3]) await save(store, chunksOf(step));
    expect(store.writtenBytes).toBe(bytesOf(1).length + bytesOf(2).length + bytesOf(3).length);
    const before = store.writtenBytes;
    vi.spyOn(fs, "fsyncSync").mockImplementation(diskFault("EIO"));
    vi.spyOn(fs, "fsync").mockImplementation(failing(diskFault("EIO")));
    await expect(save(store, chunksOf(4))).rejects.toThrow("input/output error");
    expect(store.writtenBytes).toBe(before);
  });

  test("counts those that were there when it was opened among those to keep", async () => {
    const folder = temporaryFolder();
    for (const step of [1, 2, 3])
      fs.writeFileSync(join(folder, `checkpoint-0000000${step}.msgpack`), bytesOf(step));
    const store = open(folder, { keep: 2 });
    expect(sequences(folder)).toEqual([1, 2, 3]);
    await save(store, chunksOf(4));
    expect(sequences(folder)).toEqual([3, 4]);
  });

  test("does not count incomplete files among those to keep", async () => {
    const folder = temporaryFolder();
    fs.writeFileSync(join(folder, "checkpoint-00000001.msgpack"), bytesOf(1));
    fs.writeFileSync(join(folder, "checkpoint-00000002.msgpack"), "");
    fs.writeFileSync(join(folder, "checkpoint-00000003.msgpack"), Buffer.alloc(3000));
    fs.writeFileSync(join(folder, "checkpoint-00000004.msgpack"), bytesOf(4).subarray(0, 2000));
    const store = open(folder, { keep: 2 });
    await save(store, chunksOf(5));
    expect(sequences(folder)).toEqual([1, 2, 3, 4, 5]);
    await save(store, chunksOf(6));
    expect(sequences(folder)).toEqual([5, 6]);
  });

  test("does not count a checkpoint that was refused among those to keep", async () => {
    const folder = temporaryFolder();
    fs.writeFileSync(join(folder, "checkpoint-00000001.msgpack"), bytesOf(1));
    const damaged = bytesOf(2);
    damaged[500] ^= 1;
    fs.writeFileSync(join(folder, "checkpoint-00000002.msgpack"), damaged);
    const store = open(folder, { keep: 2 });
    expect(newestStep(store)).toBe(1);
    await save(store, chunksOf(3));
    expect(sequences(folder)).toEqual([1, 2, 3]);
  });

  test("continues when an old checkpoint cannot be deleted, and tries again after the next", async () => {
    const report = vi.fn();
    const store = open(temporaryFolder(), { keep: 1, report });
    await save(store, chunksOf(1));
    const sync = vi.spyOn(fs, "unlinkSync").mockImplementation(diskFault("EIO"));
    const async = vi.spyOn(fs, "unlink").mockImplementation(failing(diskFault("EIO")));
    await save(store, chunksOf(2));
    expect(report).toHaveBeenCalledWith(
      `cannot delete an old checkpoint in ${store.directory}: the disk reports an input/output error; check the card or disk, and replace it if it is failing`,
    );
    sync.mockRestore();
    async.mockRestore();
    await save(store, chunksOf(3));
    expect(sequences(store.directory)).toEqual([3]);
  });

  test("leaves folders with names of checkpoints alone, and saves behind them without losing one that it keeps", async () => {
    const report = vi.fn();
    const store = open(temporaryFolder(), { keep: 2, report });
    const inTheWay = (sequence: number) =>
      join(store.directory, `checkpoint-${String(sequence).padStart(8, "0")}.msgpack`);
    await save(store, chunksOf(1));
    for (const sequence of [2, 3, 5]) fs.mkdirSync(inTheWay(sequence));
    for (const step of [2, 3]) await save(store, chunksOf(step));
    expect(sequences(store.directory)).toEqual([2, 3, 4, 5, 6]);
    expect(newestStep(store)).toBe(3);
    // One that is made while a save writes cannot be replaced, and is no checkpoint either.
    vi.spyOn(fs, "renameSync").mockImplementation(makeFolderAt);
    vi.spyOn(fs, "rename").mockImplementation(failing(() => makeFolderAt("", inTheWay(7))));
    await expect(save(store, chunksOf(4))).rejects.toThrow("it is a folder");
    vi.restoreAllMocks();
    await save(store, chunksOf(5));
    expect(sequences(store.directory)).toEqual([2, 3, 5, 6, 7, 8]);
    expect(newestStep(store)).toBe(5);
    store.close();
    const again = open(store.directory, { keep: 2, report });
    await save(again, chunksOf(6));
    expect(sequences(store.directory)).toEqual([2, 3, 5, 7, 8, 9]);
    expect(report.mock.calls.filter(([sentence]) => !sentence.includes("is a folder"))).toEqual([]);
  });

  test("removes its file when the sync fails, keeps the others, and gives its number to the next one", async () => {
    const store = open(temporaryFolder());
    await save(store, chunksOf(1));
    vi.spyOn(fs, "fsyncSync").mockImplementation(diskFault("EIO"));
    vi.spyOn(fs, "fsync").mockImplementation(failing(diskFault("EIO")));
    await expect(save(store, chunksOf(2))).rejects.toThrow(
      `cannot save a checkpoint in ${store.directory}: the disk reports an input/output error`,
    );
    expect(fs.readdirSync(store.directory)).toEqual(["checkpoint-00000001.msgpack", "lock"]);
    vi.restoreAllMocks();
    expect(await save(store, chunksOf(2))).toMatchObject({ sequence: 2 });
    expect(newestStep(store)).toBe(2);
  });

  test("fails when the folder cannot be synced, and counts the file that is there all the same", async () => {
    const store = open(temporaryFolder(), { keep: 1 });
    failSyncOfFolder("EIO");
    await expect(save(store, chunksOf(1))).rejects.toThrow("the disk reports an input/output error");
    expect(newestStep(store)).toBe(1);
    vi.restoreAllMocks();
    await save(store, chunksOf(2));
    expect(sequences(store.directory)).toEqual([2]);
  });

  test("keeps as many as it should where the folder cannot be synced, and the newest that no power cut can take", async () => {
    const store = open(temporaryFolder(), { keep: 3 });
    for (const step of [1, 2]) await save(store, chunksOf(step));
    for (const step of [3, 4, 5, 6, 7, 8]) {
      failSyncOfFolder("EIO"); // once
      await expect(save(store, chunksOf(step))).rejects.toThrow("the disk reports an input/output error");
    }
    expect(sequences(store.directory)).toEqual([2, 6, 7, 8]);
    vi.restoreAllMocks();
    await save(store, chunksOf(9));
    expect(sequences(store.directory)).toEqual([7, 8, 9]);
  });

  test("does not fail on a file system that cannot sync folders", async () => {
    const store = open(temporaryFolder());
    failSyncOfFolder("EINVAL");
    await save(store, chunksOf(1));
    expect(newestStep(store)).toBe(1);
  });

  test("refuses once another process has taken the folder", async () => {
    const store = open(temporaryFolder());
    fs.writeFileSync(join(store.directory, "lock"), lockOf({ pid: 1, start: startOfProcess(1) }));
    await expect(save(store, chunksOf(1))).rejects.toThrow(
      `${store.directory} is in use by the process with id 1`,
    );
    expect(sequences(store.directory)).toEqual([]);
  });

  test.each([
    ["of another container", { space: "pid:[1]" }],
    ["of another machine", { boot: "another-boot" }],
  ])("leaves the folder to a process %s that has taken it", async (_, taker) => {
    const store = open(temporaryFolder());
    const taken = lockOf({ pid: 1, ...taker });
    fs.writeFileSync(join(store.directory, "lock"), taken);
    await expect(save(store, chunksOf(1))).rejects.toThrow(
      `${store.directory} is in use by a process of another container or machine, which has locked it; use a different checkpoint folder for each`,
    );
    expect(sequences(store.directory)).toEqual([]);
    store.close();
    expect(fs.readFileSync(join(store.directory, "lock"), "utf8")).toBe(taken);
  });

  test("takes its folder back once a process of another container has not renewed its lock for hours", async () => {
    const store = open(temporaryFolder());
    const lock = join(store.directory, "lock");
    const clock = vi.spyOn(performance, "now");
    onTestFinished(() => clock.mockRestore());
    const hours = (count: number) => void clock.mockReturnValue(count * 3_600_000);
    hours(1);
    fs.writeFileSync(lock, lockOf({ pid: 1, space: "pid:[1]" }));
    await expect(save(store, chunksOf(1))).rejects.toThrow("in use by a process of another container");
    hours(3.9);
    fs.utimesSync(lock, 1, 1);
    await expect(save(store, chunksOf(1))).rejects.toThrow("in use by a process of another container");
    hours(6.8);
    await expect(save(store, chunksOf(1))).rejects.toThrow("in use by a process of another container");
    hours(7);
    await save(store, chunksOf(1));
    expect(newestStep(store)).toBe(1);
  });

  test("renews its lock from time to time, unless another process has taken its place", () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const store = open(temporaryFolder());
    const lock = join(store.directory, "lock");
    const renewed = () => fs.statSync(lock).mtimeMs;
    fs.utimesSync(lock, 1, 1);
    vi.advanceTimersByTime(3_600_000);
    expect(renewed()).toBeGreaterThan(1000);
    fs.writeFileSync(lock, lockOf({ pid: 1, space: "pid:[1]" }));
    fs.utimesSync(lock, 1, 1);
    vi.advanceTimersByTime(3_600_000);
    expect(renewed()).toBe(1000);
  });

  test("continues after what another process has saved, once that has left the folder", async () => {
    const store = open(temporaryFolder(), { keep: 2 });
    await save(store, chunksOf(1));
    for (const sequence of [7, 8]) {
      fs.writeFileSync(join(store.directory, `checkpoint-0000000${sequence}.msgpack`), bytesOf(sequence));
    }
    fs.rmSync(join(store.directory, "lock"));
    await save(store, chunksOf(2));
    expect(sequences(store.directory)).toEqual([8, 9]);
    expect(newestStep(store)).toBe(2);
  });

  test("takes a folder again that somebody has emptied", async () => {
    const store = open(temporaryFolder());
    fs.rmSync(join(store.directory, "lock"));
    await save(store, chunksOf(1));
    expect(fs.readdirSync(store.directory)).toContain("lock");
  });
});

describe("when its folder is gone", () => {
  test("save says so, and continues once it is back", async () => {
    const folder = join(temporaryFolder(), "usb-stick");
    const store = open(folder);
    fs.rmSync(folder, { recursive: true });
    await expect(store.save(chunksOf(1))).rejects.toThrow(
      `cannot save a checkpoint in ${folder}: the folder does not exist; create it, or mount its disk`,
    );
    fs.mkdirSync(folder);
    await store.save(chunksOf(2));
    expect(newestStep(store)).toBe(2);
  });

  test("saveSync makes it again, and says so", () => {
    const folder = join(temporaryFolder(), "disk", "checkpoints");
    const report = vi.fn();
    const store = open(folder, { report });
    store.saveSync(chunksOf(1));
    fs.rmSync(join(folder, ".."), { recursive: true });
    store.saveSync(chunksOf(2));
    expect(newestStep(store)).toBe(2);
    expect(report.mock.calls).toEqual([
      [`${folder} was missing and has been created again for this checkpoint`],
    ]);
  });
});

describe("save", () => {
  test("has copied the chunks before it returns to its caller", async () => {
    const store = open(temporaryFolder());
    const checkpoint = sampleCheckpoint(7);
    const saved = store.save(encodeCheckpoint(checkpoint));
    for (const { data } of checkpoint.parameters) data.fill(0);
    await saved;
    expect(newestStep(store)).toBe(7);
  });

  test("is refused while another is under way, and changes nothing", async () => {
    const store = open(temporaryFolder());
    const first = store.save(chunksOf(1));
    expect(store.saving).toBe(true);
    await expect(store.save(chunksOf(2))).rejects.toThrow(
      `a checkpoint is still being saved in ${store.directory}; save the next one after it`,
    );
    await first;
    expect(store.saving).toBe(false);
    expect(sequences(store.directory)).toEqual([1]);
    expect(newestStep(store)).toBe(1);
  });

  test("is overtaken by saveSync, whose checkpoint is the newer one", async () => {
    const store = open(temporaryFolder());
    const first = store.save(chunksOf(1));
    store.saveSync(chunksOf(2));
    expect(newestStep(store)).toBe(2);
    await first;
    expect(sequences(store.directory)).toEqual([1, 2]);
    expect(newestStep(store)).toBe(2);
  });

  test("that was overtaken is deleted as the older one", async () => {
    const store = open(temporaryFolder(), { keep: 1 });
    const first = store.save(chunksOf(1));
    store.saveSync(chunksOf(2));
    await first;
    expect(sequences(store.directory)).toEqual([2]);
  });
});

describe("a store that is closed while a checkpoint waits to be written", () => {
  test("does not take the folder again, which another may have by then", async () => {
    const store = openStore(temporaryFolder());
    let complete = () => {};
    const saved = store.save(chunksOf(1), () => new Promise((resolve) => (complete = resolve)));
    store.saveSync(chunksOf(2));
    store.close();
    const next = open(store.directory);
    complete();
    await expect(saved).rejects.toThrow(
      new RivuletError(
        "checkpoint.not-saved",
        `${store.directory} was closed before its checkpoint was written`,
      ),
    );
    expect(sequences(store.directory)).toEqual([2]);
    await next.save(chunksOf(3));
    expect(newestStep(next)).toBe(3);
  });
});

describe("the newest checkpoint", () => {
  test("is the one with the highest number, whatever the clock said", () => {
    const folder = temporaryFolder();
    for (const step of [1, 2, 3]) {
      const path = join(folder, `checkpoint-0000000${step}.msgpack`);
      fs.writeFileSync(path, bytesOf(step));
      fs.utimesSync(path, 2_000_000_000 - step, 2_000_000_000 - step);
    }
    expect(newestStep(open(folder))).toBe(3);
  });

  test("is found beyond eight digits", () => {
    const folder = temporaryFolder();
    fs.writeFileSync(join(folder, "checkpoint-99999999.msgpack"), bytesOf(1));
    const store = open(folder);
    expect(basename(store.saveSync(chunksOf(2)).path)).toBe("checkpoint-100000000.msgpack");
    expect(newestStep(store)).toBe(2);
  });

  test("is the newest valid one; each refused one is reported and stays where it is", () => {
    const folder = temporaryFolder();
    fs.writeFileSync(join(folder, "checkpoint-00000001.msgpack"), bytesOf(1));
    fs.writeFileSync(join(folder, "checkpoint-00000002.msgpack"), bytesOf(2).subarray(0, 1000));
    fs.mkdirSync(join(folder, "checkpoint-00000003.msgpack"));
    const report = vi.fn();
    expect(newestStep(open(folder, { report }))).toBe(1);
    expect(report.mock.calls).toEqual([
      [expect.stringMatching(/checkpoint-00000003\.msgpack is a folder, expected a regular file/)],
      [expect.stringMatching(/checkpoint-00000002\.msgpack is truncated: /)],
    ]);
    expect(sequences(folder)).toEqual([1, 2, 3]);
  });

  test("is never overwritten, even when it is damaged", () => {
    const folder = temporaryFolder();
    fs.writeFileSync(join(folder, "checkpoint-00000007.msgpack"), "damaged");
    expect(open(folder).saveSync(chunksOf(1)).sequence).toBe(8);
  });

  test("is not passed over for an error that is not about the file", () => {
    const folder = temporaryFolder();
    const store = open(folder);
    store.saveSync(chunksOf(1));
    const read = () => {
      throw new RivuletError("checkpoint.mismatch", "the config has another model");
    };
    expect(() => store.newest(read)).toThrow("the config has another model");
  });

  test.each([
    ["EACCES", "permission denied; make it readable for this user"],
    ["EPERM", "permission denied; make it readable for this user"],
    ["EMFILE", "too many files are open; raise the limit of open files (ulimit -n, LimitNOFILE=)"],
    ["ENOMEM", "ENOMEM: as the test wants it; free some memory"],
  ])("that cannot be read for %s is no reason to learn from scratch", (code, reason) => {
    const store = open(temporaryFolder());
    const { path } = store.saveSync(chunksOf(1));
    forbid(path, code);
    expect(() => store.newest(decodeCheckpoint)).toThrow(
      `00000001.msgpack cannot be read: ${reason}, or move it out of the folder to learn from scratch`,
    );
    // Where an earlier one is left, learning goes on from that.
    const before = { path: join(store.directory, "checkpoint-00000000.msgpack"), step: 7 };
    fs.writeFileSync(before.path, bytesOf(before.step));
    expect(newestStep(store)).toBe(7);
  });

  test("of a newer version is no reason to learn from scratch", () => {
    const folder = temporaryFolder();
    fs.writeFileSync(join(folder, "checkpoint-00000001.msgpack"), newerBytes(1));
    const store = open(folder);
    expect(() => store.newest(decodeCheckpoint)).toThrow(
      /update Rivulet on this machine, or move it out of the folder to learn from scratch$/,
    );
    store.saveSync(chunksOf(2));
    expect(newestStep(store)).toBe(2);
  });

  test("that cannot be read does not hide what was wrong with the others", () => {
    const folder = temporaryFolder();
    fs.writeFileSync(join(folder, "checkpoint-00000001.msgpack"), newerBytes(1));
    fs.writeFileSync(join(folder, "checkpoint-00000002.msgpack"), bytesOf(2).subarray(0, 1000));
    const told: string[] = [];
    const store = open(folder, { report: (sentence) => told.push(sentence) });
    expect(() => store.newest(decodeCheckpoint)).toThrow("00000001.msgpack has version 99");
    expect(told).toEqual([expect.stringMatching(/00000002\.msgpack is truncated/)]);
  });

  test("is refused by a reader of the caller's own, which need not name a cause", () => {
    const store = open(temporaryFolder());
    store.saveSync(chunksOf(1));
    const read = () => {
      throw new CheckpointError("checkpoint.unreadable", "not today");
    };
    expect(store.newest(read)).toBeUndefined();
  });

  test.each<[string, (store: Store, chunks: Uint8Array[]) => Promise<unknown>]>(waysToSave)(
    "of a newer version stays when learning goes on from an older one, also after a restart (%s)",
    async (_, saveIn) => {
      const folder = temporaryFolder();
      fs.writeFileSync(join(folder, "checkpoint-00000001.msgpack"), bytesOf(1));
      fs.writeFileSync(join(folder, "checkpoint-00000050.msgpack"), newerBytes(50));
      for (let step = 51; step < 57; step += 3) {
        const store = openStore(folder, { keep: 2 });
        store.newest(decodeCheckpoint);
        for (let i = 0; i < 3; i++) await saveIn(store, chunksOf(step + i));
        store.close();
      }
      expect(sequences(folder)).toEqual([50, 55, 56]);
    },
  );

  test("that this user may not read stays when learning goes on from an older one, also after a restart", () => {
    const folder = temporaryFolder();
    fs.writeFileSync(join(folder, "checkpoint-00000001.msgpack"), bytesOf(1));
    const path = join(folder, "checkpoint-00000002.msgpack");
    fs.writeFileSync(path, bytesOf(2));
    forbid(path, "EACCES");
    for (let step = 3; step < 9; step += 3) {
      const store = openStore(folder, { keep: 2 });
      store.newest(decodeCheckpoint);
      for (let i = 0; i < 3; i++) store.saveSync(chunksOf(step + i));
      store.close();
    }
    expect(sequences(folder)).toEqual([2, 7, 8]);
  });

  test("that cannot be read makes no room on a full disk", () => {
    const folder = temporaryFolder();
    fs.writeFileSync(join(folder, "checkpoint-00000001.msgpack"), newerBytes(1));
    const store = open(folder);
    store.saveSync(chunksOf(2));
    const free = { bavail: 0, bsize: 1, files: 100, ffree: 50 };
    vi.spyOn(fs, "statfsSync").mockReturnValue(free as never);
    forbid(join(folder, "checkpoint-00000003.msgpack.tmp"), "ENOSPC");
    expect(() => store.saveSync(chunksOf(3))).toThrow("the disk is full");
    expect(sequences(folder)).toEqual([1, 2]);
  });

  test("can be looked at while another process holds the folder", () => {
    const store = open(temporaryFolder());
    store.saveSync(chunksOf(4));
    expect(newestCheckpoint(store.directory, decodeCheckpoint, () => {})?.checkpoint.step).toBe(4);
  });

  test("of a folder that is not there is refused with a sentence", () => {
    const folder = join(temporaryFolder(), "nowhere");
    expect(() => newestCheckpoint(folder, decodeCheckpoint, () => {})).toThrow(
      `cannot read the checkpoints in ${folder}: the folder does not exist; create it, or mount its disk`,
    );
  });
});

describe("opening a folder", () => {
  test("clears away its own temporary files, and nothing else", () => {
    const folder = temporaryFolder();
    const others = ["notes.tmp", "checkpoint-1.msgpack.tmp", "model.msgpack"];
    for (const name of [...others, "checkpoint-00000009.msgpack.tmp"])
      fs.writeFileSync(join(folder, name), "");
    open(folder);
    expect(fs.readdirSync(folder).sort()).toEqual([...others, "lock"].sort());
  });

  test("passes over a pipe, a link and a folder with the names of checkpoints, without waiting for anybody", () => {
    const folder = temporaryFolder();
    const store = openStore(folder);
    store.saveSync(chunksOf(1));
    store.close();
    const elsewhere = join(temporaryFolder(), "valid.msgpack");
    fs.writeFileSync(elsewhere, bytesOf(7));
    execFileSync("mkfifo", [join(folder, "checkpoint-00000002.msgpack")]);
    fs.symlinkSync(elsewhere, join(folder, "checkpoint-00000003.msgpack"));
    fs.symlinkSync("/dev/zero", join(folder, "checkpoint-00000004.msgpack"));
    fs.mkdirSync(join(folder, "checkpoint-00000005.msgpack"));
    const told: string[] = [];
    const again = open(folder, { report: (sentence) => told.push(sentence) });
    expect(newestStep(again)).toBe(1);
    expect(told.map((sentence) => /(is a .*?), expected a regular file/.exec(sentence)?.[1])).toEqual([
      "is a folder",
      "is a symbolic link",
      "is a symbolic link",
      "is a pipe",
    ]);
  });

  test("ignores a file whose number no save can exceed, says so, and counts on from its own", () => {
    const folder = temporaryFolder();
    fs.writeFileSync(join(folder, "checkpoint-999999999999999.msgpack"), bytesOf(9));
    const told: string[] = [];
    const store = open(folder, { report: (sentence) => told.push(sentence) });
    store.saveSync(chunksOf(1));
    expect(told).toEqual([expect.stringContaining("checkpoint-999999999999999.msgpack is ignored")]);
    expect(sequences(folder)).toEqual([1]);
    expect(newestStep(store)).toBe(1);
  });

  test("refuses a save behind the last number that a start would find", () => {
    const folder = temporaryFolder();
    fs.writeFileSync(join(folder, "checkpoint-999999999999.msgpack"), bytesOf(9));
    const store = open(folder);
    expect(newestStep(store)).toBe(9);
    expect(() => store.saveSync(chunksOf(10))).toThrow(
      "has a checkpoint numbered 999999999999, the largest number possible; move it away",
    );
    expect(sequences(folder)).toEqual([999_999_999_999]);
  });

  test("writes its lock through no link", () => {
    const folder = temporaryFolder();
    const target = join(temporaryFolder(), "precious");
    fs.writeFileSync(target, "precious");
    fs.symlinkSync(target, join(folder, "lock.tmp"));
    open(folder);
    expect(fs.readFileSync(target, "utf8")).toBe("precious");
    expect(fs.lstatSync(join(folder, "lock")).isFile()).toBe(true);
  });

  test("waits for nobody where its lock is a pipe", () => {
    const folder = temporaryFolder();
    execFileSync("mkfifo", [join(folder, "lock")]);
    expect(() => open(folder)).not.toThrow();
  });

  test("can be closed on a file system that has turned read-only", () => {
    const store = openStore(temporaryFolder());
    vi.spyOn(fs, "rmSync").mockImplementation(diskFault("EROFS"));
    expect(() => store.close()).not.toThrow();
  });

  test("is refused while this process has it open already", () => {
    const store = open(temporaryFolder());
    expect(() => openStore(store.directory)).toThrow(
      `${store.directory} is in use by this process already; use a different checkpoint folder for each`,
    );
  });

  test("refuses once another process has locked it at the same moment", () => {
    const store = open(temporaryFolder());
    expect(() => store.requireLock()).not.toThrow();
    fs.writeFileSync(join(store.directory, "lock"), lockOf({ pid: 1, start: startOfProcess(1) }));
    expect(() => store.requireLock()).toThrow(`${store.directory} is in use by the process with id 1`);
    fs.rmSync(join(store.directory, "lock"));
    vi.spyOn(fs, "writeFileSync").mockImplementation(diskFault("ENOSPC"));
    expect(() => store.requireLock()).not.toThrow();
  });

  test("can be tried again after its folder could not be read", () => {
    const folder = temporaryFolder();
    vi.spyOn(fs, "readdirSync").mockImplementationOnce(diskFault("EIO"));
    expect(() => open(folder)).toThrow("the disk reports an input/output error");
    expect(open(folder).directory).toBe(folder);
  });

  test("works again after it was closed", () => {
    const store = openStore(temporaryFolder());
    store.close();
    open(store.directory);
  });

  test("works again after a save that was under way when it was closed, and not before", async () => {
    const store = openStore(temporaryFolder());
    const sync = fs.fsync;
    const writing = new Promise<() => void>((resolve) => {
      vi.spyOn(fs, "fsync").mockImplementationOnce((descriptor, done) =>
        resolve(() => sync(descriptor, done)),
      );
    });
    const saved = store.save(chunksOf(1));
    const finish = await writing;
    store.close();
    expect(() => openStore(store.directory)).toThrow("is in use by this process already");
    finish();
    await saved;
    expect(fs.readdirSync(store.directory)).toEqual(["checkpoint-00000001.msgpack"]);
    expect(newestStep(open(store.directory))).toBe(1);
  });

  test("is refused to a second one also where no /proc says when a process started", () => {
    const read = fs.readFileSync;
    vi.spyOn(fs, "readFileSync").mockImplementation(((path: string | number, ...rest: []) =>
      String(path).startsWith("/proc/") ? diskFault("ENOENT")() : read(path, ...rest)) as typeof read);
    const store = open(temporaryFolder());
    expect(() => openStore(store.directory)).toThrow("is in use by this process already");
  });

  test.each([
    ["of a process that lives no longer", () => lockOf({ pid: 999999999 })],
    ["of a process whose id is in use again", () => lockOf({})],
    ["from before the last boot", () => lockOf({ ...itself(), boot: "another-boot" })],
    ["of a container, whether it lives or not", () => lockOf({ ...itself(), space: "pid:[1]" })],
    ["that is damaged", () => "\0\0\0\0"],
    ["that is empty", () => ""],
  ])("takes over a lock %s", (_, content) => {
    const folder = temporaryFolder();
    fs.writeFileSync(join(folder, "lock"), content());
    open(folder);
  });

  test("works on a full disk, where the lock finds no room, and says so", () => {
    const report = vi.fn();
    vi.spyOn(fs, "writeFileSync").mockImplementation(diskFault("ENOSPC"));
    const store = open(temporaryFolder(), { report });
    expect(report).toHaveBeenCalledWith(
      expect.stringMatching(
        /^cannot mark .* as in use: the disk is full, \d+ bytes are free; free some space there$/,
      ),
    );
    vi.restoreAllMocks();
    expect(fs.readdirSync(store.directory)).toEqual([]);
    store.saveSync(chunksOf(1));
    expect(fs.readdirSync(store.directory)).toContain("lock");
  });

  test("makes room on a full disk for its lock too, by the oldest checkpoint", () => {
    const folder = temporaryFolder();
    const store = open(folder, { keep: 3 });
    for (const step of [1, 2, 3]) store.saveSync(chunksOf(step));
    store.close();
    const report = vi.fn();
    const write = vi.spyOn(fs, "writeFileSync").mockImplementation(diskFault("ENOSPC"));
    const again = open(folder, { keep: 3, report });
    expect(sequences(folder)).toEqual([1, 2, 3]);
    // Down to the newest one, and no further.
    expect(() => again.saveSync(chunksOf(4))).toThrow("the disk is full");
    expect(sequences(folder)).toEqual([3]);
    write.mockRestore();
    again.saveSync(chunksOf(5));
    expect(sequences(folder)).toEqual([3, 4]);
    expect(report).toHaveBeenCalledWith(expect.stringContaining("deleted 1 of the oldest checkpoints"));
  });

  test("takes the place of a dead process that nobody has buried", async () => {
    const folder = temporaryFolder();
    const zombie = await makeZombie();
    fs.writeFileSync(join(folder, "lock"), lockOf({ pid: zombie, start: startOfProcess(zombie) }));
    open(folder);
  });
});

const itself = () => ({ pid: process.pid, start: startOfProcess(process.pid) });

/** The text of a lock, of this machine and its process ids where nothing else is said. */
function lockOf({
  pid = process.pid,
  start = "1",
  boot = fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
  space = fs.readlinkSync("/proc/self/ns/pid"),
}): string {
  return `${pid} ${start} ${boot} ${space} 1\n`;
}

/** In clock ticks since boot; field 22 of proc(5) stat. */
function startOfProcess(pid: number): string {
  return fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ")[19];
}

/** The id of a process that has ended, but whose parent does not ask how. */
async function makeZombie(): Promise<number> {
  // The shell starts a child that waits for a line, and then becomes `sleep`, which never asks after it.
  const script = "exec 3<&0; sh -c 'read line' <&3 & echo $!; exec sleep 60";
  const parent = spawn("sh", ["-c", script], { stdio: ["pipe", "pipe", "ignore"] });
  onTestFinished(() => void parent.kill("SIGKILL"));
  const [output] = await once(parent.stdout, "data");
  const zombie = Number(String(output));
  const nameOf = (pid: number) => fs.readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  const stateOf = (pid: number) => fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)![0];
  await vi.waitUntil(() => nameOf(parent.pid!) === "sleep", { timeout: 300_000 });
  parent.stdin.end();
  await vi.waitUntil(() => stateOf(zombie) === "Z", { timeout: 300_000 });
  return zombie;
}
