/** The live view of `rivulet run` in a terminal: lines of the log before and after it, and in it the latest ones. */
import type { Log } from "../../daemon/log.ts";
import type { StatusView } from "../../daemon/status-view.ts";
import { LiveView } from "./view.ts";

const everyMs = 1000;
const pulseEveryMs = 10_000;

/** Creates the live view of a daemon in this process. @param log takes lines while the view is not shown */
export function createRunView(log: Log) {
  let view: LiveView | null = null;
  let timers: NodeJS.Timeout[] = [];
  let paint = () => {};
  // A terminal that is gone sends a signal, which ends the daemon in good order.
  process.stdout.on("error", () => {});
  return {
    log: ((entry) => {
      if (view === null) log(entry);
    }) as Log,
    start({ document, checkPulse }: StatusView): void {
      const shown = new LiveView();
      view = shown;
      paint = () => shown.show(document());
      paint();
      timers = [setInterval(paint, everyMs), setInterval(checkPulse, pulseEveryMs)];
    },
    /** Leaves the last picture on the terminal. */
    close(): void {
      for (const timer of timers) clearInterval(timer);
      if (view === null) return;
      paint();
      view.close();
      view = null;
    },
  };
}
