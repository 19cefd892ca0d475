/** Where the description of a config and one from a file differ, in words. */

/** Longest value that a sentence repeats. */
const longestValue = 200;

function written(value: unknown): string {
  const text = value === null ? "nothing" : JSON.stringify(value);
  return text.length > longestValue ? `${text.slice(0, longestValue)}…` : text;
}

/** The first place where two descriptions differ, in words. */
export function firstDifference(config: unknown, stored: unknown, path: string): string | null {
  if (typeof config !== "object" || typeof stored !== "object" || config === null || stored === null) {
    if (Object.is(config, stored)) return null;
    return `${path} is ${written(config)} in the config and ${written(stored)} in it`;
  }
  const [kinds, storedKinds] = [Object.keys(config), Object.keys(stored)];
  // `{ adam: ... }` against `{ rmsprop: ... }`: two kinds, not one with a key missing.
  if (kinds.length === 1 && storedKinds.length === 1 && kinds[0] !== storedKinds[0]) {
    return `${path} is ${kinds[0]} in the config and ${storedKinds[0]} in it`;
  }
  for (const key of new Set([...kinds, ...storedKinds])) {
    const name = Array.isArray(config) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;
    const difference = firstDifference(
      (config as Record<string, unknown>)[key] ?? null,
      (stored as Record<string, unknown>)[key] ?? null,
      name,
    );
    if (difference !== null) return difference;
  }
  return null;
}
