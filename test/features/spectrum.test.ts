import { describe, expect, test } from "vitest";
import { Random } from "../../scripts/fuzz/random.ts";
import { writeWave } from "../../src/features/portable-waves.ts";
import { Spectrum } from "../../src/features/spectrum.ts";

/** Power of the lines of a window, straight from the definition of the Fourier transform. */
function powerOf(window: Float64Array): number[] {
  const n = window.length;
  const mean = window.reduce((sum, x) => sum + x, 0) / n;
  const weighted = Array.from(window, (x, i) => (x - mean) * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / n)));
  return Array.from({ length: n / 2 + 1 }, (_, k) => {
    let real = 0;
    let imaginary = 0;
    for (const [i, x] of weighted.entries()) {
      real += x * Math.cos((2 * Math.PI * k * i) / n);
      imaginary -= x * Math.sin((2 * Math.PI * k * i) / n);
    }
    const sides = k === 0 || 2 * k === n ? 1 : 2;
    return (sides * (real * real + imaginary * imaginary)) / (n * ((3 * n) / 8));
  });
}

const noise = (random: Random) => random.below(1e9) / 1e9 - 0.5;

describe("a spectrum", () => {
  test.each([16, 32, 64, 128, 512, 2048])("of %d numbers is that of the definition", (size) => {
    const random = new Random(size);
    const spectrum = new Spectrum(size);
    for (let i = 0; i < size; i++) {
      spectrum.first[i] = 1000 + 3 * Math.sin(0.7 * i) + noise(random);
      spectrum.second[i] = -2 + noise(random) * Math.cos(0.01 * i * i);
    }
    spectrum.transform();
    const pairs = [
      [spectrum.first, spectrum.firstPower],
      [spectrum.second, spectrum.secondPower],
    ];
    for (const [window, power] of pairs) {
      for (const [k, expected] of powerOf(window).entries()) {
        expect(Math.abs(power[k] - expected)).toBeLessThan(1e-9);
      }
    }
  });

  test("has the power of a wave in all its lines together", () => {
    const spectrum = new Spectrum(256);
    for (let i = 0; i < 256; i++) spectrum.first[i] = 4 * Math.sin(2 * Math.PI * (20.4 / 256) * i);
    spectrum.transform();
    const power = spectrum.firstPower.reduce((sum, line) => sum + line, 0);
    expect(power).toBeCloseTo(8, 0);
  });

  test("refuses a size that is no power of two", () => {
    expect(() => new Spectrum(500)).toThrow(
      "size is 500, but bands, centroid and envelope need a power of two",
    );
  });
});

test("waves of whole turns are those of the mathematics", () => {
  const turn = new Float64Array(1);
  const wave = new Float64Array(2);
  for (let i = -4000; i < 4000; i++) {
    turn[0] = i / 937;
    writeWave(turn, 0, wave, 0);
    expect(Math.abs(wave[0] - Math.sin(2 * Math.PI * turn[0]))).toBeLessThan(1e-14);
    expect(Math.abs(wave[1] - Math.cos(2 * Math.PI * turn[0]))).toBeLessThan(1e-14);
  }
});
