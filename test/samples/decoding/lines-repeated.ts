import { lineCount, repeatLines } from "./repeat-lines.ts";

/** Good lines, with one between that is rejected and one that is too short. */
const text = Array.from({ length: lineCount }, (_, index) => {
  const line = [index / 8, -index, 0.25, (index / 100).toFixed(2), "1e3", 6, 7, "-1.5e-2"].join(",");
  if (index % 10 === 0) return `${line}\r\n1,2,3,4,5,6,7,nan`;
  return index % 10 === 5 ? `${line}\r\n1,2,3` : line;
});

/** A million good lines. */
export default repeatLines(text);
