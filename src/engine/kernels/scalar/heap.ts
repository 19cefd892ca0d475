/** The memory of one network as the scalar kernels see it: the same bytes three times. Places are indices of float32. */
export interface Heap {
  ints: Int32Array;
  floats: Float32Array;
  doubles: Float64Array;
}

export function heapOf(buffer: ArrayBuffer): Heap {
  return {
    ints: new Int32Array(buffer),
    floats: new Float32Array(buffer),
    doubles: new Float64Array(buffer),
  };
}
