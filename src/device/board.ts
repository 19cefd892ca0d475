import { type Machine, textOf } from "./machine.ts";
import { type BoardProfile, loadProfiles } from "./profile.ts";

/** The board that a machine is. */
export interface Board {
  /** The file of its profile, without the ending. */
  id: string;
  profile: BoardProfile;
  /** What the device tree calls it, with its revision; null without a device tree. */
  model: string | null;
  /** Its strings of `compatible`, the most exact first; empty without a device tree. */
  compatible: string[];
}

/** Recognises a board by its device tree; what no profile knows is a Linux machine. */
export function recognizeBoard(machine: Machine, profiles = loadProfiles()): Board {
  const compatible = words(textOf(machine, "/proc/device-tree/compatible"));
  const model = words(textOf(machine, "/proc/device-tree/model"))[0] ?? null;
  // In the tree's order: the first string is the most exact.
  for (const name of compatible) {
    for (const [id, profile] of profiles) {
      if (profile.compatible.includes(name)) return { id, profile, model, compatible };
    }
  }
  return { id: "linux", profile: profiles.get("linux") as BoardProfile, model, compatible };
}

/** Strings of a device tree's property, each of which ends in a zero byte. */
function words(property: string | null): string[] {
  return (property ?? "")
    .split("\0")
    .map((word) => word.trim())
    .filter((word) => word !== "");
}
