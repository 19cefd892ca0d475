import { RivuletError } from "../errors/errors.ts";
import { type ConfigDocument, type KeyPath, pathName } from "./document.ts";

/** The path that a sentence begins with: `["source", "fields", 2, "scale"]` of `source.fields[2].scale is 0: ...`. */
function leadingPath(sentence: string): KeyPath {
  const [path] = /^\w+(?:\.\w+|\[\d+\])*/.exec(sentence) ?? [""];
  return path.split(/[.[]/).map((key) => (key.endsWith("]") ? Number.parseInt(key, 10) : key));
}

/** ConfigErrors about one document: gathered, so that all of them are told at once. */
export function createConfigErrors(document: ConfigDocument) {
  const lines: string[] = [];
  return {
    /** `sentence` follows the key's name directly: it begins with a space or a colon. The line is that of `path`. */
    add(path: KeyPath, sentence: string, named: KeyPath = path): void {
      const name = pathName(named);
      lines.push(
        `${document.place(path)}: ${name === "" ? sentence.replace(/^[: ]+/, "") : name + sentence}`,
      );
    },
    /**
     * Runs another part's check. Its complaint begins with the path of the key, or where it is about no single one,
     * with any word: then the line is that of `around`.
     */
    attempt(check: () => unknown, around: KeyPath = []): void {
      try {
        check();
      } catch (error) {
        if (!(error instanceof RivuletError)) throw error;
        const path = leadingPath(error.message);
        const isKey = document.get(path.slice(0, 1)) !== undefined;
        lines.push(`${document.place(isKey ? path : around)}: ${error.message}`);
      }
    },
    throwIfAny(): void {
      if (lines.length > 0) throw new RivuletError(lines.join("\n"));
    },
  };
}

export type ConfigErrors = ReturnType<typeof createConfigErrors>;
