/**
 * What `rivulet sync` needs of a config, without the schemas of its other keys and what they are checked with, which take
 * more memory than all that a run does.
 */
import * as v from "valibot";
import type { SyncConfig } from "../sync/sync-config.ts";
import { checkpointFolderFor, checkpointSchema, nameFor, nameSchema } from "./checkpoint-config.ts";
import { createConfigErrors } from "./config-errors.ts";
import { readConfigText, readDocument } from "./document.ts";
import { checkSync, syncSchema, syncWithDefaults } from "./sync-schema.ts";

export interface SyncPart {
  sync: SyncConfig;
  /** Folder of the checkpoints. */
  directory: string;
}

const schema = v.looseObject({
  name: nameSchema,
  checkpoint: v.optional(checkpointSchema),
  sync: syncSchema,
  model: v.optional(v.looseObject({ ensemble: v.optional(v.unknown()) })),
  target: v.optional(v.looseObject({ forecast: v.optional(v.unknown()) })),
});

/**
 * Reads name, checkpoints and sync of a config, and checks no other keys: what is learned reaches the host also while
 * one of them is wrong. Null where one of these three is, or `sync` is missing; `loadConfig` says which.
 *
 * @throws RivuletError where the file cannot be read or is not YAML
 */
export function readSyncPart(file: string): SyncPart | null {
  const document = readDocument(readConfigText(file), file);
  const result = v.safeParse(schema, document.data);
  if (!result.success) return null;
  const { checkpoint, sync } = result.output;
  const name = nameFor(result.output.name, file);
  const errors = createConfigErrors(document);
  checkSync(sync, name, result.output, errors);
  if (errors.areSome) return null;
  return {
    sync: syncWithDefaults(sync, name, file),
    directory: checkpointFolderFor(checkpoint?.directory, name, file),
  };
}
