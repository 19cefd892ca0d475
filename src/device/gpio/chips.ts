import { RivuletError } from "../../errors/errors.ts";

/**
 * The chips behind the 40 pins of a Raspberry Pi: 1 to 3 and Zero, 4, 5. Others on the same board, such as
 * raspberrypi-exp-gpio, come before them in some kernels, and on no kernel is the first one safe to take.
 */
const headerChips = ["pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"];

/** A GPIO controller. */
export interface Chip {
  label: string;
  /** How many lines it has. */
  lines: number;
}

/**
 * The chip whose lines are the pins of the header, or that with the label given.
 * @throws RivuletError naming the chips that there are
 */
export function chooseChip<C extends Chip>(chips: readonly C[], label: string | null): C {
  const found = chips.find((chip) =>
    label === null ? headerChips.includes(chip.label) : chip.label === label,
  );
  if (found !== undefined) return found;
  const wanted = label === null ? "that is a Raspberry Pi's header" : `with the label "${label}"`;
  const known = chips.map((chip) => `"${chip.label}"`).join(", ");
  throw new RivuletError(
    "gpio.no-chip",
    known === ""
      ? "there is no GPIO chip at all"
      : `there is no GPIO chip ${wanted}, only ${known}: name one of them as gpio.chip`,
  );
}

/** @throws RivuletError where the chip has no such line */
export function requireLine({ label, lines }: Chip, pin: number): void {
  if (pin < lines) return;
  throw new RivuletError(
    "gpio.no-pin",
    `the chip ${label} has no GPIO ${pin}, only 0 to ${lines - 1}: correct the pin`,
  );
}
