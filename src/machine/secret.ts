/** Compares what a caller showed with a secret. Without node:crypto, which takes more memory than a status server. */

/** Whether two texts are equal, in a time that does not depend on where they differ. */
export function isSameSecret(given: string, expected: string): boolean {
  let difference = given.length ^ expected.length;
  for (let i = 0; i < expected.length; i++) difference |= given.charCodeAt(i) ^ expected.charCodeAt(i);
  return difference === 0;
}
