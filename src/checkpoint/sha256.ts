/**
 * SHA-256 (FIPS 180-4). Loading Node's `crypto` would cost more than 2 MB of memory, and a daemon needs a digest only once
 * in ten minutes.
 */

/** First 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const constants = fractionsOfPrimes(64, Math.cbrt);
/** The first 32 bits of the fractional parts of the square roots of the first 8 primes. */
const initialState = fractionsOfPrimes(8, Math.sqrt);

const blockBytes = 64;
/** Bytes of a digest. */
export const sha256Bytes = 32;

/** Computes a digest of bytes that are passed in several calls. */
export interface Sha256 {
  /** Adds bytes to the digest. */
  update(bytes: Uint8Array): void;
  /** Returns the digest of all bytes so far. The object must not be used afterwards. */
  digest(): Uint8Array;
}

/** Creates a SHA-256 digest of no bytes yet. */
export function createSha256(): Sha256 {
  const state = Int32Array.from(initialState);
  const schedule = new Int32Array(64);
  /** The start of a block that is still incomplete. */
  const rest = new Uint8Array(blockBytes);
  let restBytes = 0;
  let bytesSoFar = 0;

  function update(bytes: Uint8Array): void {
    bytesSoFar += bytes.length;
    let at = 0;
    if (restBytes > 0) {
      at = Math.min(blockBytes - restBytes, bytes.length);
      rest.set(bytes.subarray(0, at), restBytes);
      restBytes += at;
      if (restBytes < blockBytes) return;
      compress(state, schedule, rest, 0);
      restBytes = 0;
    }
    for (; at + blockBytes <= bytes.length; at += blockBytes) compress(state, schedule, bytes, at);
    rest.set(bytes.subarray(at));
    restBytes = bytes.length - at;
  }

  return {
    update,
    digest() {
      const bits = 8 * bytesSoFar;
      const lengthAt = restBytes < 56 ? 56 - restBytes : 120 - restBytes;
      const padding = new Uint8Array(lengthAt + 8);
      padding[0] = 0x80;
      const lengths = new DataView(padding.buffer, lengthAt);
      lengths.setUint32(0, Math.floor(bits / 2 ** 32));
      lengths.setUint32(4, bits >>> 0);
      update(padding);
      const digest = new Uint8Array(sha256Bytes);
      const words = new DataView(digest.buffer);
      for (let i = 0; i < 8; i++) words.setInt32(4 * i, state[i]);
      return digest;
    },
  };
}

/** The digest of these bytes in hexadecimal. */
export function sha256Hex(bytes: Uint8Array): string {
  const hash = createSha256();
  hash.update(bytes);
  return Buffer.from(hash.digest()).toString("hex");
}

/** Processes the block of 64 bytes at `at`: section 6.2.2 of the standard, with its names. */
function compress(state: Int32Array, w: Int32Array, bytes: Uint8Array, at: number): void {
  for (let t = 0, i = at; t < 16; t++, i += 4) {
    w[t] = (bytes[i] << 24) | (bytes[i + 1] << 16) | (bytes[i + 2] << 8) | bytes[i + 3];
  }
  for (let t = 16; t < 64; t++) {
    const x = w[t - 15];
    const y = w[t - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[t] = (s1 + w[t - 7] + s0 + w[t - 16]) | 0;
  }
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  let e = state[4];
  let f = state[5];
  let g = state[6];
  let h = state[7];
  for (let t = 0; t < 64; t++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + constants[t] + w[t]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}

function fractionsOfPrimes(count: number, root: (prime: number) => number): Int32Array {
  const fractions = new Int32Array(count);
  let found = 0;
  for (let number = 2; found < count; number++) {
    let isPrime = true;
    for (let divisor = 2; divisor * divisor <= number; divisor++) isPrime &&= number % divisor !== 0;
    if (isPrime) fractions[found++] = Math.floor((root(number) % 1) * 2 ** 32);
  }
  return fractions;
}
