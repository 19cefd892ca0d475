/** The power spectrum of a window, by a fast Fourier transform on memory that is allocated once. */
import { keyError } from "../errors/errors.ts";
import { writeWave } from "./portable-waves.ts";

const largestSize = 2 ** 16;

/** Whether windows of `size` numbers have a spectrum here: a power of two from 16 to 65536. */
export const hasSpectrum = (size: number): boolean =>
  Number.isInteger(size) && size >= 16 && size <= largestSize && (size & (size - 1)) === 0;

/**
 * Power spectra of two windows at once: each freed of its mean, weighted by Hann's window, and transformed as real and
 * imaginary part of one complex series (Press and others, Numerical Recipes, section 12.3). The transform is Stockham's, which
 * needs no reordering, in steps of radix 4 and one of radix 2 where the exponent is odd. The tables come of arithmetic that
 * rounds the same everywhere. Beside fft.js, which needs two transforms for two windows, it takes the same time; it is
 * here because its tables have the same bits on every processor.
 *
 * @example
 * import assert from "node:assert/strict";
 * import { Spectrum } from "rivulet";
 *
 * const spectrum = new Spectrum(64);
 * for (let i = 0; i < 64; i++) spectrum.first[i] = 5 + Math.sin((2 * Math.PI * 8 * i) / 64);
 * spectrum.transform();
 * const { firstPower } = spectrum;
 * assert.equal(firstPower.indexOf(Math.max(...firstPower)), 8);
 */
export class Spectrum {
  readonly size: number;
  /** The windows to transform, [size] each; left as they are. */
  readonly first: Float64Array;
  readonly second: Float64Array;
  /**
   * Power of the lines 0 to size / 2 of each window, [size / 2 + 1]: their sum is about the mean square of the window
   * without its mean.
   */
  readonly firstPower: Float64Array;
  readonly secondPower: Float64Array;
  /** Hann's window [size]: 0.5 - 0.5 cos(2 pi i / size). */
  readonly #weights: Float64Array;
  /** Sine and cosine of 2 pi i / size, [3 size / 4, 2]. */
  readonly #waves: Float64Array;
  readonly #real: Float64Array;
  readonly #imaginary: Float64Array;
  readonly #otherReal: Float64Array;
  readonly #otherImaginary: Float64Array;

  /** Bytes of a spectrum of windows of `size` numbers. */
  static bytes = (size: number): number =>
    8 * (2 * size + 2 * (size / 2 + 1) + size + (3 * size) / 2 + 4 * size);

  /** @throws RivuletError where `size` is no power of two from 16 to 65536 */
  constructor(size: number) {
    requireSize(size, "size");
    this.size = size;
    this.first = new Float64Array(size);
    this.second = new Float64Array(size);
    this.firstPower = new Float64Array(size / 2 + 1);
    this.secondPower = new Float64Array(size / 2 + 1);
    this.#weights = new Float64Array(size);
    this.#waves = new Float64Array((3 * size) / 2);
    this.#real = new Float64Array(size);
    this.#imaginary = new Float64Array(size);
    this.#otherReal = new Float64Array(size);
    this.#otherImaginary = new Float64Array(size);
    const turn = new Float64Array(1);
    const wave = new Float64Array(2);
    for (let i = 0; i < size; i++) {
      turn[0] = i / size;
      writeWave(turn, 0, wave, 0);
      this.#weights[i] = 0.5 - 0.5 * wave[1];
      if (i < (3 * size) / 4) this.#waves.set(wave, 2 * i);
    }
  }

  /** Computes the power of both windows. Allocates nothing. */
  transform(): void {
    this.#weigh(this.first, this.#real);
    this.#weigh(this.second, this.#imaginary);
    const isSwapped = this.#transformComplex();
    const real = isSwapped ? this.#otherReal : this.#real;
    const imaginary = isSwapped ? this.#otherImaginary : this.#imaginary;
    this.#separate(real, imaginary);
  }

  #weigh(window: Float64Array, out: Float64Array): void {
    const { size } = this;
    const weights = this.#weights;
    let sum = 0;
    for (let i = 0; i < size; i++) sum += window[i];
    const mean = sum / size;
    for (let i = 0; i < size; i++) out[i] = weights[i] * (window[i] - mean);
  }

  /** Transforms in place or into the other arrays; returns whether the result is in those. */
  #transformComplex(): boolean {
    let length = this.size;
    let stride = 1;
    let isSwapped = false;
    while (length >= 4) {
      if (isSwapped) {
        this.#stepOfFour(length, stride, this.#otherReal, this.#otherImaginary, this.#real, this.#imaginary);
      } else {
        this.#stepOfFour(length, stride, this.#real, this.#imaginary, this.#otherReal, this.#otherImaginary);
      }
      isSwapped = !isSwapped;
      length /= 4;
      stride *= 4;
    }
    if (length === 1) return isSwapped;
    if (isSwapped) stepOfTwo(stride, this.#otherReal, this.#otherImaginary, this.#real, this.#imaginary);
    else stepOfTwo(stride, this.#real, this.#imaginary, this.#otherReal, this.#otherImaginary);
    return !isSwapped;
  }

  /** One step of Stockham's transform: four parts of each series become one. */
  #stepOfFour(
    length: number,
    stride: number,
    xr: Float64Array,
    xi: Float64Array,
    yr: Float64Array,
    yi: Float64Array,
  ): void {
    const waves = this.#waves;
    const part = (length / 4) * stride;
    for (let p = 0; 4 * p < length; p++) {
      const s1 = -waves[2 * p * stride];
      const c1 = waves[2 * p * stride + 1];
      const s2 = -waves[4 * p * stride];
      const c2 = waves[4 * p * stride + 1];
      const s3 = -waves[6 * p * stride];
      const c3 = waves[6 * p * stride + 1];
      const from = p * stride;
      const to = 4 * p * stride;
      for (let q = 0; q < stride; q++) {
        const a = from + q;
        const b = a + part;
        const c = b + part;
        const d = c + part;
        const evenR = xr[a] + xr[c];
        const evenI = xi[a] + xi[c];
        const oddR = xr[a] - xr[c];
        const oddI = xi[a] - xi[c];
        const sumR = xr[b] + xr[d];
        const sumI = xi[b] + xi[d];
        // i (b - d)
        const turnR = xi[d] - xi[b];
        const turnI = xr[b] - xr[d];
        const at = to + q;
        yr[at] = evenR + sumR;
        yi[at] = evenI + sumI;
        const r1 = oddR - turnR;
        const i1 = oddI - turnI;
        yr[at + stride] = r1 * c1 - i1 * s1;
        yi[at + stride] = r1 * s1 + i1 * c1;
        const r2 = evenR - sumR;
        const i2 = evenI - sumI;
        yr[at + 2 * stride] = r2 * c2 - i2 * s2;
        yi[at + 2 * stride] = r2 * s2 + i2 * c2;
        const r3 = oddR + turnR;
        const i3 = oddI + turnI;
        yr[at + 3 * stride] = r3 * c3 - i3 * s3;
        yi[at + 3 * stride] = r3 * s3 + i3 * c3;
      }
    }
  }

  /** Of Z = X + iY: X = (Z(k) + Z*(n - k)) / 2, and Y from the other half. The squares of Hann's weights sum to 3 n / 8. */
  #separate(real: Float64Array, imaginary: Float64Array): void {
    const { size, firstPower, secondPower } = this;
    const half = size / 2;
    const scale = 2 / (size * ((3 * size) / 8));
    for (let k = 0; k <= half; k++) {
      const mirror = k === 0 ? 0 : size - k;
      const xr = real[k] + real[mirror];
      const xi = imaginary[k] - imaginary[mirror];
      const yr = imaginary[k] + imaginary[mirror];
      const yi = real[mirror] - real[k];
      const share = k === 0 || k === half ? scale / 8 : scale / 4;
      firstPower[k] = share * (xr * xr + xi * xi);
      secondPower[k] = share * (yr * yr + yi * yi);
    }
  }
}

function stepOfTwo(
  stride: number,
  xr: Float64Array,
  xi: Float64Array,
  yr: Float64Array,
  yi: Float64Array,
): void {
  for (let q = 0; q < stride; q++) {
    yr[q] = xr[q] + xr[q + stride];
    yi[q] = xi[q] + xi[q + stride];
    yr[q + stride] = xr[q] - xr[q + stride];
    yi[q + stride] = xi[q] - xi[q + stride];
  }
}

/**
 * Checks the length of a window whose spectrum is taken.
 * @throws RivuletError where windows of `size` numbers have no spectrum here
 */
export function requireSize(size: number, path: string): void {
  if (hasSpectrum(size)) return;
  throw keyError(
    "config.bad-value",
    path,
    `is ${size}, but bands, centroid and envelope need a power of two from 16 to ${largestSize}, such as 512; change it`,
  );
}
