/**
 * `rivulet/sync`: what sends the checkpoints of a device, and what receives them, to mount in a server of your own. Apart
 * from `rivulet`, because it loads Node's HTTP.
 */

// A device: objects at a host or any S3-compatible store, and a run that sends what a folder of checkpoints holds.

export {
  createObjectStore,
  type GetOptions,
  type ObjectStore,
  type ObjectStoreOptions,
  type StoredObject,
} from "./sync/client/object-store.ts";
export {
  type SendOptions,
  type SendOutcome,
  type SentCheckpoint,
  sendCheckpoints,
} from "./sync/client/send.ts";

// Models for devices: published and signed for a group, and what a device checks before it takes one.

export {
  type FetchOptions,
  type FetchOutcome,
  fetchModel,
  type ModelChecks,
} from "./sync/client/fetch-model.ts";
export {
  type ListedModel,
  listModels,
  type ModelStore,
  type Publication,
  type PublishOptions,
  publishModel,
  type RollbackOptions,
  rollbackModel,
} from "./sync/client/publish.ts";
export { createSigningKey, readSigningKey, type SigningKey } from "./sync/client/signing-key.ts";
export { openModelFolder } from "./sync/host/model-folder.ts";
export type { ModelPointer } from "./sync/model-pointer.ts";

// A host: functions for the events `request` and `checkContinue` of a server, and who may use it.

export { createFrontHandler, type FrontOptions } from "./sync/host/front.ts";
export { createHostHandler, type HostOptions } from "./sync/host/handler.ts";
export type { HostHandler } from "./sync/host/http.ts";
export { type KeyHolder, openRegistry, type Registry } from "./sync/host/registry.ts";
export type { Credentials } from "./sync/signature.ts";
export type { CredentialSource, ModelsConfig, SyncConfig } from "./sync/sync-config.ts";
