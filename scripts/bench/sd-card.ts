/**
 * What a checkpoint costs an SD card: sectors that the kernel writes to an ext4 file system for each save, with those of
 * the file system itself, and what that is in a day. On an image behind a loop device; Linux alone, as root.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { openStore } from "../../src/checkpoint/store.ts";
import { frugal, startFedDaemon } from "../../src/commands/bench/fed-daemon.ts";
import type { Figure } from "../../src/commands/bench/figure.ts";
import { spreadOf } from "../../src/commands/bench/timing.ts";
import { program } from "./program.ts";

const sectorBytes = 512;
const saves = 40;
/** At the default of one every ten minutes. */
const savesInDay = 144;
const mebibyte = 2 ** 20;

interface Card {
  folder: string;
  /** Bytes written so far, once everything is on it. */
  writtenBytes(): number;
  remove(): void;
}

/** A file system of its own; a sentence where none can be made. */
function createCard(): Card | string {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-card-"));
  const image = join(folder, "image");
  const mounted = join(folder, "card");
  const command = (name: string, ...words: string[]) =>
    execFileSync(name, words, { encoding: "utf8", stdio: "pipe" }).trim();
  try {
    mkdirSync(mounted);
    command("truncate", "--size", "128M", image);
    // As on a card that has been in use: or the first minutes would write its tables.
    command("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", image);
    command("mount", "-o", "loop,noatime", image, mounted);
  } catch (error) {
    rmSync(folder, { recursive: true });
    return (error as Error).message.trim().replaceAll("\n", "; ");
  }
  const device = basename(command("findmnt", "-n", "-o", "SOURCE", mounted));
  return {
    folder: mounted,
    writtenBytes() {
      command("sync", "-f", mounted);
      const statistics = readFileSync(`/sys/block/${device}/stat`, "utf8").trim().split(/\s+/);
      return sectorBytes * Number(statistics[6]);
    },
    remove() {
      command("umount", mounted);
      rmSync(folder, { recursive: true });
    },
  };
}

/** Bytes on the card for each save of so many bytes, each of which ends with everything on the card. */
async function bytesOnCard(card: Card, name: string, bytes: number): Promise<number> {
  const store = openStore(join(card.folder, name), { keep: 5 });
  const chunk = [new Uint8Array(bytes)];
  // The first ones make the folder, and have nothing to delete.
  for (let i = 0; i < 6; i++) await store.save(chunk);
  const before = card.writtenBytes();
  for (let i = 0; i < saves; i++) {
    await store.save(chunk);
    card.writtenBytes();
  }
  const written = card.writtenBytes() - before;
  store.close();
  return written / saves;
}

/** Bytes of a line of status a minute, by the mean of a daemon's lines. */
async function statusBytesInDay(): Promise<number> {
  const daemon = await startFedDaemon({ program, rate: 1000, statusEvery: "100ms", ...frugal });
  await daemon.untilLearning;
  while (daemon.lines("status").length < 20) await new Promise((resolve) => setTimeout(resolve, 50));
  const last = daemon.lines("status").length - 1;
  const logBytes = (index: number) => Number(daemon.lines("status")[index]["logBytes"]);
  const mean = (logBytes(last) - logBytes(0)) / last;
  await daemon.stop();
  return 24 * 60 * mean;
}

export async function cardFigures(): Promise<Figure[]> {
  const group = "SD card";
  const card = createCard();
  const log: Figure = {
    group,
    name: "log in a day, as JSON, with a status line a minute",
    value: spreadOf([(await statusBytesInDay()) / mebibyte]),
    unit: "MiB",
  };
  if (typeof card === "string") {
    return [log, { group, name: `not measured: ${card}`, value: spreadOf([0]), unit: "" }];
  }
  try {
    const figures: Figure[] = [];
    for (const [name, bytes] of [
      ["small", 3_500],
      ["middle", 84_000],
      ["large", 840_000],
    ] as const) {
      const each = await bytesOnCard(card, name, bytes);
      figures.push({
        group,
        name: `a checkpoint of ${bytes} bytes`,
        value: spreadOf([each]),
        unit: "bytes on the card",
        note: `${((savesInDay * each) / mebibyte).toFixed(1)} MiB in a day of one every ten minutes`,
      });
    }
    return [...figures, log];
  } finally {
    card.remove();
  }
}
