import { type Check, ok, problem, warning } from "../finding.ts";
import { CannotTell, exists, type Machine, readText, textOf } from "../machine.ts";
import { addToCommandLine } from "../shell.ts";

/** The oldest kernel that Node 20 supports (its BUILDING.md). */
const oldestKernel = [4, 18] as const;

/** Whether the kernel is new enough for Node. */
export const kernel: Check = {
  name: "kernel",
  question: "which kernel runs",
  ask({ machine }) {
    const release = readText(machine, "/proc/sys/kernel/osrelease").trim();
    const [major, minor] = (/^(\d+)\.(\d+)/.exec(release) ?? []).slice(1).map(Number);
    if (minor === undefined)
      throw new CannotTell(
        `/proc/sys/kernel/osrelease contains "${release.slice(0, 40)}", expected a version such as 6.1.0`,
      );
    if (major < oldestKernel[0] || (major === oldestKernel[0] && minor < oldestKernel[1])) {
      return problem(
        `Linux ${release} is too old, Node needs ${oldestKernel.join(".")} or newer; upgrade the system`,
        "sudo apt update && sudo apt full-upgrade && sudo reboot",
      );
    }
    return ok(`Linux ${release}, ${machine.processor}${pages(machine)}`);
  },
};

/** The kernel's page size. Pages of 16 KiB make every process a little larger; Node's 64-bit builds run with them. */
function pages(machine: Machine): string {
  const size = /^KernelPageSize:\s+(\d+) kB$/m.exec(textOf(machine, "/proc/self/smaps") ?? "")?.[1];
  return size === undefined ? "" : `, pages of ${size} KiB`;
}

/** Whether systemd can limit the memory of a service. */
export const memoryController: Check = {
  name: "memory limit",
  question: "whether systemd can limit a unit's memory",
  ask({ machine, board: { profile } }) {
    if (hasController(machine)) return ok("a unit's MemoryMax= is enforced");
    return warning(
      "the kernel's memory controller is disabled, so a unit's MemoryMax= has no effect; enable it in the kernel's command line (cgroup_enable=memory)",
      addToCommandLine(machine, profile.boot.memoryController),
    );
  },
};

function hasController(machine: Machine): boolean {
  const second = textOf(machine, "/sys/fs/cgroup/cgroup.controllers");
  if (second !== null) return second.split(/\s+/).includes("memory");
  const first = /^memory\s+\d+\s+\d+\s+(\d)/m.exec(readText(machine, "/proc/cgroups"))?.[1];
  if (first === undefined && !exists(machine, "/sys/fs/cgroup")) {
    throw new CannotTell("/sys/fs/cgroup does not exist");
  }
  return first === "1";
}
