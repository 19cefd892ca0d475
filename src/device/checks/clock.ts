import { type Check, ok, problem, warning } from "../finding.ts";
import { exists, namesIn, runningPrograms, textOf } from "../machine.ts";

/** No clock that was ever set is behind the day of Node 20. */
const earliest = Date.UTC(2023, 3, 18);

const services: [program: string, service: string][] = [
  ["systemd-timesyn", "systemd-timesyncd"],
  ["chronyd", "chrony"],
  ["ntpd", "ntpd"],
];

const keepTime = "sudo timedatectl set-ntp true";

export const clock: Check = {
  name: "clock",
  question: "whether the clock is right",
  ask({ machine }) {
    const time = machine.now.toISOString().replace(/\.\d+/, "");
    if (machine.now.getTime() < earliest) {
      return problem(`the clock says ${time}: set it, or let it be set over the network`, keepTime);
    }
    if (exists(machine, "/run/systemd/timesync/synchronized")) {
      return ok(`the clock is synchronized by systemd-timesyncd (${time})`);
    }
    const programs = new Set(runningPrograms(machine).map(({ name }) => name));
    const service = services.find(([name]) => programs.has(name))?.[1];
    if (service === "systemd-timesyncd") {
      return warning(
        `the clock is not synchronized yet, though systemd-timesyncd runs: times in checkpoints and logs may be wrong (${time})`,
        "timedatectl timesync-status; sudo systemctl restart systemd-timesyncd",
      );
    }
    if (service !== undefined) return ok(`${service} keeps the clock (${time})`);
    return warning(
      `nothing keeps the clock (${time}): no systemd-timesyncd, chrony or ntpd runs, so times in checkpoints and logs drift`,
      keepTime,
    );
  },
};

/** A clock chip is what tells the time after a power cut while there is no network. */
export const clockChip: Check = {
  name: "clock chip",
  question: "whether there is a clock chip",
  ask({ machine }) {
    const [chip] = namesIn(machine, "/sys/class/rtc");
    if (chip !== undefined) {
      return ok(`${chip} (${(textOf(machine, `/sys/class/rtc/${chip}/name`) ?? "without a name").trim()})`);
    }
    return ok(
      "there is none: after a power cut the time is wrong until the network is there; checkpoints are numbered, so their order stays right",
    );
  },
};
