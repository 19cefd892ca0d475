import { type Machine, textOf } from "./machine.ts";
import { type BoardProfile, loadProfiles } from "./profile.ts";

/** The board that Rivulet runs on. */
export interface Board {
  /** File name of its profile, without the extension. */
  id: string;
  profile: BoardProfile;
  /** Model name in the device tree, with the revision; null without a device tree. */
  model: string | null;
  /** The strings of the device tree's `compatible`, the most specific first; empty without a device tree. */
  compatible: string[];
}

/** Recognizes a board by its device tree; one that matches no profile gets the profile `linux`. */
export function recognizeBoard(machine: Machine, profiles = loadProfiles()): Board {
  const compatible = words(textOf(machine, "/proc/device-tree/compatible"));
  const model = words(textOf(machine, "/proc/device-tree/model"))[0] ?? null;
  // In the order of the device tree: its first string is the most specific.
  for (const name of compatible) {
    for (const [id, profile] of profiles) {
      if (profile.compatible.includes(name)) return { id, profile, model, compatible };
    }
  }
  return { id: "linux", profile: profiles.get("linux") as BoardProfile, model, compatible };
}

/** The strings of a device tree property, each terminated by a zero byte. */
function words(property: string | null): string[] {
  return (property ?? "")
    .split("\0")
    .map((word) => word.trim())
    .filter((word) => word !== "");
}
