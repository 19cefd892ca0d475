import { describe, expect, test } from "vitest";
import { createKernels, type Kernels } from "../../../src/engine/kernels/kernels.ts";
import { exponentialDouble } from "../../../src/engine/kernels/scalar/arithmetic.ts";
import { takeExponential } from "../../../src/engine/model/exponential.ts";
import { createRandom } from "../../../src/engine/model/random.ts";
import { takeLogarithm } from "../../../src/logarithm.ts";

const bytes = 1 << 16;
const { uniform } = createRandom(1);
const draw = () => 4 * uniform() - 2;

/** The same numbers for both builds of the kernels: float32 in the first half, float64 in the second. */
function filledPair(): [Kernels, Kernels] {
  const simd = createKernels("simd", bytes);
  const scalar = createKernels("scalar", bytes);
  const floats = new Float32Array(simd.buffer, 0, bytes / 8);
  const doubles = new Float64Array(simd.buffer, bytes / 2, bytes / 16);
  for (let i = 0; i < floats.length; i++) floats[i] = draw();
  for (let i = 0; i < doubles.length; i++) doubles[i] = draw();
  new Uint8Array(scalar.buffer).set(new Uint8Array(simd.buffer, 0, bytes));
  return [simd, scalar];
}

const words = ({ buffer }: Kernels, from: number, count: number) => [...new Uint32Array(buffer, from, count)];

/** The nearest rows to the inputs at 0 with weights at 512 and columns at 8192: distances at 1024, places at 1152. */
const nearest = (
  { learning }: Kernels,
  ...[stride, columns, start, end, found, wanted]: [number, number, number, number, number, number]
) => learning.nearestRows(0, 512, 8192, stride, columns, start, end, found, wanted, 1024, 1152, 1280);

describe("the learner's vector kernels give the same bits as their scalar twins", () => {
  test.each([1, 3, 4, 15, 16, 17, 64, 101, 400])("the nearest of %i rows", (rows) => {
    const stride = 4 * Math.ceil(rows / 4);
    for (const columns of [1, 2, 5, 12]) {
      for (const wanted of [1, 4, 7, 12]) {
        // All rows at once, or those before the third part and those behind the half.
        for (const parts of [
          [0, rows],
          [0, Math.floor(rows / 3), rows >> 1, rows],
        ]) {
          const pair = filledPair();
          const found = pair.map((kernels) => {
            let count = 0;
            for (let i = 0; i < parts.length; i += 2)
              count = nearest(kernels, stride, columns, parts[i], parts[i + 1], count, wanted);
            return [count, ...words(kernels, 1024, wanted), ...words(kernels, 1152, wanted)];
          });
          expect(found[0]).toEqual(found[1]);
          const floats = new Float32Array(pair[0].buffer);
          const looked = Array.from({ length: rows }, (_, row) => row).filter(
            (row) => row < parts[1] || row >= (parts[2] ?? rows),
          );
          const exact = (row: number) => {
            let sum = 0;
            for (let c = 0; c < columns; c++)
              sum += floats[128 + c] * (floats[2048 + c * stride + row] - floats[c]) ** 2;
            return sum;
          };
          const sorted = looked.map(exact).sort((a, b) => a - b);
          expect(found[0][0]).toBe(Math.min(wanted, looked.length));
          for (let i = 0; i < found[0][0]; i++) {
            expect(floats[256 + i]).toBeCloseTo(sorted[i], 3);
            expect(exact(floats[288 + i])).toBeCloseTo(floats[256 + i], 3);
          }
          expect(new Set(floats.slice(288, 288 + found[0][0])).size).toBe(found[0][0]);
        }
      }
    }
  });

  test("of equal distances the first rows are the nearest", () => {
    for (const kernels of filledPair()) {
      const column = new Float32Array(kernels.buffer, 8192, 64);
      column.fill(3);
      column[40] = 1;
      new Float32Array(kernels.buffer).fill(1, 128, 129);
      new Float32Array(kernels.buffer)[0] = 0;
      expect(nearest(kernels, 64, 1, 0, 64, 0, 3)).toBe(3);
      expect([...new Float32Array(kernels.buffer, 1152, 3)]).toEqual([40, 0, 1]);
      expect(nearest(kernels, 64, 1, 0, 64, 0, 0)).toBe(0);
    }
  });

  test.each([1, 4, 7, 31, 32, 33, 64, 70])("naive Bayes of %i inputs", (inputs) => {
    const stride = 4 * Math.ceil(inputs / 4);
    const pair = filledPair();
    const found = pair.map((kernels) => {
      const floats = new Float32Array(kernels.buffer);
      // Means behind 4096, squares behind 8192, counts at 512; past the last input there is 0.
      floats.fill(0, 1024, 4096);
      floats.fill(0, 0, stride);
      for (let i = 0; i < inputs; i++) floats[i] = Math.sin(i);
      floats.set([0, 0, 0], 128);
      for (let row = 0; row < 40; row++) {
        for (let i = 0; i < inputs; i++) floats[i] = Math.sin(row * 3 + i * 7);
        kernels.learning.gaussianLearn(0, 512, 4096, 8192, stride, 3, row % 5 === 0 ? 2 : 0, 0.99);
      }
      kernels.learning.gaussianPosterior(32768, 0, 512, 4096, 8192, inputs, stride, 3, 2, 0.5, 0.5);
      return [
        ...words(kernels, 32768, 6),
        ...words(kernels, 512, 3),
        ...words(kernels, 4096, 3 * stride),
        ...words(kernels, 8192, 3 * stride),
      ];
    });
    expect(found[0]).toEqual(found[1]);
  });

  test("naive Bayes holds no subnormal number of a class that is not seen any more", () => {
    const pair = filledPair();
    const found = pair.map((kernels) => {
      const floats = new Float32Array(kernels.buffer);
      floats.fill(0, 0, 4096);
      for (let row = 0; row < 9000; row++) {
        for (let i = 0; i < 3; i++) floats[i] = Math.sin(row * 3 + i * 7);
        kernels.learning.gaussianLearn(0, 512, 4096, 8192, 4, 2, row < 20 ? 1 : 0, 0.99);
      }
      expect([floats[129], ...floats.slice(2052, 2056)]).toEqual([0, 0, 0, 0, 0]);
      expect(floats[1028]).not.toBe(0);
      return [...words(kernels, 512, 2), ...words(kernels, 4096, 8), ...words(kernels, 8192, 8)];
    });
    expect(found[0]).toEqual(found[1]);
  });

  test.each([1, 2, 5, 18])("running means of squared gradients by %i inputs", (inputs) => {
    const pair = filledPair();
    const found = pair.map((kernels) => {
      const floats = new Float32Array(kernels.buffer);
      const count = new Float64Array(kernels.buffer, 32768, 1);
      // Squares at 0, a number behind the last of them, gradients at 1024: some are far beyond the limit.
      floats.fill(0, 0, inputs);
      floats[inputs] = 7;
      count[0] = 0;
      for (let step = 0; step < 300; step++) {
        for (let i = 0; i < 4 * inputs; i++) floats[256 + i] = Math.sin(step * 5 + i * 3) ** 9;
        floats[256 + (step % inputs)] *= step % 50 === 0 ? 1e20 : 1;
        kernels.learning.followSquares(0, 32768, 1024, 1 + (step % 4), inputs, 0.002, 1e15);
      }
      expect(floats[inputs]).toBe(7);
      expect(count[0]).toBe(750);
      return words(kernels, 0, inputs);
    });
    expect(found[0]).toEqual(found[1]);
  });

  test("running means of squared gradients are those of the formula", () => {
    for (const kernels of filledPair()) {
      const floats = new Float32Array(kernels.buffer);
      new Float64Array(kernels.buffer)[4096] = 0;
      floats.set([0, 0, 0], 0);
      floats.set([1, -2, 3, 2, 0, -1], 256);
      kernels.learning.followSquares(0, 32768, 1024, 2, 3, 0.6, 1e15);
      // Of twice the gradients, as they are of a mean of two rows: the first counts whole, the second 0.6.
      expect([...floats.slice(0, 3)]).toEqual(
        [4 + 0.6 * (16 - 4), 16 - 0.6 * 16, 36 + 0.6 * (4 - 36)].map(Math.fround),
      );
    }
  });

  test.each([1, 2, 7])("logarithms of %i numbers, and of what has none", (count) => {
    const numbers = [
      0,
      -0,
      5e-324,
      1e-310,
      Number.POSITIVE_INFINITY,
      -1,
      Number.NaN,
      1,
      Math.SQRT2,
      2 ** -1022,
      1.7e308,
    ];
    for (let i = 0; i < 400; i++) numbers.push(uniform() ** 20 + 1e-300, 4 * uniform(), 1e9 * uniform());
    const cell = new Float64Array(1);
    for (const kernels of filledPair()) {
      const doubles = new Float64Array(kernels.buffer, 32768);
      for (let from = 0; from + count <= numbers.length; from += count) {
        doubles.set(numbers.slice(from, from + count), 2);
        kernels.learning.logarithms(32768 + 800, 32768 + 16, count);
        for (let i = 0; i < count; i++) {
          cell[0] = numbers[from + i];
          takeLogarithm(cell, 0);
          expect(doubles[100 + i]).toBe(cell[0]);
        }
      }
    }
  });

  test.each([1, 2, 5, 27])("least squares of %i weights", (size) => {
    const pair = filledPair();
    const found = pair.map((kernels) => {
      const doubles = new Float64Array(kernels.buffer);
      const [weights, p, gain, row] = [4096, 4200, 5200, 5300];
      doubles.fill(0, weights, gain);
      for (let i = 0; i < size; i++) doubles[p + i * (size + 1)] = 1;
      for (let step = 0; step < 30; step++) {
        for (let i = 0; i < size; i++) doubles[row + i] = Math.sin(step * 5 + i * 3);
        kernels.learning.leastSquaresUpdate(
          8 * weights,
          8 * p,
          8 * gain,
          8 * row,
          size,
          Math.cos(step),
          0.999,
          1,
          1e-12,
        );
      }
      return words(kernels, 8 * weights, 2 * 1100);
    });
    expect(found[0]).toEqual(found[1]);
  });

  test.each([
    [2, 2],
    [6, 2],
    [6, 10],
  ])("stacking of %i experts for %i classes", (experts, classes) => {
    const pair = filledPair();
    const found = pair.map((kernels) => {
      const { learning } = kernels;
      const doubles = new Float64Array(kernels.buffer);
      const [weights, m, gradient, direction, mixed, logits, answers] = [
        4096, 4120, 4200, 4220, 4240, 4300, 4400,
      ];
      doubles.fill(1 / experts, weights, weights + experts);
      doubles.fill(0, m, gradient);
      for (let k = 0; k < experts; k++) doubles[m + k * (experts + 1)] = 0.02;
      for (let step = 0; step < 30; step++) {
        for (let i = 0; i < experts * classes; i++)
          doubles[answers + i] = 0.5 + 0.49 * Math.sin(step * 5 + i * 3);
        learning.stackLogits(8 * mixed, 8 * logits, 8 * answers, 8 * weights, experts, classes);
        const at = [weights, m, gradient, direction, mixed, logits].map((place) => 8 * place);
        learning.stackLearn(
          at[0],
          at[1],
          at[2],
          at[3],
          at[4],
          at[5],
          experts,
          classes,
          step % classes,
          0.999,
          0.02 * experts,
        );
      }
      return words(kernels, 8 * weights, 2 * 400);
    });
    expect(found[0]).toEqual(found[1]);
  });
});

test("the exponential of float64 is within two units in the last place", () => {
  for (let i = 0; i < 2000; i++) {
    const x = i < 1000 ? 2 * draw() : 1400 * (uniform() - 0.5);
    const exact = Math.exp(x);
    expect(Math.abs(exponentialDouble(x) - exact)).toBeLessThanOrEqual(3e-16 * 2 * exact);
  }
  expect(exponentialDouble(0)).toBe(1);
  expect(exponentialDouble(-1e9)).toBeGreaterThan(0);
  expect(Number.isFinite(exponentialDouble(1e9))).toBe(true);
});

describe("the functions of JavaScript beside them give the bits of the kernels", () => {
  test("in logarithms of probabilities, and in a softmax of them", () => {
    const cell = new Float64Array(3);
    for (const kernels of filledPair()) {
      const doubles = new Float64Array(kernels.buffer);
      const [weights, mixed, logits, answers] = [4096, 4104, 4112, 4120];
      doubles[weights] = 1;
      for (let i = 0; i < 2_000; i++) {
        const [a, b] = [uniform() ** 20 + 1e-300, uniform() ** 3 + 1e-300];
        doubles.set([a, b], answers);
        kernels.learning.stackLogits(8 * mixed, 8 * logits, 8 * answers, 8 * weights, 1, 2);
        cell.set([a, b]);
        takeLogarithm(cell, 0);
        takeLogarithm(cell, 1);
        const mean = (cell[0] + cell[1]) / 2;
        cell[0] -= mean;
        cell[1] -= mean;
        expect([...doubles.slice(logits, logits + 2)]).toEqual([cell[0], cell[1]]);
        const highest = Math.max(cell[0], cell[1]);
        for (const c of [0, 1]) {
          cell[c] -= highest;
          takeExponential(cell, c);
        }
        const sum = cell[0] + cell[1];
        expect([...doubles.slice(mixed, mixed + 2)]).toEqual([cell[0] / sum, cell[1] / sum]);
      }
    }
  });

  test("within 2 ulp of exact, and at their ends", () => {
    const cell = new Float64Array(1);
    const of = (take: (numbers: Float64Array, index: number) => void, x: number) => {
      cell[0] = x;
      take(cell, 0);
      return cell[0];
    };
    for (let i = 0; i < 5_000; i++) {
      const x = 1400 * uniform() - 700;
      const power = Math.exp(x);
      expect(Math.abs(of(takeExponential, x) / power - 1)).toBeLessThan(5e-16);
      expect(Math.abs(of(takeLogarithm, power) - x)).toBeLessThan(2.5e-16 * (1 + Math.abs(x)));
    }
    expect(of(takeExponential, 0)).toBe(1);
    expect(of(takeExponential, -1e9)).toBe(of(takeExponential, -708));
    expect(of(takeExponential, Number.NaN)).toBeNaN();
    expect(of(takeLogarithm, 1)).toBe(0);
    expect(of(takeLogarithm, 0)).toBe(Number.NEGATIVE_INFINITY);
    expect(of(takeLogarithm, Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
    expect(of(takeLogarithm, -1)).toBeNaN();
    expect(of(takeLogarithm, Number.NaN)).toBeNaN();
  });
});
