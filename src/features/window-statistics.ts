import { takeLogarithm } from "../logarithm.ts";
import type { Spectrum } from "./spectrum.ts";

/** What can be taken of a window, and of what it is computed. */
export const takenFrom = {
  mean: "moments",
  sd: "moments",
  logSd: "moments",
  rms: "moments",
  logRms: "moments",
  min: "moments",
  max: "moments",
  kurtosis: "moments",
  crest: "moments",
  crossings: "moments",
  bands: "spectrum",
  centroid: "spectrum",
  envelope: "spectrum",
} as const;

/** What can be taken of a window: see `WindowStatistics`. */
export type WindowTake = keyof typeof takenFrom;
export const takeNames = Object.keys(takenFrom) as WindowTake[];

const bands = 8;
/** So that the logarithm of nothing is a number: in units of the column, and as a share of all power. */
const leastRms = 1e-12;
const leastShare = 1e-9;
/** Lines below are those of a slow change. */
const firstOfEnvelope = 3;

const at = {
  sum: 0,
  mean: 1,
  second: 2,
  fourth: 3,
  squares: 4,
  least: 5,
  most: 6,
  crossings: 7,
  power: 8,
  centroid: 9,
} as const;

/**
 * Statistics of one window x of n numbers:
 *
 *     mean        m = sum x / n
 *     sd          sqrt(sum (x - m)^2 / n), logSd its logarithm
 *     rms         sqrt(sum x^2 / n), logRms its logarithm
 *     min, max    the least and the largest x
 *     kurtosis    ln(m4 / m2^2 + 0.1), with mk the mean of (x - m)^k
 *     crest       ln(max |x - m| / sd)
 *     crossings   how often x - m changes its sign, as a share of n - 1
 *     bands       ln of the power in eight bands, with edges h^(b/8) up to the line h = n / 2, at least one line each
 *     centroid    mean of the lines, weighted by their power, as a share of h
 *     envelope    ln(largest / mean line) of the lines 3 to n / 4 of the spectrum of |x(i) - x(i-1)|: of what hits again and
 *                 again, as a bearing does
 *
 * Kurtosis, crest and envelope after Randall and Antoni, Rolling element bearing diagnostics, Mechanical Systems and Signal
 * Processing 25, 2011.
 */
export class WindowStatistics {
  static readonly bands = bands;
  readonly #window: Float64Array;
  readonly #spectrum: Spectrum | null;
  readonly #edges: Int32Array;
  #count = 0;
  #isTransformed = false;
  /** Numbers in double precision, which V8 would box as properties. */
  readonly #of = new Float64Array(10);

  static bytes = (size: number): number => 8 * (size + 10 + bands + 1);

  /** @param spectrum of windows of this size; null where nothing is taken of it */
  constructor(size: number, spectrum: Spectrum | null) {
    this.#window = new Float64Array(size);
    this.#spectrum = spectrum;
    this.#edges = bandEdges(size / 2);
  }

  /** Reads a window of `count` numbers from a ring that begins at `start` of `block`, its oldest number at `oldest`. */
  read(block: Float64Array, start: number, oldest: number, count: number): void {
    const window = this.#window;
    const size = window.length;
    for (let i = 0, from = oldest; i < count; i++) {
      window[i] = block[start + from];
      from = from + 1 === size ? 0 : from + 1;
    }
    this.#count = count;
    this.#isTransformed = false;
    this.#measure();
  }

  #measure(): void {
    const window = this.#window;
    const count = this.#count;
    const of = this.#of;
    let sum = 0;
    let squares = 0;
    let least = window[0];
    let most = window[0];
    for (let i = 0; i < count; i++) {
      const value = window[i];
      sum += value;
      squares += value * value;
      if (value < least) least = value;
      if (value > most) most = value;
    }
    const mean = sum / count;
    let second = 0;
    let fourth = 0;
    let crossings = 0;
    let wasAbove = window[0] > mean;
    for (let i = 0; i < count; i++) {
      const square = (window[i] - mean) * (window[i] - mean);
      second += square;
      fourth += square * square;
      const isAbove = window[i] > mean;
      if (isAbove !== wasAbove) crossings++;
      wasAbove = isAbove;
    }
    of[at.mean] = mean;
    of[at.squares] = squares / count;
    of[at.second] = second / count;
    of[at.fourth] = fourth / count;
    of[at.least] = least;
    of[at.most] = most;
    of[at.crossings] = count > 1 ? crossings / (count - 1) : 0;
  }

  /** Writes what is taken of the window from `outAt` on; returns the place after it. Allocates nothing. */
  take(name: keyof typeof takenFrom, out: Float64Array, outAt: number): number {
    const of = this.#of;
    if (takenFrom[name] === "spectrum") this.#transform();
    if (name === "mean") out[outAt] = of[at.mean];
    else if (name === "sd" || name === "logSd") out[outAt] = Math.sqrt(of[at.second]);
    else if (name === "rms" || name === "logRms") out[outAt] = Math.sqrt(of[at.squares]);
    else if (name === "min") out[outAt] = of[at.least];
    else if (name === "max") out[outAt] = of[at.most];
    else if (name === "kurtosis") this.#writeKurtosis(out, outAt);
    else if (name === "crest") this.#writeCrest(out, outAt);
    else if (name === "crossings") out[outAt] = of[at.crossings];
    else if (name === "centroid") this.#writeCentroid(out, outAt);
    else if (name === "envelope") this.#writeEnvelope(out, outAt);
    else return this.#writeBands(out, outAt);
    if (name === "logSd" || name === "logRms") {
      out[outAt] += leastRms;
      takeLogarithm(out, outAt);
    }
    return outAt + 1;
  }

  // Numbers are written, not returned: what a method returns may be boxed.

  /** Rounding errors alone are not a deviation. */
  #isFlat(): boolean {
    return this.#of[at.second] <= 1e-24 * this.#of[at.squares];
  }

  /** Of numbers that are all the same, that of two values: the smallest there is. */
  #writeKurtosis(out: Float64Array, outAt: number): void {
    const of = this.#of;
    out[outAt] = (this.#isFlat() ? 1 : of[at.fourth] / (of[at.second] * of[at.second])) + 0.1;
    takeLogarithm(out, outAt);
  }

  #writeCrest(out: Float64Array, outAt: number): void {
    const of = this.#of;
    const peak = Math.max(of[at.most] - of[at.mean], of[at.mean] - of[at.least]);
    out[outAt] = this.#isFlat() ? 1 : peak / Math.sqrt(of[at.second]);
    takeLogarithm(out, outAt);
  }

  /** Spectra of the window and of its rectified changes. */
  #transform(): void {
    if (this.#isTransformed || this.#spectrum === null) return;
    const { first, second, size } = this.#spectrum;
    const window = this.#window;
    first.set(window);
    for (let i = 1; i < size; i++) second[i] = Math.abs(window[i] - window[i - 1]);
    second[0] = second[1];
    this.#spectrum.transform();
    this.#isTransformed = true;
  }

  #writeCentroid(out: Float64Array, outAt: number): void {
    const { firstPower } = this.#spectrum as Spectrum;
    const half = firstPower.length - 1;
    let sum = 0;
    let weighted = 0;
    for (let k = 1; k <= half; k++) {
      sum += firstPower[k];
      weighted += k * firstPower[k];
    }
    out[outAt] = sum > 0 ? weighted / (sum * half) : 0;
  }

  #writeEnvelope(out: Float64Array, outAt: number): void {
    const { secondPower } = this.#spectrum as Spectrum;
    const last = (secondPower.length - 1) / 2;
    let sum = 0;
    let most = 0;
    for (let k = firstOfEnvelope; k <= last; k++) {
      sum += secondPower[k];
      if (secondPower[k] > most) most = secondPower[k];
    }
    out[outAt] = sum > 0 ? (most * (last - firstOfEnvelope + 1)) / sum : 1;
    takeLogarithm(out, outAt);
  }

  #writeBands(out: Float64Array, outAt: number): number {
    const { firstPower } = this.#spectrum as Spectrum;
    const edges = this.#edges;
    let all = 0;
    for (let k = 1; k < firstPower.length; k++) all += firstPower[k];
    for (let band = 0; band < bands; band++) {
      let sum = 0;
      for (let k = edges[band]; k < edges[band + 1]; k++) sum += firstPower[k];
      out[outAt + band] = sum + leastShare * all + leastRms * leastRms;
      takeLogarithm(out, outAt + band);
    }
    return outAt + bands;
  }
}

/** The first line of each band of the lines 1 to `half`, and the line after the last. */
function bandEdges(half: number): Int32Array {
  const edges = Int32Array.of(1, ...Array<number>(bands).fill(0));
  for (let band = 1; band <= bands; band++) {
    edges[band] = Math.max(edges[band - 1] + 1, Math.floor(half ** (band / bands)));
  }
  edges[bands] = half + 1;
  return edges;
}
