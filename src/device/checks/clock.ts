import { earliestTime } from "../../machine/clock-set.ts";
import { type Check, ok, problem, warning } from "../finding.ts";
import { exists, namesIn, runningPrograms, textOf } from "../machine.ts";

const services: [program: string, service: string][] = [
  ["systemd-timesyn", "systemd-timesyncd"],
  ["chronyd", "chrony"],
  ["ntpd", "ntpd"],
];

const keepTime = "sudo timedatectl set-ntp true";

/** Whether the clock is set and a service keeps it synchronized. */
export const clock: Check = {
  name: "clock",
  question: "whether the clock is right",
  ask({ machine }) {
    const time = machine.now.toISOString().replace(/\.\d+/, "");
    if (machine.now.getTime() < earliestTime) {
      return problem(`the clock shows ${time}, which is in the past; set it, or enable NTP`, keepTime);
    }
    if (exists(machine, "/run/systemd/timesync/synchronized")) {
      return ok(`the clock is synchronized by systemd-timesyncd (${time})`);
    }
    const programs = new Set(runningPrograms(machine).map(({ name }) => name));
    const service = services.find(([name]) => programs.has(name))?.[1];
    if (service === "systemd-timesyncd") {
      return warning(
        `the clock is not synchronized yet, although systemd-timesyncd runs; times in checkpoints and logs may be wrong (${time})`,
        "timedatectl timesync-status; sudo systemctl restart systemd-timesyncd",
      );
    }
    if (service !== undefined) return ok(`${service} synchronizes the clock (${time})`);
    return warning(
      `no service synchronizes the clock (${time}); without systemd-timesyncd, chrony or ntpd, times in checkpoints and logs drift`,
      keepTime,
    );
  },
};

/** Whether there is a clock chip, which keeps the time after a power cut while there is no network. */
export const clockChip: Check = {
  name: "clock chip",
  question: "whether there is a clock chip",
  ask({ machine }) {
    const [chip] = namesIn(machine, "/sys/class/rtc");
    if (chip !== undefined) {
      return ok(`${chip} (${(textOf(machine, `/sys/class/rtc/${chip}/name`) ?? "without a name").trim()})`);
    }
    return ok(
      "there is no clock chip, so after a power cut the time is wrong until there is a network; the order of checkpoints stays right, because they are numbered",
    );
  },
};
