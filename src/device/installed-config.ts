import { isScalar, parseDocument } from "yaml";

/** What changes in a config that moves to another folder: what was named from where it stood before. */
interface Moved {
  /** Of each port: where the config names it, and its path. */
  ports: { at: readonly (string | number)[]; path: string }[];
  checkpoints: string;
}

/** The text of a config with other paths in it; to the letter the same everywhere else. */
export function installedConfig(text: string, { ports, checkpoints }: Moved): string {
  const moved = ports.reduce((all, { at, path }) => withValue(all, at, path), text);
  return withValue(moved, ["checkpoint", "directory"], checkpoints);
}

function withValue(text: string, path: readonly (string | number)[], value: string): string {
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
