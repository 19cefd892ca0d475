/** A model from outside in a recording: its file is cut into several events, as a reader holds a whole block of events. */
import type { ModelEvent, ModelPart } from "./events.ts";

/** Bytes of the file in one event. */
const partBytes = 1 << 18;
/** Largest file that is joined again: a recording is not trusted. */
const mostBytes = 1 << 26;

/** The events into which a model is cut; the bytes are views. */
export function partsOf({ after, version, digest, bytes }: ModelEvent): ModelPart[] {
  const total = bytes.length;
  return Array.from({ length: Math.ceil(total / partBytes) }, (_, index) => {
    const start = index * partBytes;
    const data = bytes.subarray(start, Math.min(total, start + partBytes));
    return { kind: "model-part", after, version, digest, start, total, data };
  });
}

/** Joins parts in the order in which they are read. Memory grows with the bytes that are there, not with what they claim. */
export class ModelJoiner {
  #parts: ModelPart[] = [];
  #joined = 0;

  /** Takes the next part; returns the model once it is whole, `lost` where a part before it is missing, else null. */
  take(part: ModelPart): ModelEvent | "lost" | null {
    if (part.start === 0) this.#clear();
    const [first = part] = this.#parts;
    const isNext = part.start === this.#joined && part.digest === first.digest && part.total === first.total;
    if (!isNext || part.data.length === 0 || part.total > mostBytes) {
      this.#clear();
      return "lost";
    }
    this.#parts.push(part);
    this.#joined += part.data.length;
    if (this.#joined < part.total) return null;
    const bytes = Buffer.concat(this.#parts.map(({ data }) => data));
    this.#clear();
    const { after, version, digest } = part;
    return { kind: "model", after, version, digest, bytes };
  }

  #clear(): void {
    this.#parts = [];
    this.#joined = 0;
  }
}
