import { isScalar, parseDocument } from "yaml";

/** What changes in a config that moves to another folder: what was named from where it stood before. */
interface Moved {
  /** `null` where it names no port. */
  port: string | null;
  checkpoints: string;
}

/** The text of a config with other paths in it; to the letter the same everywhere else. */
export function installedConfig(text: string, { port, checkpoints }: Moved): string {
  const moved = port === null ? text : withValue(text, ["source", "serial", "path"], port);
  return withValue(moved, ["checkpoint", "directory"], checkpoints);
}

function withValue(text: string, path: string[], value: string): string {
  const document = parseDocument(text);
  const found = document.getIn(path, true);
  if (isScalar(found) && found.range != null && found.anchor === undefined) {
    const [begin, end] = found.range;
    return text.slice(0, begin) + JSON.stringify(value).replace(/^"([\w./-]+)"$/, "$1") + text.slice(end);
  }
  // A key that was not there: its map is written anew, comments and all.
  document.setIn(path, value);
  return document.toString({ lineWidth: 0 });
}
