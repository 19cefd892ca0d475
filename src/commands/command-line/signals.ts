/** Signals that ask a process to shut down. */
const signals = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

/** Exit code after a second signal: 128 + SIGINT, as shells report an interrupted process. */
const interruptedCode = 130;

/**
 * Signals this close together count as one: a terminal sends Ctrl-C to npm and to us, and npm forwards it once more;
 * systemd may send SIGHUP right after SIGTERM.
 */
const sameRequestSeconds = 0.5;

/** Resolves with the first signal that asks the process to end; a second one ends it at once. */
export function untilSignalled(): Promise<string> {
  // Without a listener Node would open a port through which every process of this machine may run code in this one.
  process.on("SIGUSR1", () => {});
  return new Promise((resolve) => {
    let askedAt: number | null = null;
    for (const signal of signals) {
      process.on(signal, () => {
        if (askedAt === null) {
          askedAt = process.uptime();
          resolve(signal);
        } else if (process.uptime() - askedAt > sameRequestSeconds) {
          process.exit(interruptedCode);
        }
      });
    }
  });
}
