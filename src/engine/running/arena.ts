import { RivuletError } from "../../errors/errors.ts";
import { chooseVariant, createKernels, type Kernels, type KernelVariant } from "../kernels/kernels.ts";
import { aligned } from "../planning/placement.ts";

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

const numbersOf = ({ shape }: Block) => shape.reduce((product, size) => product * size, 1);

/** Returns the bytes of the blocks in an arena, each aligned to 16 bytes. */
export function bytesOf(blocks: Blocks): number {
  return Object.values(blocks).reduce(
    (sum, block) => sum + aligned(numbersOf(block) * block.bytesPerNumber),
    0,
  );
}

export interface ArenaOptions {
  /** Use only kernels whose results are bit for bit the same on every processor. Default true. */
  deterministic?: boolean;
  /** Overrides the choice of kernels. */
  kernels?: KernelVariant;
}

/** One block of memory of fixed size, in which networks and arrays are placed one after the other. */
export class Arena {
  readonly kernels: Kernels;
  readonly bytes: number;
  #used = 0;

  /** Allocates the arena. @throws RivuletError when the memory cannot be allocated */
  constructor(bytes: number, { deterministic = true, kernels }: ArenaOptions = {}) {
    this.bytes = bytes;
    this.kernels = createKernels(kernels ?? chooseVariant(deterministic), Math.max(bytes, 1));
  }

  /** Bytes placed so far. */
  get used(): number {
    return this.#used;
  }

  /** Reserves bytes and returns their offset. @throws RivuletError when fewer bytes are left */
  reserve(bytes: number): number {
    const offset = this.#used;
    if (offset + bytes > this.bytes) {
      throw new RivuletError(
        "memory.budget",
        `found ${this.bytes - offset} bytes left in the arena, expected ${bytes}; plan it larger`,
      );
    }
    this.#used += aligned(bytes);
    return offset;
  }

  /** Places blocks and returns their arrays, all 0. */
  place<B extends Blocks>(blocks: B): Arrays<B> {
    const arrays = Object.entries(blocks).map(([name, block]) => {
      const numbers = numbersOf(block);
      const offset = this.reserve(numbers * block.bytesPerNumber);
      const { buffer } = this.kernels;
      const isShort = block.bytesPerNumber === 4;
      return [
        name,
        isShort ? new Float32Array(buffer, offset, numbers) : new Float64Array(buffer, offset, numbers),
      ];
    });
    return Object.fromEntries(arrays);
  }
}

/** Returns the given arena, or a new one for these blocks. */
export function arenaFor(blocks: Blocks, arena?: Arena): Arena {
  return arena ?? new Arena(bytesOf(blocks));
}
