// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a style begins with
const style = /\u001b\[[0-9;]*m/g;

/** A text in lines of at most `width` columns, as far as its words allow. Styles take none. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  let columns = 0;
  for (const word of text.split(" ")) {
    const length = word.replaceAll(style, "").length;
    if (line !== "" && columns + 1 + length > width) {
      lines.push(line);
      line = word;
      columns = length;
    } else {
      columns += line === "" ? length : 1 + length;
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
