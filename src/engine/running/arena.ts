import { RivuletError } from "../../errors/errors.ts";
import { chooseVariant, createKernels, type Kernels, type KernelVariant } from "../kernels/kernels.ts";
import { aligned } from "../planning/placement.ts";
import type { Plan, Scratch } from "../planning/plan.ts";

/** Describes an array to be placed in an arena: the type of its numbers and its shape. */
export type Block<A extends Float32Array | Float64Array = Float32Array | Float64Array> = {
  bytesPerNumber: 4 | 8;
  shape: number[];
  /** Only a type: the array that the block becomes. */
  array?: A;
};

export type Blocks = Record<string, Block>;

/** The arrays that blocks become. */
export type Arrays<B extends Blocks> = { [Name in keyof B]: NonNullable<B[Name]["array"]> };

/** Float32 numbers. A name, since declarations of TypeScript 5.6 and older cannot hold `Float32Array<ArrayBufferLike>`. */
export interface Float32Block extends Block<Float32Array> {}

/** Float64 numbers. */
export interface Float64Block extends Block<Float64Array> {}

/** Describes an array of float32 numbers with this shape. */
export const float32 = (...shape: number[]): Float32Block => ({ bytesPerNumber: 4, shape });

/** Describes an array of float64 numbers with this shape. */
export const float64 = (...shape: number[]): Float64Block => ({ bytesPerNumber: 8, shape });

const alignedDown = (bytes: number) => Math.floor(bytes / 16) * 16;

const numbersOf = ({ shape }: Block) => shape.reduce((product, size) => product * size, 1);

/** Returns the bytes of the blocks in an arena, each aligned to 16 bytes. */
export function bytesOf(blocks: Blocks): number {
  return Object.values(blocks).reduce(
    (sum, block) => sum + aligned(numbersOf(block) * block.bytesPerNumber),
    0,
  );
}

/** The memory that a part needs in an arena: its own bytes, and how many of the scratch, which the parts share. */
export interface Space {
  bytes: number;
  scratch: Scratch;
}

/** Returns the space of blocks that last, and of blocks whose content counts only within one call. */
export function spaceOf(lasting: Blocks, passing: Blocks = {}): Space {
  const bytes = bytesOf(passing);
  return { bytes: bytesOf(lasting), scratch: { bytes, predictionBytes: bytes } };
}

/** Returns the space of something that uses no scratch. */
export const lastingSpace = (bytes: number): Space => ({ ...spaceOf({}), bytes });

/** Returns the space of a planned network. */
export const spaceOfPlan = ({ totalBytes, scratch }: Plan): Space =>
  scratch ? { bytes: totalBytes - scratch.bytes, scratch } : lastingSpace(totalBytes);

/** Returns the space of several that use the same scratch in turn. */
export function spaceOfAll(spaces: readonly Space[]): Space {
  const most = (part: keyof Scratch) => Math.max(0, ...spaces.map(({ scratch }) => scratch[part]));
  return {
    bytes: spaces.reduce((sum, { bytes }) => sum + bytes, 0),
    scratch: { bytes: most("bytes"), predictionBytes: most("predictionBytes") },
  };
}

/** Returns the bytes in an arena without scratch, where nobody else uses them. */
export const aloneBytes = ({ bytes, scratch }: Space): number => bytes + scratch.bytes;

/** Returns how large a scratch must be that also keeps `tentativeBytes` while predictions use it. */
export const scratchBytesFor = ({ bytes, predictionBytes }: Scratch, tentativeBytes: number): number =>
  Math.max(bytes, predictionBytes + tentativeBytes);

export interface ArenaOptions {
  /** Use only kernels whose results are bit for bit the same on every processor. Default true. */
  deterministic?: boolean;
  /** Overrides the choice of kernels. */
  kernels?: KernelVariant;
}

/**
 * One block of memory of fixed size, in which networks and arrays are placed one after the other. Its end may be scratch,
 * which they use in turn.
 */
export class Arena {
  readonly kernels: Kernels;
  readonly bytes: number;
  /** Bytes of the scratch among these; 0: nothing is shared. */
  readonly scratchBytes: number;
  readonly #scratchStart: number;
  #used = 0;
  /** The largest part of the scratch that one call uses, and what is kept at its end from one to the next. */
  readonly #scratch: Scratch = { bytes: 0, predictionBytes: 0 };
  #tentativeBytes = 0;

  /** Allocates the arena. @throws RivuletError when the memory cannot be allocated */
  constructor(
    bytes: number,
    { deterministic = true, kernels, scratchBytes = 0 }: ArenaOptions & { scratchBytes?: number } = {},
  ) {
    this.bytes = bytes;
    this.scratchBytes = scratchBytes;
    this.#scratchStart = scratchBytes > 0 ? alignedDown(bytes - scratchBytes) : bytes;
    this.kernels = createKernels(kernels ?? chooseVariant(deterministic), Math.max(bytes, 1));
  }

  /** Bytes placed so far. */
  get used(): number {
    return this.#used + scratchBytesFor(this.#scratch, this.#tentativeBytes);
  }

  /** Reserves bytes and returns their offset. @throws RivuletError when fewer bytes are left */
  reserve(bytes: number): number {
    const offset = this.#used;
    this.#requireLeft(this.#scratchStart - offset, bytes);
    this.#used += aligned(bytes);
    return offset;
  }

  /** Reserves scratch, which others use too, and returns its offset. @throws RivuletError when there is less of it */
  reserveScratch({ bytes, predictionBytes }: Scratch): number {
    const scratch = this.#scratch;
    scratch.bytes = Math.max(scratch.bytes, bytes);
    scratch.predictionBytes = Math.max(scratch.predictionBytes, predictionBytes);
    this.#requireLeft(this.scratchBytes, scratchBytesFor(scratch, this.#tentativeBytes));
    return this.#scratchStart;
  }

  /** Places blocks and returns their arrays, all 0. */
  place<B extends Blocks>(blocks: B): Arrays<B> {
    return this.#arraysAt(this.reserve(bytesOf(blocks)), blocks);
  }

  /** Places blocks whose content counts only within one call. */
  placePassing<B extends Blocks>(blocks: B): Arrays<B> {
    if (this.scratchBytes === 0) return this.place(blocks);
    return this.#arraysAt(this.reserveScratch(spaceOf({}, blocks).scratch), blocks);
  }

  /** Places blocks whose content lasts until something is learned: predictions leave it alone. */
  placeTentative<B extends Blocks>(blocks: B): Arrays<B> {
    if (this.scratchBytes === 0) return this.place(blocks);
    this.#tentativeBytes += bytesOf(blocks);
    this.reserveScratch(this.#scratch);
    return this.#arraysAt(alignedDown(this.bytes) - this.#tentativeBytes, blocks);
  }

  #arraysAt<B extends Blocks>(start: number, blocks: B): Arrays<B> {
    const { buffer } = this.kernels;
    let offset = start;
    const arrays = Object.entries(blocks).map(([name, block]) => {
      const numbers = numbersOf(block);
      const isShort = block.bytesPerNumber === 4;
      const array = isShort
        ? new Float32Array(buffer, offset, numbers)
        : new Float64Array(buffer, offset, numbers);
      offset += aligned(numbers * block.bytesPerNumber);
      return [name, array];
    });
    return Object.fromEntries(arrays);
  }

  #requireLeft(left: number, bytes: number): void {
    if (bytes <= left) return;
    throw new RivuletError(
      "memory.budget",
      `found ${left} bytes left in the arena, expected ${bytes}; plan it larger`,
    );
  }
}

/** Returns the given arena, or a new one for these blocks. */
export function arenaFor(blocks: Blocks, arena?: Arena): Arena {
  return arena ?? new Arena(bytesOf(blocks));
}
