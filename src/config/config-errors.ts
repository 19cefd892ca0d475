import type { ErrorCode } from "../errors/codes.ts";
import { RivuletError } from "../errors/errors.ts";
import { formatCount } from "../wording/quantities.ts";
import { type ConfigDocument, type KeyPath, parsePathName, pathName } from "./document.ts";

/** Most errors that are reported one by one: a reader corrects no more at a time. */
const mostErrors = 20;

/** Collects the errors of one document, so that the user sees all of them at once. */
export function createConfigErrors(document: ConfigDocument) {
  const errors: RivuletError[] = [];
  let further = 0;

  function report(code: ErrorCode, path: KeyPath, sentence: string, cause?: RivuletError): void {
    if (errors.length === mostErrors) {
      further++;
      return;
    }
    const { file } = document;
    const line = document.lineOf(path);
    errors.push(
      new RivuletError(code, `${file}:${line}: ${sentence}`, { path: pathName(path), file, line, cause }),
    );
  }

  /**
   * Adds an error about the key at `path`, with its line. The sentence is the name of the key, or of the map at `named`,
   * followed by `predicate`, which begins with a space or a colon.
   */
  function add(code: ErrorCode, path: KeyPath, predicate: string, named: KeyPath = path): void {
    const name = pathName(named);
    report(code, path, name === "" ? predicate.replace(/^[: ]+/, "") : name + predicate);
  }

  return {
    get areSome(): boolean {
      return errors.length > 0;
    },
    add,
    /** Adds an error about a value that contradicts another one, or has no effect without it. */
    conflict(path: KeyPath, predicate: string, named?: KeyPath): void {
      add("config.conflict", path, predicate, named);
    },
    /** Runs the check of another part and adds the RivuletError that it throws; one without a path is about `around`. */
    attempt(check: () => unknown, around: KeyPath = []): void {
      try {
        check();
      } catch (error) {
        if (!(error instanceof RivuletError)) throw error;
        const path = error.path === undefined ? around : parsePathName(error.path);
        report(error.code, path, error.message, error);
      }
    },
    /** @throws RivuletError with one line for each error, and with the code, path and line of the first */
    throwIfAny(): void {
      const [first] = errors;
      if (first === undefined) return;
      const { code, path, file, line } = first;
      const sentences = errors.map(({ message }) => message);
      if (further > 0) sentences.push(`${file}: ${formatCount(further, "error")} more; correct these first`);
      throw new RivuletError(code, sentences.join("\n"), { path, file, line, errors });
    },
  };
}

/** The collected errors of one config. */
export type ConfigErrors = ReturnType<typeof createConfigErrors>;
