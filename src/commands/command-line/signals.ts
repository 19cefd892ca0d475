/** What asks a process to end in good order. */
const signals = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

/** Exit code after a second signal, by the shell's custom for one that was interrupted. */
const interruptedCode = 130;

/**
 * Signals so close together are one wish: a terminal gives Ctrl-C to npm and to us, and npm hands it on once more;
 * systemd may send SIGHUP right after SIGTERM.
 */
const oneWishSeconds = 0.5;

/** Resolves with the first signal that asks the process to end; a second one ends it at once. */
export function untilSignalled(): Promise<string> {
  return new Promise((resolve) => {
    let askedAt: number | null = null;
    for (const signal of signals) {
      process.on(signal, () => {
        if (askedAt === null) {
          askedAt = process.uptime();
          resolve(signal);
        } else if (process.uptime() - askedAt > oneWishSeconds) {
          process.exit(interruptedCode);
        }
      });
    }
  });
}
