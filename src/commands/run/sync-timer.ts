/** Runs `rivulet sync` from time to time beside a daemon that no systemd looks after. Loaded only where it is configured. */
import type { ChildProcess } from "node:child_process";
import type { Log } from "../../daemon/log.ts";

/** Part of the interval by which runs are spread, so that a fleet does not come at once. */
const jitter = 0.1;
/** The first run waits for the network of a board that has just started. */
const firstMs = 60_000;

export interface SyncTimerOptions {
  /** Path of the command line. */
  cli: string;
  /** The config, as the user named it. */
  file: string;
  everyMs: number;
  log: Log;
}

/** Starts the timer; returns what ends it, with a run that is under way. */
export function startSyncTimer({ cli, file, everyMs, log }: SyncTimerOptions): () => void {
  let child: ChildProcess | null = null;
  let isFailing = false;
  let isOver = false;
  let timer = setTimeout(run, Math.min(firstMs, everyMs));

  async function run(): Promise<void> {
    timer = setTimeout(run, everyMs * (1 + jitter * (2 * Math.random() - 1)));
    if (child !== null) return;
    // Takes 2 MB of the daemon's memory, so not before it is needed.
    const { spawn } = await import("node:child_process");
    if (isOver) return;
    // What it has to say goes to standard error; the journal of a run is the host's.
    child = spawn(process.execPath, ["--max-semi-space-size=1", "--no-maglev", cli, "sync", file], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    child.once("error", (error) => finished(error.message));
    child.once("close", (code, signal) =>
      finished(code === 0 ? null : `it ended with ${signal ?? `exit code ${code}`}`),
    );
  }

  function finished(problem: string | null): void {
    child = null;
    if (isOver) return;
    if (problem !== null && !isFailing) {
      log({
        event: "sync-fails",
        text: `rivulet sync failed: ${problem}; checkpoints wait in their folder`,
        problem: true,
      });
    }
    if (problem === null && isFailing) log({ event: "sync-works-again", text: "rivulet sync works again" });
    isFailing = problem !== null;
  }

  return () => {
    isOver = true;
    clearTimeout(timer);
    child?.kill();
  };
}
