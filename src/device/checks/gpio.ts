import { type Check, ok, problem } from "../finding.ts";
import { access, exists, groupOf, linkAt, type Machine, may, namesIn, statusOf, textOf } from "../machine.ts";
import { quoted } from "../shell.ts";

interface Chip {
  name: string;
  label: string;
  /** Number of its first line in sysfs. */
  base: string;
}

function chipsOf(machine: Machine): Chip[] {
  return namesIn(machine, "/sys/class/gpio")
    .filter((name) => name.startsWith("gpiochip"))
    .map((name) => ({
      name,
      label: (textOf(machine, `/sys/class/gpio/${name}/label`) ?? "").trim(),
      base: (textOf(machine, `/sys/class/gpio/${name}/base`) ?? "?").trim(),
    }));
}

/** Whether the pins of the GPIO header can be used. */
export const gpio: Check = {
  name: "gpio",
  question: "whether the GPIO header can be used",
  ask({ machine, board: { profile }, needs }) {
    const wanted = needs?.gpio === true;
    // A problem only where the config uses GPIO.
    const trouble = (text: string, fix: string | null) => (wanted ? problem(text, fix) : ok(text));
    const { chips: labels, group } = profile.gpio;
    const chips = chipsOf(machine);
    const header =
      chips.find(({ label }) => labels.includes(label)) ?? (labels.length === 0 ? chips[0] : undefined);
    if (header === undefined) return noChip(machine, labels, chips, trouble);
    const found = `${header.label} (${header.name}, lines from ${header.base})`;
    const path = "/sys/class/gpio/export";
    const status = statusOf(machine, path);
    if (status !== null && !may(machine, path, status, access.write)) {
      const { name, hasUser } = groupOf(machine, status.gid);
      const user = machine.user.name;
      return hasUser
        ? trouble(
            `${found}: ${user} joined the group ${name} after this session began; log in again`,
            `exec su - ${quoted(user)}`,
          )
        : trouble(
            `${found}: ${user} has no permission to use it; join the group ${group}, then log in again`,
            `sudo usermod -aG ${group} ${quoted(user)}`,
          );
    }
    return ok(`${found} drives the header`);
  },
};

function noChip(
  machine: Machine,
  labels: readonly string[],
  chips: Chip[],
  trouble: (text: string, fix: string | null) => ReturnType<typeof ok>,
) {
  const expected = labels.length === 0 ? "" : ` with the label ${labels.join(" or ")}`;
  if (chips.length > 0) {
    return trouble(
      `found the GPIO chips ${chips.map(({ label }) => label).join(", ")}, expected one${expected}`,
      "cat /sys/class/gpio/gpiochip*/label",
    );
  }
  const devices = namesIn(machine, "/dev").filter(
    (name) => /^gpiochip\d+$/.test(name) && linkAt(machine, `/dev/${name}`) === null,
  );
  if (devices.length > 0) {
    return trouble(
      `the kernel has GPIO chips (${devices.map((name) => `/dev/${name}`).join(", ")}) but no /sys/class/gpio, because it was built without CONFIG_GPIO_SYSFS`,
      "zgrep CONFIG_GPIO_SYSFS /proc/config.gz || grep CONFIG_GPIO_SYSFS /boot/config-$(uname -r)",
    );
  }
  return trouble(
    `there is no GPIO chip${expected} on this machine`,
    exists(machine, "/sys/class/gpio") ? "cat /sys/class/gpio/gpiochip*/label" : null,
  );
}
