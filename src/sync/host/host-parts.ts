/** What a host answers requests from. */
import type { Fleet } from "./fleet.ts";
import type { ObjectFolder } from "./object-folder.ts";

/** A host: its objects, and how much it takes and keeps. */
export interface HostParts {
  objects: ObjectFolder;
  fleet: Fleet;
  /** Checkpoints to keep of each device. */
  keep: number;
  /** Largest body of a request. */
  mostBodyBytes: number;
  /** Reports an event in one sentence. */
  log(sentence: string): void;
}
