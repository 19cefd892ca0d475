/** The kernels as WebAssembly modules, in hexadecimal, so that the engine needs no file system. The build makes binary.js. */
export const simdKernels: () => string;
export const relaxedSimdKernels: () => string;
