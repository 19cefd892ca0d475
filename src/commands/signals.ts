/** What asks a process to end in good order. */
const signals = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

/** Exit code after a second signal, by the shell's custom for one that was interrupted. */
const interruptedCode = 130;

/** Resolves with the first signal that asks the process to end; a second one ends it at once. */
export function untilSignalled(): Promise<string> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of signals) {
      process.on(signal, () => {
        if (asked) process.exit(interruptedCode);
        asked = true;
        resolve(signal);
      });
    }
  });
}
