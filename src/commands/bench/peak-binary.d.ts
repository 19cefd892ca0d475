/** The peak of references.ts as WebAssembly modules, in hexadecimal, one for each kind. The build makes peak-binary.js. */
export const simdPeak: () => string;
export const relaxedSimdPeak: () => string;
