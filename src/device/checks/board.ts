import { type Check, ok, warning } from "../finding.ts";

export const board: Check = {
  name: "board",
  question: "which board this is",
  ask({ board: { profile, model, compatible }, machine }) {
    if (profile.compatible.length > 0) {
      return ok(`${model ?? profile.name}: ${profile.processor}`);
    }
    if (compatible.length === 0) return ok(`a Linux machine without a device tree (${machine.processor})`);
    return ok(
      `${model ?? "a board"} (${compatible[0]}), which no profile in devices/boards is for: judged as any Linux machine`,
    );
  },
};

/** What is known not to work on a board that has a profile of its own. */
export const limits: Check = {
  name: "limits",
  question: "what does not work on this board",
  ask({ board: { profile }, machine }) {
    // Only ARMv6 takes away from what Rivulet does; of the others the table of boards tells.
    if (profile.node.armVersion > 6) return null;
    return warning(
      `${profile.name} (${machine.processor}) works within limits: ${profile.limits
        .map(({ what, verified }) => `${what}${verified ? "" : " (not verified)"}`)
        .join("; ")}`,
      null,
    );
  },
};
