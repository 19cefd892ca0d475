import type { Daemon } from "../../daemon/daemon.ts";

/** Stops a daemon and returns the path of its newest checkpoint, which may be older than the stop; null where there is none. */
export async function stopAtCheckpoint(daemon: Daemon): Promise<string | null> {
  const { document } = await daemon.view();
  return (await daemon.stop()) ?? document().checkpoint.path;
}
