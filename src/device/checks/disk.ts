import { dirname } from "node:path";
import { type Check, type Examined, ok, problem, warning } from "../finding.ts";
import { access, exists, type Machine, may, resolved, statusOf } from "../machine.ts";
import { type Mount, mountOf } from "../mounts.ts";
import { quoted } from "../shell.ts";
import { mebibyte, sizeText } from "../size.ts";

/** With less free space than this, other programs begin to fail, the journal first. */
const leastFreeBytes = 100 * mebibyte;

const volatileTypes = ["tmpfs", "ramfs", "zram"];

/** The checkpoint folder and the nearest parent of it that exists; without a config, the current folder. */
function folderOf({ machine, needs }: Examined): { wanted: string; existing: string } {
  const wanted = needs?.checkpoints.directory ?? process.cwd();
  let existing = wanted;
  while (existing !== "/" && !exists(machine, existing)) existing = dirname(existing);
  return { wanted, existing: resolved(machine, existing) };
}

/** Whether the user may write to the checkpoint folder. */
export const folder: Check = {
  name: "folder",
  question: "whether checkpoints may be written",
  ask(examined) {
    const { machine, needs } = examined;
    if (needs === null) return null;
    const { wanted, existing } = folderOf(examined);
    const status = statusOf(machine, existing);
    const user = quoted(machine.user.name);
    if (status === null) return null;
    if (!status.isDirectory()) {
      return problem(
        `${existing} is a file, expected a folder for checkpoints; move the file away`,
        `mv ${quoted(existing)} ${quoted(`${existing}.old`)}`,
      );
    }
    if (may(machine, existing, status, access.write | access.enter)) {
      return ok(
        wanted === existing
          ? `checkpoints are written to ${wanted}`
          : `checkpoints are written to ${wanted}, which the daemon will create`,
      );
    }
    const isThere = exists(machine, wanted);
    return problem(
      `${machine.user.name} may not write to ${existing}, which belongs to ${ownerOf(machine, status.uid)}`,
      isThere ? `sudo chown -R ${user} ${quoted(wanted)}` : `sudo install -d -o ${user} ${quoted(wanted)}`,
    );
  },
};

function ownerOf(machine: Machine, id: number): string {
  return id === 0 ? "root" : id === machine.user.id ? machine.user.name : `user ${id}`;
}

/** Whether the disk has room for the checkpoints. */
export const space: Check = {
  name: "space",
  question: "whether the disk has room for checkpoints",
  ask(examined) {
    const { machine, needs } = examined;
    const { existing } = folderOf(examined);
    const free = machine.freeBytes(existing);
    const { directory } = needs?.checkpoints ?? { directory: existing };
    const { keep = 0, bytes = null } = needs?.checkpoints ?? {};
    // The new checkpoint is written before the oldest is deleted.
    const needed = bytes === null ? 0 : (keep + 1) * bytes;
    const find = `sudo du -xh ${quoted(mountOf(machine, existing).folder)} | sort -h | tail`;
    if (free < needed) {
      return problem(
        `${sizeText(free)} are free on the disk of ${directory}, but ${keep} checkpoints and a new one need ${sizeText(needed)}; free some space, or lower checkpoint.keep`,
        find,
      );
    }
    if (free < needed + leastFreeBytes) {
      return warning(
        `only ${sizeText(free)} are free on the disk of ${directory}; free some space before it is full`,
        find,
      );
    }
    return ok(
      `${sizeText(free)} are free on the disk of ${directory}${needed > 0 ? `; ${keep} checkpoints and a new one need ${sizeText(needed)}` : ""}`,
    );
  },
};

/** Whether the file system of the checkpoints is writable, persistent and fast enough. */
export const mountOptions: Check = {
  name: "disk",
  question: "how the disk is mounted",
  ask(examined) {
    const { machine } = examined;
    const { existing } = folderOf(examined);
    const mount = mountOf(machine, existing);
    const at = `${mount.type} on ${mount.folder}`;
    if (mount.options.includes("ro")) {
      return problem(
        `${at}, which holds ${existing}, is read-only; mount it writable, and check the card, because a failing card turns read-only`,
        `sudo mount -o remount,rw ${quoted(mount.folder)}`,
      );
    }
    if (mount.type === "overlay") {
      return warning(
        `${at} is an overlay: files written to ${existing} are lost after a reboot, or with the container`,
        exists(machine, "/usr/bin/raspi-config")
          ? "sudo raspi-config nonint do_overlayfs 1 && sudo reboot"
          : null,
      );
    }
    if (volatileTypes.includes(mount.type)) {
      return warning(
        `${at} is in memory, so files written to ${existing} are lost after a reboot; name another folder in checkpoint.directory`,
        `findmnt --real --df`,
      );
    }
    return slowness(mount, at) ?? ok(`${at} is persistent`);
  },
};

/** Whether the root of the file system keeps what is written to it, which the service and its config need. */
export const rootOverlay: Check = {
  name: "root",
  question: "whether the root file system keeps what is written",
  ask(examined) {
    const { machine } = examined;
    const root = mountOf(machine, "/");
    const { existing } = folderOf(examined);
    // Where the checkpoints are on the root too, the check of their disk says it.
    if (mountOf(machine, existing).folder === "/") return null;
    if (root.type === "overlay") {
      return warning(
        `the root is an overlay in memory: checkpoints in ${existing} stay, but what "rivulet install" writes below /etc, a changed config there and the journal are lost after a reboot; install while the overlay is switched off`,
        exists(machine, "/usr/bin/raspi-config")
          ? "sudo raspi-config nonint do_overlayfs 1 && sudo reboot"
          : null,
      );
    }
    if (!root.options.includes("ro")) return null;
    return warning(
      `the root is read-only: checkpoints in ${existing} can be written, but "rivulet install" and a config below /etc cannot; mount it writable for the installation`,
      "sudo mount -o remount,rw /",
    );
  },
};

function slowness(mount: Mount, at: string) {
  const remount = (option: string) => `sudo mount -o remount,${option} ${quoted(mount.folder)}`;
  if (mount.type === "vfat" || mount.type === "exfat" || mount.type === "msdos") {
    return warning(
      `${at} has no journal, so a power cut may damage the whole file system; keep checkpoints on ext4`,
      "findmnt --real --df",
    );
  }
  if (mount.options.includes("sync")) {
    return warning(
      `${at} is mounted with sync: every write waits for the disk, which wears out a card and may lose samples`,
      remount("async"),
    );
  }
  if (mount.options.includes("strictatime")) {
    return warning(
      `${at} is mounted with strictatime: every read of a file writes to the disk`,
      remount("noatime"),
    );
  }
  return null;
}
