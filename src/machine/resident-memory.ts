/** How much memory of the machine this process has. */

let latest = 0;

/**
 * Bytes of resident memory. Where they cannot be read, as the process has opened all the files that it may, those of
 * the reading before: a figure to look at must not end what it is about.
 */
export function residentBytes(): number {
  try {
    latest = process.memoryUsage.rss();
  } catch {} // EMFILE: it is read from a file
  return latest;
}
