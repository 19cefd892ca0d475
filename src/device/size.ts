/** Bytes in a MiB. */
export const mebibyte = 2 ** 20;

/** Formats bytes as whole KiB or MiB, or as GiB with one decimal. */
export function sizeText(bytes: number): string {
  if (bytes < mebibyte) return `${Math.ceil(bytes / 1024)} KiB`;
  return bytes < 1024 * mebibyte
    ? `${Math.round(bytes / mebibyte)} MiB`
    : `${(bytes / mebibyte / 1024).toFixed(1)} GiB`;
}
