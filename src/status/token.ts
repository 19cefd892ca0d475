/** The token of the status server, in a file that only its owner can read. */
import fs from "node:fs";
import { dirname } from "node:path";
import { removeSync, syncFolderSync, writeFileDurablySync } from "../checkpoint/durable-file.ts";
import { RivuletError } from "../errors/errors.ts";
import { reasonOf } from "../errors/system-error.ts";
import { readRegularFile, UnsuitableFileError } from "../machine/regular-file.ts";

const tokenBytes = 16;
/** 128 bits in base64. */
const shortestToken = 22;
const longestFile = 1024;
const othersMayRead = 0o077;

/**
 * Reads the token from its file, which is made with a random one where it is missing.
 * @throws RivuletError where others can read the file, or the token is too short
 */
export function readToken(file: string): string {
  makeIfMissing(file);
  let text: string;
  try {
    text = contentOf(file);
  } catch (error) {
    if (error instanceof RivuletError) throw error;
    if (error instanceof UnsuitableFileError) {
      throw new RivuletError(
        "status.token",
        `the token of the status page cannot be read: ${file} ${error.message}; delete it, and one is made at the next start`,
        { file },
      );
    }
    throw new RivuletError("status.token", `cannot read the token of the status page: ${reasonOf(error)}`, {
      cause: error,
      file,
    });
  }
  const token = text.trim();
  if (/^[\x21-\x7e]+$/.test(token) && token.length >= shortestToken) return token;
  throw new RivuletError(
    "status.token",
    `${file} must hold a token of at least ${shortestToken} printable characters; delete the file, and a new one is made at the next start`,
    { file },
  );
}

function contentOf(file: string): string {
  const checkMode = (mode: number) => {
    if ((mode & othersMayRead) === 0) return;
    throw new RivuletError(
      "status.token",
      `${file} holds the token of the status page, and others than its owner may use it; run: chmod 600 ${file}`,
      { file },
    );
  };
  return readRegularFile(file, { mostBytes: longestFile, checkMode }).toString("utf8");
}

function makeIfMissing(file: string): void {
  try {
    const found = fs.lstatSync(file, { throwIfNoEntry: false });
    // An empty one is what a power cut left of a file that was just made.
    const isEmpty = found?.isFile() === true && found.size === 0;
    if (found !== undefined && !isEmpty) return;
    if (isEmpty) removeSync(file);
    make(file);
  } catch (error) {
    throw new RivuletError("status.token", `cannot make the token of the status page: ${reasonOf(error)}`, {
      cause: error,
      file,
    });
  }
}

/** Two daemons may make one file at the same time: a link fails where the name is taken, and both read what is there. */
function make(file: string): void {
  const temporary = `${file}.${randomText()}`;
  try {
    writeFileDurablySync(temporary, [Buffer.from(`${randomText()}\n`)], 0o600);
    try {
      fs.linkSync(temporary, file);
    } catch (error) {
      // FAT has no links.
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") fs.renameSync(temporary, file);
    }
    syncFolderSync(dirname(file));
  } finally {
    removeSync(temporary);
  }
}

/** From the kernel: node:crypto takes more memory than all else of the server. */
function randomText(): string {
  const bytes = Buffer.alloc(tokenBytes);
  const descriptor = fs.openSync("/dev/urandom", "r");
  try {
    fs.readSync(descriptor, bytes, 0, tokenBytes, null);
  } finally {
    fs.closeSync(descriptor);
  }
  return bytes.toString("base64url");
}

/** The token of a daemon on this machine, for the commands that ask it; null where there is none yet, or it is not ours. */
export function tokenIn(file: string): string | null {
  try {
    return readRegularFile(file, { mostBytes: longestFile }).toString("utf8").trim();
  } catch {
    return null;
  }
}
