/** A request whose signature is valid, and what a host answers it from. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Fleet } from "./fleet.ts";
import type { ObjectFolder } from "./object-folder.ts";
import type { KeyHolder } from "./registry.ts";

/** A request whose signature is valid. */
export interface Asked {
  request: IncomingMessage;
  response: ServerResponse;
  holder: KeyHolder;
  /** Null: the bucket itself. */
  key: string | null;
  query: URLSearchParams;
}

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
