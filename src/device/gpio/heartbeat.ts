import type { Level } from "./backend.ts";

const everyMs = 1000;
/** Long enough to see, short enough to differ clearly from an LED that is always on. */
const blinkMs = 60;

/**
 * Starts a heartbeat LED: one short blink in each second in which a sample was learned. So it shows that training makes
 * progress, not only that the process lives.
 *
 * @param learned returns the number of samples learned from so far
 * @param write sets the level of the pin
 */
export function startHeartbeat(learned: () => number, write: (level: Level) => void): { close(): void } {
  let before = learned();
  let off: NodeJS.Timeout | undefined;
  const timer = setInterval(() => {
    const now = learned();
    if (now > before) {
      write(1);
      off = setTimeout(write, blinkMs, 0);
    }
    before = now;
  }, everyMs);
  return {
    close() {
      clearInterval(timer);
      clearTimeout(off);
    },
  };
}
