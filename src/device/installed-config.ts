import { isScalar, parseDocument } from "yaml";

/** The absolute paths that replace relative ones when a config moves to another folder. */
interface Moved {
  /** For each port, the path of its key in the config, and the path of the port. */
  ports: { at: readonly (string | number)[]; path: string }[];
  /** Folder of the checkpoints. */
  checkpoints: string;
  /** File with the secret for the host; null where the config names none. */
  secret: string | null;
}

/** Returns the text of a config with these paths replaced and everything else unchanged, comments included. */
export function installedConfig(text: string, { ports, checkpoints, secret }: Moved): string {
  const moved = ports.reduce((all, { at, path }) => withValue(all, at, path), text);
  const kept = withValue(moved, ["checkpoint", "directory"], checkpoints);
  return secret === null ? kept : withValue(kept, ["sync", "secretFile"], secret);
}

function withValue(text: string, path: readonly (string | number)[], value: string): string {
  const document = parseDocument(text);
  const found = document.getIn(path, true);
  if (isScalar(found) && found.range != null && found.anchor === undefined) {
    const [begin, end] = found.range;
    return text.slice(0, begin) + JSON.stringify(value).replace(/^"([\w./-]+)"$/, "$1") + text.slice(end);
  }
  // A missing key: the YAML library writes the document again, with its comments.
  document.setIn(path, value);
  return document.toString({ lineWidth: 0 });
}
