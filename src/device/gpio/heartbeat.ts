import type { Level } from "./backend.ts";

const everyMs = 1000;
/** Long enough to see, short enough to tell at a glance from a lamp that is merely on. */
const blinkMs = 60;

/**
 * A short blink a second, in each second in which something was learned: a lamp that beats says more than that a
 * process is alive.
 *
 * @param learned samples learned from so far
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
