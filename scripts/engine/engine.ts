/** What an engine is to the suite, whichever it is. */
import type { Credentials } from "../../src/sync/signature.ts";

export interface Engine {
  /** With version, and how it was set up. */
  name: string;
  /** Scheme, address and port of its gateway. */
  origin: string;
  region: string;
  credentials: Credentials;
  /** Names of the processes that together are one of its storage nodes. */
  storage: readonly string[];
  gateway: string;
  /** Time for which its storage node is frozen: longer than it takes the engine to notice. */
  frozenStorageMs: number;
  /** Whether it writes an object only where there is none, if asked to; others answer 501. */
  honoursConditions: boolean;
}
