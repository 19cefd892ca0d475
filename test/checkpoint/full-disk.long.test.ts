import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listCheckpoints } from "../../src/checkpoint/checkpoint-names.ts";
import { mounting, needing } from "../needs.ts";
import { compileChild } from "./compiled-child.ts";
import { temporaryFolder } from "./folder.ts";

let child: ReturnType<typeof compileChild>;
beforeAll(() => {
  child = compileChild();
});
afterAll(() => child.remove());

const isRoot = process.getuid?.() === 0;
/** A mount namespace of its own: what is mounted in it is gone with the last process in it. */
const unshare = isRoot ? ["unshare", "--mount"] : ["unshare", "--map-root-user", "--mount"];
const mount = (folder: string, options = "") => `mount -t tmpfs -o size=1m${options} none '${folder}'`;
const canMount = spawnSync(unshare[0], [...unshare.slice(1), "sh", "-c", mount("/mnt")]).status === 0;

/** With their optimizer state, a quarter of a megabyte. */
const weights = 20_000;

/** Runs `child.js FOLDER do COMMANDS` on a file system of 1 MiB that is mounted on the folder. Gives the outcomes. */
function onSmallDisk(folder: string, ...commands: string[]): unknown[] {
  const script = `${mount(folder)} && exec "$@"`;
  return outcomes([
    ...unshare,
    "sh",
    "-c",
    script,
    "sh",
    process.execPath,
    child.path,
    folder,
    "do",
    ...commands,
  ]);
}

function outcomes([command, ...words]: string[]): unknown[] {
  const { stdout, stderr } = spawnSync(command, words, { encoding: "utf8" });
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

describe("on a disk of one megabyte", needing(canMount, mounting), () => {
  test.each(["save", "saveSync"])(
    "%s says that it is full, keeps what is there, and goes on once there is room",
    (save) => {
      const folder = temporaryFolder();
      const ballast = join(folder, "ballast");
      const result = onSmallDisk(
        folder,
        ...[`sh:head -c 600000 /dev/zero > ${ballast}`, "open"],
        ...[`${save}:1:${weights}`, `${save}:2:${weights}`, `${save}:3:${weights}`],
        ...["list", "newest", `sh:rm ${ballast}`, `${save}:4:${weights}`, "newest"],
      );
      expect(result).toEqual([
        ...["", "opened", 1],
        expect.stringMatching(fullDisk(folder)),
        expect.stringMatching(fullDisk(folder)),
        ...[["ballast", "checkpoint-00000001.msgpack", "lock"], 1, "", 2, 4],
      ]);
    },
  );

  test.each(["save", "saveSync"])(
    "%s deletes the oldest checkpoints, down to the newest one, where that makes room",
    (save) => {
      const folder = temporaryFolder();
      const result = onSmallDisk(
        folder,
        ...[
          "open",
          `${save}:1:${weights}`,
          `${save}:2:${weights}`,
          `${save}:3:${weights}`,
          `${save}:4:${weights}`,
        ],
        // 900 kB of 1 MiB are needed: room only where all but the newest are gone, and then not even so
        ...[`${save}:5:${weights}`, "list", `${save}:6:${4 * weights}`, "list", "newest", "reports"],
      );
      expect(result).toEqual([
        ...["opened", 1, 2, 3, 4, 5],
        [
          "checkpoint-00000002.msgpack",
          "checkpoint-00000003.msgpack",
          "checkpoint-00000004.msgpack",
          "checkpoint-00000005.msgpack",
          "lock",
        ],
        expect.stringMatching(/: the disk is full, 9\d{5} bytes are needed/),
        [
          "checkpoint-00000002.msgpack",
          "checkpoint-00000003.msgpack",
          "checkpoint-00000004.msgpack",
          "checkpoint-00000005.msgpack",
          "lock",
        ],
        5,
        [
          `the disk of ${folder} is full: deleted 1 of the oldest checkpoints to make room for the next one; free some space there`,
        ],
      ]);
    },
  );

  test("a folder without a free inode is not called full, and the oldest checkpoint makes room for the next", () => {
    const folder = temporaryFolder();
    // One inode each for the root of the file system, the lock, and two checkpoints.
    const result = outcomes([
      ...unshare,
      ...[
        "sh",
        "-c",
        `${mount(folder, ",nr_inodes=4")} && exec "$@"`,
        "sh",
        process.execPath,
        child.path,
        folder,
        "do",
      ],
      ...[
        "open",
        "saveSync:1:0",
        "saveSync:2:0",
        "save:3:0",
        "list",
        `sh:rm ${folder}/checkpoint-00000002.msgpack`,
      ],
      ...[`sh:touch ${folder}/other`, "save:4:0"],
    ]);
    expect(result).toEqual([
      ...["opened", 1, 2, 3],
      ["checkpoint-00000002.msgpack", "checkpoint-00000003.msgpack", "lock"],
      ...["", ""],
      `RivuletError: cannot save a checkpoint in ${folder}: the file system has no room for one more file (its inodes are used up, see df -i); delete some files there`,
    ]);
  });

  test("a store opens even when it is full to the last byte", () => {
    const folder = temporaryFolder();
    const ballast = join(folder, "ballast");
    const fill = `sh:head -c 2000000 /dev/zero > ${ballast} 2> /dev/null || true`;
    const result = onSmallDisk(
      folder,
      fill,
      "open",
      "saveSync:1:0",
      `sh:rm ${ballast}`,
      "saveSync:2:0",
      "newest",
    );
    expect(result).toEqual([
      "",
      "opened",
      expect.stringMatching(/the disk is full, 2965 bytes are needed, 0 bytes/),
      "",
      1,
      2,
    ]);
  });

  test.each(["save", "saveSync"])("%s says that it has turned read-only", (save) => {
    const folder = temporaryFolder();
    const result = onSmallDisk(
      folder,
      "open",
      "saveSync:1:0",
      `sh:mount -o remount,ro ${folder}`,
      `${save}:2:0`,
      "newest",
    );
    const sentence = `RivuletError: cannot save a checkpoint in ${folder}: the file system is read-only; mount it writable, and check the card, because a failing card turns read-only`;
    expect(result).toEqual(["opened", 1, "", sentence, 1]);
  });
});

test.each(["save", "saveSync"])("%s says that files may not grow that large", (save) => {
  const folder = temporaryFolder();
  const script = 'ulimit -f 64; exec "$@"';
  const commands = ["open", `${save}:1:0`, `${save}:2:${weights}`, "list", "newest"];
  const result = outcomes([
    "sh",
    "-c",
    script,
    "sh",
    process.execPath,
    child.path,
    folder,
    "do",
    ...commands,
  ]);
  expect(result).toEqual([
    ...["opened", 1],
    expect.stringMatching(
      /: the file exceeds the largest permitted size, \d+ bytes are needed; raise the limit/,
    ),
    ...[["checkpoint-00000001.msgpack", "lock"], 1],
  ]);
});

describe("without permission", needing(process.getuid !== undefined, "a system with user ids"), () => {
  // Root may write anywhere: as root the child becomes nobody.
  const user = isRoot ? 65534 : process.getuid?.();
  const asUser = (folder: string, ...commands: string[]) =>
    outcomes([process.execPath, child.path, folder, "do", `become:${user}`, ...commands]);

  test("on a folder, opening a store says for whom", () => {
    const folder = temporaryFolder();
    fs.chmodSync(folder, 0o555);
    expect(asUser(folder, "open")).toEqual([
      `RivuletError: cannot keep checkpoints in ${folder}: ${denied(user)}`,
    ]);
  });

  test("on the parent of a folder, opening a store says for whom", () => {
    const parent = temporaryFolder();
    fs.chmodSync(parent, 0o555);
    const folder = join(parent, "checkpoints");
    expect(asUser(folder, "open")).toEqual([
      `RivuletError: cannot keep checkpoints in ${folder}: ${denied(user)}`,
    ]);
  });

  test("taken away from a running process, saving says so and continues once it is back", () => {
    const folder = temporaryFolder();
    if (isRoot) fs.chownSync(folder, 65534, 65534);
    const sentence = `RivuletError: cannot save a checkpoint in ${folder}: ${denied(user)}`;
    expect(
      asUser(
        folder,
        ...["open", "saveSync:1:0", `sh:chmod 555 ${folder}`, "save:2:0", "saveSync:3:0"],
        ...[`sh:chmod 755 ${folder}`, "save:4:0"],
      ),
    ).toEqual(["opened", 1, "", sentence, sentence, "", 2]);
    expect(listCheckpoints(folder)).toHaveLength(2);
  });
});

function denied(user: number | undefined): string {
  return `no permission for user id ${user}; change the owner of the folder to that user with chown, or name another folder`;
}

function fullDisk(folder: string): RegExp {
  return new RegExp(
    `^RivuletError: cannot save a checkpoint in ${folder}: the disk is full, 24\\d{4} bytes are needed, \\d+ bytes are free; free some space there$`,
  );
}
