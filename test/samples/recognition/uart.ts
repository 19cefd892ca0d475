/** What a UART hears that listens at another baud rate than the sender's: a simulation of the wire, bit by bit. */

/** Sends bytes with 8 data bits, no parity and 1 stop bit at `sent` baud, and receives them at `heard` baud. */
export function resample(bytes: Uint8Array, sent: number, heard: number): Uint8Array {
  /** Level of the line at a time, in bits of the sender; a word is a low start bit, eight data bits, a high stop bit. */
  function level(time: number): number {
    const bit = Math.floor(time);
    const word = Math.floor(bit / 10);
    if (word >= bytes.length) return 1;
    const place = bit % 10;
    if (place === 0) return 0;
    return place === 9 ? 1 : (bytes[word] >> (place - 1)) & 1;
  }
  const received: number[] = [];
  const step = sent / heard;
  const end = 10 * bytes.length;
  // Sixteen looks a bit for a falling edge, as hardware does; then each bit is sampled in its middle.
  for (let time = 0; time < end; ) {
    if (level(time) === 1) {
      time += step / 16;
      continue;
    }
    let byte = 0;
    for (let bit = 0; bit < 8; bit++) byte |= level(time + (1.5 + bit) * step) << bit;
    const hasStopBit = level(time + 9.5 * step) === 1;
    // Without a stop bit it is a framing error, which the kernel hands over as a zero.
    received.push(hasStopBit ? byte : 0);
    time += 9.5 * step;
    if (!hasStopBit) while (time < end && level(time) === 0) time += step / 16;
  }
  return Uint8Array.from(received);
}
