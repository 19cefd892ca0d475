import { RivuletError } from "../../errors/errors.ts";

/**
 * Labels of the chips after the 40 pins of a Raspberry Pi: 1 to 3 and Zero, 4, 5. Some kernels list other chips of the
 * board first, such as raspberrypi-exp-gpio, so the first chip is never a safe choice.
 */
const headerChips = ["pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"];

/** A GPIO controller. */
export interface Chip {
  label: string;
  /** Number of its lines. */
  lines: number;
}

/**
 * Returns the chip with this label, or, for null, the chip whose lines are the pins of a Raspberry Pi's header.
 * @throws RivuletError with the labels of the existing chips
 */
export function chooseChip<C extends Chip>(chips: readonly C[], label: string | null): C {
  const found = chips.find((chip) =>
    label === null ? headerChips.includes(chip.label) : chip.label === label,
  );
  if (found !== undefined) return found;
  const wanted = label === null ? "of a Raspberry Pi's header" : `with the label "${label}"`;
  const known = chips.map((chip) => `"${chip.label}"`).join(", ");
  throw new RivuletError(
    "gpio.no-chip",
    known === ""
      ? "this machine has no GPIO chip"
      : `found the GPIO chips ${known}, expected one ${wanted}; name one of them in gpio.chip`,
  );
}

/** Checks that a chip has the line of a pin. @throws RivuletError if it has none */
export function requireLine({ label, lines }: Chip, pin: number): void {
  if (pin < lines) return;
  throw new RivuletError(
    "gpio.no-pin",
    `found GPIO ${pin}, but the chip ${label} has only GPIO 0 to ${lines - 1}; correct the pin`,
  );
}
