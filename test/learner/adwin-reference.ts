/** ADWIN by its definition: it keeps every number, and works out each mean and each variance anew from them. */
export function createAdwinReference(delta: number, clock: number) {
  /** Buckets of 1, 2, 4, ... numbers, the oldest first. */
  let buckets: number[][] = [];
  let sinceLook = 0;

  const mean = (numbers: number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  const ofSize = (size: number) => buckets.filter((bucket) => bucket.length === size);

  function merge(): void {
    for (let size = 1; ofSize(size).length > 5; size *= 2) {
      const first = buckets.findIndex((bucket) => bucket.length === size);
      buckets.splice(first, 2, [...buckets[first], ...buckets[first + 1]]);
    }
  }

  /** The means on both sides of the oldest cut whose parts differ by more than chance. */
  function cut(): [number, number] | null {
    const window = buckets.flat();
    const centre = mean(window);
    const variance = mean(window.map((number) => (number - centre) ** 2));
    // The bound of the paper's section 4, with the normal approximation; parts count from the smallest allowed one, of 5.
    const confidence = Math.log((2 * Math.log(window.length)) / delta);
    for (let count = 1; count < buckets.length; count++) {
      const older = buckets.slice(0, count).flat();
      const newer = buckets.slice(count).flat();
      if (older.length < 5 || newer.length < 5) continue;
      const parts = 1 / (older.length - 4) + 1 / (newer.length - 4);
      const bound = Math.sqrt(2 * parts * variance * confidence) + (2 / 3) * parts * confidence;
      if (Math.abs(mean(older) - mean(newer)) > bound) return [mean(older), mean(newer)];
    }
    return null;
  }

  return {
    window: () => buckets.flat(),
    /** The means of the latest cut, where the number completes a change. */
    observe(number: number): [number, number] | null {
      buckets.push([number]);
      merge();
      if (++sinceLook < clock) return null;
      sinceLook = 0;
      let found: [number, number] | null = null;
      for (let next = cut(); next !== null; next = cut()) {
        found = next;
        buckets = buckets.slice(1);
      }
      return found;
    },
  };
}
