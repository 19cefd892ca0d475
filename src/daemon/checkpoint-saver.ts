/** Keeps what a daemon has learned: resumes from the newest checkpoint, saves from time to time and at the end. */
import { existsSync, rmdirSync } from "node:fs";
import { dirname } from "node:path";
import { listCheckpoints } from "../checkpoint/checkpoint-names.ts";
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  encodeUnsealed,
  sealCheckpoint,
} from "../checkpoint/format.ts";
import { savingInterval } from "../checkpoint/save-interval.ts";
import { type FoundCheckpoint, openStore, type Store } from "../checkpoint/store.ts";
import type { Config } from "../config/config.ts";
import { checkpointOf, learnerFrom } from "../continuing/learner-checkpoint.ts";
import { type Changes, resume } from "../continuing/resume.ts";
import { CheckpointError, RivuletError } from "../errors/errors.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import type { State, Stateful } from "../state.ts";
import type { History } from "../status/history.ts";
import { keepUnsent } from "../sync/sync-record.ts";
import { carryMemory } from "./carried-memory.ts";
import type { Log } from "./log.ts";
import { qualityText } from "./quality.ts";

/** A checkpoint grows with the digits of its counters, and with what is accumulated for a batch. */
const growthBytes = 4096;
/** Enough of hashing for the compiler to see to it. */
const rehearsedBytes = 1 << 16;

/** A save that takes longer than this minute is reported: worn-out cards take seconds. */
const stuckMs = 60_000;

/** What a daemon keeps besides its learner. */
export interface DaemonMemory extends Stateful {
  /** Grows with everything that is worth a save. */
  readonly progress: number;
  /** Called once a checkpoint with its state is on the disk. */
  saved?(): void;
  /** Called between two samples, once in each interval of saving. */
  lookForModel?(): void;
}
const unhealthy = {
  event: "checkpoint-unhealthy",
  text: "the network is far worse than a constant answer just now: it is not saved, and the last healthy checkpoint stays the newest",
  problem: true,
};

export class CheckpointSaver {
  /** Checkpoints that were saved. */
  checkpoints = 0;
  readonly #learner: PrequentialLearner;
  readonly #history: History;
  readonly #memory: DaemonMemory | null;
  readonly #name: string;
  readonly #log: Log;
  readonly #reportOf: (() => State) | null;
  readonly #store: Store;
  /** What is to be said of the folder, until it is known whether the daemon can continue; null afterwards. */
  #reports: string[] | null = [];
  /** The outermost folder that was made for the checkpoints; null where all were there. */
  readonly #outermostNew: string | null;
  /** Null: by the size of a checkpoint. */
  readonly #configuredMs: number | null;
  #timer: NodeJS.Timeout | undefined;
  /** Bytes of the latest checkpoint. */
  #bytes = 0;
  /** Progress, and samples learned from, at the latest save. */
  #savedAt: number;
  #seenAtSave: number;
  readonly #given: Pick<Config, "file"> & Pick<Config["checkpoint"], "onChange">;
  /** Path of the latest checkpoint, and seconds of this process at which it was saved, below 0 before it began. */
  #latest: { path: string; at: number } | null = null;
  /** Whether the latest save failed, and whether one has not ended: each is reported once, until a save succeeds. */
  #isFailing = false;
  #isStuck = false;
  #failure: string | null = null;
  #isClosed = false;

  /**
   * Lets the learner, and the history of its scores, continue from the newest valid checkpoint in the config's folder.
   * @param reportOf what each checkpoint is to report of the daemon
   * @throws RivuletError where the folder cannot be used, or the checkpoint was saved with a different configuration; nothing is left open
   */
  constructor(
    { name, file, checkpoint, sync }: Config,
    learner: PrequentialLearner,
    history: History,
    log: Log,
    memory: DaemonMemory | null = null,
    reportOf: (() => State) | null = null,
  ) {
    this.#reportOf = reportOf;
    this.#name = name;
    this.#learner = learner;
    this.#history = history;
    this.#memory = memory;
    this.#log = log;
    const { directory, keep, everyMs, onChange } = checkpoint;
    this.#given = { file, onChange };
    this.#configuredMs = everyMs;
    this.#outermostNew = outermostMissing(directory);
    const report = (text: string) => {
      if (this.#reports) this.#reports.push(text);
      else log({ event: "checkpoint-refused", text, problem: true });
    };
    const spare = sync === null ? undefined : keepUnsent(directory, sync.backlog);
    this.#store = openStore(directory, { keep, spare, report });
    try {
      this.#resume();
      this.#rehearse();
    } catch (error) {
      this.abandon();
      throw error;
    }
    this.#savedAt = this.#progress;
    this.#seenAtSave = learner.samplesSeen;
  }

  get #progress(): number {
    return this.#learner.samplesSeen + (this.#memory?.progress ?? 0);
  }

  /** Why checkpoints are not saved; null where they are. */
  get failure(): string | null {
    return this.#failure;
  }

  get directory(): string {
    return this.#store.directory;
  }

  /** Bytes of all that were saved. */
  get checkpointBytes(): number {
    return this.#store.writtenBytes;
  }

  /** Whether a save is under way. */
  get isSaving(): boolean {
    return this.#store.saving;
  }

  #resume(): void {
    const { bytes, kernels } = this.#learner.memory;
    const about = bytes === 0 ? "" : `; ${bytes} bytes of arena, ${kernels} kernels`;
    const found = this.#newestThatResumes();
    if (found === undefined) {
      const none = listCheckpoints(this.directory).length === 0 ? "no checkpoint" : "no valid checkpoint";
      const text = `learning from scratch: ${this.directory} has ${none}${about}`;
      this.#log({ event: "begin", text });
      return;
    }
    this.#resumeHistory(found.checkpoint.history, found.path);
    const age = (Date.now() - Date.parse(found.checkpoint.createdAt)) / 1000;
    this.#latest = { path: found.path, at: process.uptime() - Math.max(0, age) };
    this.#resumeMemory(found.checkpoint, found.path);
    const { samplesSeen } = this.#learner;
    const text = `continuing from ${found.path} after ${samplesSeen} samples${about}`;
    this.#log({ event: "resume", text, details: { path: found.path, samplesSeen } });
  }

  /**
   * Continues from the newest checkpoint that can be continued from, and names each newer one with its reason.
   * @throws RivuletError where there is none, but one of another configuration
   */
  #newestThatResumes(): FoundCheckpoint<Checkpoint> | undefined {
    let mismatch: RivuletError | null = null;
    let changes: Changes = [];
    const { onChange, file } = this.#given;
    const advice = `rivulet migrate ${this.directory} --config ${file} carries over what was learned`;
    const read = (bytes: Uint8Array, where: string) => {
      const checkpoint = decodeCheckpoint(bytes, where);
      try {
        changes = resume(this.#learner, checkpoint, where, { onChange, advice });
      } catch (error) {
        if (!(error instanceof RivuletError) || error.code !== "checkpoint.mismatch") throw error;
        mismatch ??= error;
        throw new CheckpointError(error.code, error.message, { cause: error });
      }
      return checkpoint;
    };
    let found: FoundCheckpoint<Checkpoint> | undefined;
    try {
      found = this.#store.newest(read);
      if (found === undefined && mismatch !== null) throw mismatch;
    } catch (error) {
      this.#tellReports((error as Error).message);
      throw error;
    }
    this.#tellReports();
    for (const text of changes) this.#log({ event: "config-changed", text });
    return found;
  }

  /** @param except what is reported otherwise */
  #tellReports(except: string | null = null): void {
    for (const text of this.#reports ?? []) {
      if (text !== except) this.#log({ event: "checkpoint-refused", text, problem: true });
    }
    this.#reports = null;
  }

  /** What was learned is worth more than its history: one that does not fit is left behind. */
  #resumeHistory(state: State | undefined, path: string): void {
    if (state === undefined) return;
    try {
      this.#history.restore(state);
    } catch (error) {
      if (!(error instanceof RivuletError)) throw error;
      this.#log({ event: "history-refused", text: `${path}: ${error.message}`, problem: true });
    }
  }

  /** Where the fields are others than those of the checkpoint, what is about them is carried over by name. */
  #resumeMemory(checkpoint: Checkpoint, path: string): void {
    const { daemonState, features } = checkpoint;
    if (daemonState === undefined) return;
    const { fields = [] } = (features ?? {}) as { fields?: string[] };
    if (String(fields) === String(this.#learner.describe().fields)) {
      this.#restoreMemory(daemonState, path);
      return;
    }
    const { state, lost } = carryMemory(daemonState, learnerFrom(checkpoint, path), this.#learner);
    this.#restoreMemory(state, path);
    if (lost.length === 0) return;
    const text = `of what ${path} holds besides the learner, this is left behind: ${lost.join(", ")}`;
    this.#log({ event: "memory-lost", text, problem: true });
  }

  /** The learner is of use without what the daemon kept besides it. */
  #restoreMemory(state: State, path: string): void {
    try {
      this.#memory?.restore(state);
    } catch (error) {
      if (!(error instanceof RivuletError)) throw error;
      const text = `what ${path} holds besides the learner, such as samples that wait for their labels, is lost in part: ${error.message}`;
      this.#log({ event: "memory-lost", text, problem: true });
    }
  }

  #checkpoint(options?: { reuse: boolean }): Checkpoint {
    // First, as the labels that it still has to learn from are part of the learner then.
    const daemonState = this.#memory?.state();
    const checkpoint = checkpointOf(this.#learner, this.#name, options);
    const history = this.#history.state();
    return {
      ...checkpoint,
      history,
      ...(daemonState === undefined ? {} : { daemonState }),
      ...(this.#reportOf === null ? {} : { status: this.#reportOf() }),
    };
  }

  #snapshot(): Uint8Array[] {
    const chunks = encodeUnsealed(this.#checkpoint({ reuse: true }));
    this.#bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    return chunks;
  }

  /** The latest checkpoint and its age; null where there is none. */
  latest(): { path: string | null; ageSeconds: number | null } {
    if (this.#latest === null) return { path: null, ageSeconds: null };
    return { path: this.#latest.path, ageSeconds: Math.round(process.uptime() - this.#latest.at) };
  }

  /** All that a save does but for the disk, so that the first one finds its memory and its code ready. */
  #rehearse(): void {
    this.#snapshot();
    this.#store.reserve(this.#bytes + growthBytes);
    void sealCheckpoint(new Uint8Array(rehearsedBytes));
    this.#store.requireLock();
  }

  /** Milliseconds from one save to the next. */
  get everyMs(): number {
    return this.#configuredMs ?? savingInterval(this.#bytes);
  }

  /** Saves from now on, once in each interval in which something was learned. */
  startSaving(): void {
    this.#timer = setTimeout(() => {
      void this.saveInPassing().then(() => {
        if (!this.#isClosed) this.#memory?.lookForModel?.();
      });
      // The next interval is that of the checkpoint just made, which may have grown.
      this.startSaving();
    }, this.everyMs);
  }

  /** Saves while samples keep coming. Returns the path; null if nothing was learned since the last save, or it failed. */
  async saveInPassing(): Promise<string | null> {
    if (this.#isClosed || this.isSaving || this.#progress === this.#savedAt) return null;
    // The last healthy checkpoint stays the newest.
    if (!this.#learner.isHealthy) return null;
    const stuckTimer = setTimeout(() => this.#saveIsStuck(), stuckMs).unref();
    try {
      const chunks = this.#snapshot();
      const [progress, seen] = [this.#progress, this.#learner.samplesSeen];
      const { path } = await this.#store.save(chunks, sealCheckpoint);
      this.#saved(path, progress, seen);
      return path;
    } catch (error) {
      this.#saveFailed(error);
      return null;
    } finally {
      clearTimeout(stuckTimer);
    }
  }

  #saved(path: string, progress: number, seen: number): void {
    this.#savedAt = progress;
    this.#seenAtSave = seen;
    this.checkpoints++;
    this.#latest = { path, at: process.uptime() };
    this.#memory?.saved?.();
    if (this.#failure !== null)
      this.#log({ event: "checkpoint-works-again", text: `saved ${path}: saving works again` });
    this.#isFailing = false;
    this.#isStuck = false;
    this.#failure = null;
  }

  /** A disk that answers neither with success nor with an error is reported as one that fails. */
  #saveIsStuck(): void {
    const text = `a save in ${this.directory} has not ended after a minute: the disk does not answer`;
    this.#fails(text, this.#isStuck);
    this.#isStuck = true;
  }

  #fails(why: string, isTold: boolean): void {
    // After the end it is one that the last checkpoint has overtaken.
    if (this.#isClosed) return;
    this.#failure = `${why}; learning continues`;
    if (!isTold) this.#log({ event: "checkpoint-fails", text: this.#failure, problem: true });
  }

  /** Learning goes on without checkpoints: what was learned is still worth something. One line, not one a try. */
  #saveFailed(error: unknown): void {
    if (!(error instanceof RivuletError)) throw error;
    this.#fails(error.message, this.#isFailing);
    this.#isFailing = true;
  }

  /** No more is saved in passing. */
  stopSaving(): void {
    clearTimeout(this.#timer);
  }

  /**
   * Saves for the last time. Returns the path; null if nothing new was learned.
   * @throws RivuletError where it cannot be saved, and what was learned since the checkpoint before is lost
   */
  close(): string | null {
    this.#isClosed = true;
    const { samplesSeen } = this.#learner;
    let path: string | null = null;
    try {
      if (this.#progress !== this.#savedAt && !this.#learner.isHealthy) this.#log(unhealthy);
      else if (this.#progress !== this.#savedAt) {
        ({ path } = this.#store.saveSync(encodeCheckpoint(this.#checkpoint())));
        this.#saved(path, this.#progress, samplesSeen);
      }
    } catch (error) {
      if (!(error instanceof RivuletError)) throw error;
      const lost = samplesSeen - this.#seenAtSave;
      throw new RivuletError(
        error.code,
        `${error.message}; what was learned from the last ${lost} samples is lost`,
        {
          cause: error,
        },
      );
    } finally {
      this.#store.close();
    }
    this.#log({
      event: "end",
      text: `ended after ${samplesSeen} samples${this.#quality()}; ${path === null ? "nothing new to save" : `saved ${path}`}`,
      details: { samplesSeen, path },
    });
    return path;
  }

  /** How well it did, for the last line; nothing where nothing was scored. */
  #quality(): string {
    const report = this.#learner.report();
    return report.samples === 0 ? "" : `, ${qualityText(report)}`;
  }

  /** Closes without saving, where nothing came of the start: leaves no folder behind that was made for it. */
  abandon(): void {
    this.#isClosed = true;
    this.#store.close();
    if (this.#outermostNew !== null) removeEmpty(this.directory, this.#outermostNew);
  }
}

/** The outermost folder of a path that is not there yet; null where all are. */
function outermostMissing(path: string): string | null {
  let missing: string | null = null;
  for (let folder = path; !existsSync(folder); folder = dirname(folder)) missing = folder;
  return missing;
}

/** Takes away folders that were made for nothing, from `folder` up to `outermost`, as far as they are empty. */
function removeEmpty(folder: string, outermost: string): void {
  try {
    for (let at = folder; at.startsWith(outermost); at = dirname(at)) rmdirSync(at);
  } catch {} // somebody has put something there: then it was not made for nothing
}
