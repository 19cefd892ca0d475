/** The largest finite number in float32, in which a network counts: a larger one is infinite there. */
export const largestFloat32 = (2 - 2 ** -23) * 2 ** 127;
