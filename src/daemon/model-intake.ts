/** Takes in models that `rivulet sync` has fetched, between two samples, and says what becomes of them. */
import { sha256Hex } from "../checkpoint/sha256.ts";
import type { AnyDescription } from "../continuing/learner-checkpoint.ts";
import {
  mostModelFileBytes,
  publishedDescription,
  readModel,
  requireFitting,
} from "../continuing/model-file.ts";
import { RivuletError } from "../errors/errors.ts";
import { reasonOf } from "../errors/system-error.ts";
import { hasRoom, type OutsideModel } from "../learner/outside-model.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import { readRegularFile, UnsuitableFileError } from "../machine/regular-file.ts";
import type { ModelStatus, TakenIn } from "../model-status.ts";
import type { State, Stateful } from "../state.ts";
import { requireCounts } from "../state-check.ts";
import { removeWaiting, sourceMark, type WaitingModel, waitingModels } from "../sync/inbox.ts";
import { isKnownVersions, type KnownVersions, versionOf, withVersion } from "../sync/known-versions.ts";
import type { Log } from "./log.ts";

/** A model on its way into the learner. */
export interface IncomingModel {
  model: OutsideModel;
  version: number;
  digest: string;
  /** The file. */
  bytes: Uint8Array;
}

export interface ModelIntakeOptions {
  learner: PrequentialLearner;
  /** Folder of the checkpoints. */
  directory: string;
  /** The group whose models this device takes; versions are counted for each group and key. */
  group: string;
  /** The key that signs them. */
  trust: string;
  /** Lets the learner take a model in, and says so to whoever records. */
  take(incoming: IncomingModel): void;
  log: Log;
}

/**
 * Looks for a model above the last version, checks it again, and lets the learner take it in. Its file is removed once a
 * checkpoint is on the disk that knows of it: killed before, the daemon finds it again.
 */
export class ModelIntake implements Stateful {
  readonly #options: ModelIntakeOptions;
  /** The last version that was looked at; 0: none since the config has this group and key. */
  #version = 0;
  /** The newest version of each group and key. */
  #versions: KnownVersions = [];
  /** Why it was not taken in; null where it was. */
  #refused: string | null = null;
  /** The newest version that the latest state knows of. */
  #versionInState = 0;
  /** Why the newest file cannot be read just now, as it was reported; null where it can. */
  #unread: string | null = null;
  /** What was last reported of the model in use. */
  #phase = 0;

  constructor(options: ModelIntakeOptions) {
    this.#options = options;
  }

  /** Looks for a newer model; to be called between two samples. Returns whether one was taken in or refused. */
  look(): boolean {
    const { directory, group, log } = this.#options;
    const newest = this.#waiting().at(-1);
    if (newest === undefined || newest.version <= versionOf(this.#versions, this.#source)) return false;
    const { version } = newest;
    const name = `version ${version} of the models for ${group}`;
    try {
      const about = this.#takeIn(newest, name);
      if (about === null) return false;
      this.#refused = null;
      log({ event: "model-taken", text: about, details: { version, group, digest: newest.digest } });
    } catch (error) {
      if (!(error instanceof RivuletError)) throw error;
      this.#refused = error.message;
      const text = `${error.message}; it is not used`;
      log({ event: "model-refused", text, problem: true, details: { version, group, directory } });
    }
    this.#version = version;
    this.#versions = withVersion(this.#versions, this.#source, version);
    this.#phase = this.#learnerPhase;
    return true;
  }

  get #source(): string {
    return sourceMark(this.#options);
  }

  #waiting(): WaitingModel[] {
    try {
      return waitingModels(this.#options.directory, this.#options);
    } catch {
      // The next checkpoint says what is wrong with the folder.
      return [];
    }
  }

  /** Returns what to report of it; null where its file cannot be read just now. */
  #takeIn({ path, version, digest }: WaitingModel, name: string): string | null {
    const { learner, take } = this.#options;
    const own = publishedDescription(learner.describe() as AnyDescription);
    const bytes = this.#read(path, name, mostModelFileBytes(learner));
    if (bytes === null) return null;
    if (!sha256Hex(bytes).startsWith(digest)) {
      throw new RivuletError(
        "checkpoint.damaged",
        `${name} is damaged: its SHA-256 is not the one in its name`,
      );
    }
    const { description, model, samplesSeen } = readModel(bytes, name);
    requireFitting(own, description, name);
    take({ model, version, digest, bytes });
    const after = `after ${learner.samplesSeen} samples; it had learned from ${samplesSeen}`;
    const isBeside = hasRoom(learner) && learner.takenIn?.state === "side by side";
    return isBeside
      ? `${name} answers in the place of the network ${after}; that runs beside it, and comes back if it does better`
      : `${name} answers beside the experts ${after}`;
  }

  /**
   * Returns null where the file system is at fault, which says nothing of the model: a later look finds it again.
   * @throws RivuletError where it is no regular file, or too large
   */
  #read(path: string, name: string, mostBytes: number): Uint8Array | null {
    try {
      const bytes = readRegularFile(path, { mostBytes, followLinks: false });
      this.#unread = null;
      return bytes;
    } catch (error) {
      if (error instanceof UnsuitableFileError) {
        throw new RivuletError("checkpoint.unreadable", `${name} ${error.message}`, { cause: error });
      }
      const text = `${name} cannot be read: ${reasonOf(error)}; it is looked at again`;
      const { code } = error as NodeJS.ErrnoException;
      // Sync has put a newer one in its place.
      if (code !== "ENOENT" && text !== this.#unread) {
        this.#options.log({ event: "model-unread", text, problem: true, details: { path } });
        this.#unread = text;
      }
      return null;
    }
  }

  /** To be called once a checkpoint with the latest state is on the disk: models that came since stay. */
  saved(): void {
    const { directory } = this.#options;
    if (this.#versionInState > 0) removeWaiting(directory, this.#options, this.#versionInState + 1);
  }

  get #learnerPhase(): number {
    const { learner } = this.#options;
    return hasRoom(learner) ? learner.modelPhase : 0;
  }

  /** To be called after each sample. Allocates nothing unless there is something to tell. */
  observe(): void {
    const phase = this.#learnerPhase;
    if (phase === this.#phase) return;
    this.#phase = phase;
    const { learner, group, log } = this.#options;
    const takenIn = hasRoom(learner) ? learner.takenIn : null;
    if (takenIn === null || takenIn.state === "side by side") return;
    const { state, reason = "", samples, difference } = takenIn;
    const name = `version ${this.#version} of the models for ${group}`;
    const isBack = state === "went back";
    const text = isBack
      ? `${name} is not used any more: ${reason}`
      : `${name} stays after ${samples} samples side by side with the network before it`;
    log({
      event: isBack ? "model-went-back" : "model-stays",
      text,
      problem: isBack,
      details: { version: this.#version, samples, difference },
    });
  }

  /** What became of the last model; null where none has come. */
  status(): ModelStatus | null {
    const { learner, group } = this.#options;
    const version = this.#version;
    if (version === 0) return null;
    const known = { version, group, source: this.#source };
    if (this.#refused !== null) {
      return { ...known, state: "refused", reason: this.#refused, samples: 0, difference: null };
    }
    const takenIn: TakenIn | null = hasRoom(learner) ? learner.takenIn : null;
    return takenIn === null
      ? { ...known, state: "none", samples: 0, difference: null }
      : { ...known, ...takenIn };
  }

  state(): State {
    const source = this.#source;
    this.#versionInState = versionOf(this.#versions, source);
    const { group } = this.#options;
    return { group, source, version: this.#version, refused: this.#refused, versions: this.#versions };
  }

  /** @throws RivuletError where it is the state of something else */
  restore(given: State): void {
    const { trust } = this.#options;
    const stored = (given ?? {}) as { [key: string]: State };
    const { group, version, refused = null, versions } = stored;
    requireCounts({ version }, "models from outside");
    // Without a source it is from a version that did not distinguish models of two keys.
    const source = String(stored["source"] ?? sourceMark({ group: String(group), trust }));
    this.#versions = withVersion(isKnownVersions(versions) ? versions : [], source, version as number);
    if (source !== this.#source) return;
    this.#version = version as number;
    this.#refused = typeof refused === "string" ? refused : null;
  }

  /** What became of it before is not reported again. To be called once the learner has its state. */
  begin(): void {
    this.#phase = this.#learnerPhase;
  }
}
