/** How the numbers along an axis are placed. */
export type ScaleKind = "linear" | "log";

/** One axis: where a value stands on it, and the round numbers that are written beside it. */
export interface Scale {
  kind: ScaleKind;
  /** The value at the beginning of the axis, and the one at its end. */
  low: number;
  high: number;
  /** From 0 (`low`) to 1 (`high`), beyond them for values outside; NaN for a value that has no place. */
  place(value: number): number;
  ticks: Tick[];
}

export interface Tick {
  value: number;
  label: string;
}

/**
 * A scale over the finite values among `values` (the positive ones, where it is logarithmic), with about `wanted`
 * ticks. `widen` moves a linear scale's ends out to the next ticks, so that a curve does not touch the frame.
 */
export function createScale(kind: ScaleKind, values: Iterable<number>, wanted: number, widen = true): Scale {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (!Number.isFinite(value) || (kind === "log" && value <= 0)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return kind === "log" ? logScale(low, high, wanted) : linearScale(low, high, wanted, widen);
}

function linearScale(low: number, high: number, wanted: number, widen: boolean): Scale {
  if (low > high) [low, high] = [0, 1];
  if (low === high) {
    const room = Math.abs(low) || 1;
    [low, high] = [low - room / 2, high + room / 2];
  }
  const step = niceStep((high - low) / wanted);
  if (widen) {
    low = Math.floor(low / step + 1e-9) * step;
    high = Math.ceil(high / step - 1e-9) * step;
  }
  const ticks: Tick[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
    // Through text, as 3 * 0.1 is 0.30000000000000004.
    const value = Number((i * step).toPrecision(12));
    ticks.push({ value, label: tickLabel(value) });
  }
  const [start, span] = [low, high - low];
  return { kind: "linear", low, high, place: (value) => (value - start) / span, ticks };
}

function logScale(low: number, high: number, wanted: number): Scale {
  if (low > high) [low, high] = [1, 10];
  if (low === high) [low, high] = [low / 2, high * 2];
  const [start, span] = [Math.log10(low), Math.log10(high) - Math.log10(low)];
  const place = (value: number) => (value > 0 ? (Math.log10(value) - start) / span : Number.NaN);
  return { kind: "log", low, high, place, ticks: logTicks(low, high, wanted) };
}

/** Powers of ten, every second or third of them where there are many; 2s and 5s between them where there are few. */
function logTicks(low: number, high: number, wanted: number): Tick[] {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const decades = Math.log10(high / low);
  const every = Math.max(1, Math.ceil(decades / wanted));
  const factors = decades > 3 ? [1] : decades > 1.6 ? [1, 3] : [1, 2, 5];
  const ticks: Tick[] = [];
  for (let exponent = first; exponent <= last; exponent++) {
    if (exponent % every !== 0) continue;
    for (const factor of every > 1 ? [1] : factors) {
      const value = Number(`${factor}e${exponent}`);
      if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) {
        ticks.push({ value, label: tickLabel(value) });
      }
    }
  }
  // Less than a decade may hold but one of them: then round numbers as on a linear axis say more.
  return ticks.length >= 3 ? ticks : linearScale(low, high, Math.min(wanted, 5), false).ticks;
}

/** The smallest of 1, 2, 2.5 and 5 times a power of ten that is not below `rough`. */
function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 2.5, 5].find((candidate) => candidate * power >= rough * (1 - 1e-9)) ?? 10;
  return factor * power;
}

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** `0.25`, `40,000`, `2×10⁶`: short, and the same on every machine. */
export function tickLabel(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e-4 && size < 1e6) {
    const [whole, decimals] = String(Number(value.toPrecision(6))).split(".");
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
    return (decimals === undefined ? grouped : `${grouped}.${decimals}`).replace("-", "−");
  }
  const [mantissa, exponent] = Number(value.toPrecision(3)).toExponential().split("e");
  const power = `10${exponent
    .replace("+", "")
    .replace("-", "⁻")
    .replace(/\d/g, (digit) => superscripts[Number(digit)])}`;
  return mantissa === "1" ? power : `${mantissa.replace("-", "−")}×${power}`;
}
