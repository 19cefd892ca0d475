/**
 * The memory of one network for the scalar kernels: three views of the same bytes. Addresses are indices of float32.
 */
export interface Heap {
  ints: Int32Array;
  floats: Float32Array;
  doubles: Float64Array;
}

/** Returns the views through which scalar kernels read and write an arena. */
export function heapOf(buffer: ArrayBuffer): Heap {
  return {
    ints: new Int32Array(buffer),
    floats: new Float32Array(buffer),
    doubles: new Float64Array(buffer),
  };
}
