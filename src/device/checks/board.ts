import { type Check, ok, warning } from "../finding.ts";

/** Which board this is. */
export const board: Check = {
  name: "board",
  question: "which board this is",
  ask({ board: { profile, model, compatible }, machine }) {
    if (profile.compatible.length > 0) {
      return ok(`${model ?? profile.name}: ${profile.processor}`);
    }
    if (compatible.length === 0) return ok(`a Linux machine without a device tree (${machine.processor})`);
    return ok(
      `${model ?? "a board"} (${compatible[0]}) without a profile in devices/boards: checked as a generic Linux machine`,
    );
  },
};

/** The known limits of a board that has its own profile. */
export const limits: Check = {
  name: "limits",
  question: "what does not work on this board",
  ask({ board: { profile }, machine }) {
    // Only ARMv6 limits Rivulet itself; for the other boards see devices/boards/README.md.
    if (profile.node.armVersion > 6) return null;
    return warning(
      `${profile.name} (${machine.processor}) works with limits: ${profile.limits
        .map(({ what, verified }) => `${what}${verified ? "" : " (not verified)"}`)
        .join("; ")}`,
      null,
    );
  },
};
