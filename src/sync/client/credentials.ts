/** The key of a device: from a file that only its user reads, or from a program. */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import type { ErrorCode } from "../../errors/codes.ts";
import { RivuletError } from "../../errors/errors.ts";
import { reasonOf } from "../../errors/system-error.ts";
import { readRegularFile, UnsuitableFileError } from "../../machine/regular-file.ts";
import type { Credentials } from "../signature.ts";
import type { CredentialSource } from "../sync-config.ts";

const mostSecretBytes = 4096;
/** A program that takes longer hangs. */
const longestCommandMs = 60_000;
/** What it started may keep its output open after its end; it is read no longer. */
const longestAfterEndMs = 1000;
const mostOutputLength = 1 << 16;
/** Credentials are renewed this long before they expire. */
const renewalMs = 5 * 60_000;

/**
 * Returns a function that gives the credentials at each call, and renews those that expire.
 * @throws RivuletError (rejects) where the secret cannot be read, others may read it, or the program fails
 */
export function credentialsFrom(source: CredentialSource): () => Promise<Credentials> {
  if ("secretFile" in source) {
    const fixed = { accessKeyId: source.keyId, secretAccessKey: readSecret(source.secretFile) };
    return async () => fixed;
  }
  if ("environment" in source) {
    const fixed = environmentKey(process.env);
    return async () => fixed;
  }
  let current: { credentials: Credentials; expiresMs: number } | null = null;
  return async () => {
    if (current === null || current.expiresMs - Date.now() < renewalMs)
      current = await askProgram(source.command);
    return current.credentials;
  };
}

function environmentKey(environment: NodeJS.ProcessEnv): Credentials {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = environment;
  const { AWS_SESSION_TOKEN: sessionToken } = environment;
  if (!accessKeyId || !secretAccessKey) {
    throw new RivuletError(
      "sync.credentials",
      "found no key of the store in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; set them, or give --store-key ID with --store-secret FILE, or --store-command with a program that prints it",
    );
  }
  return checked(
    { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) },
    "the environment",
  );
}

/** Ids and tokens become part of headers. @throws RivuletError where one of them cannot */
function checked(credentials: Credentials, where: string): Credentials {
  const { accessKeyId, sessionToken = "x" } = credentials;
  if ([accessKeyId, sessionToken].every((text) => /^[\x21-\x7e]{1,16384}$/.test(text))) return credentials;
  throw new RivuletError(
    "sync.credentials",
    `found an access key id or a session token in ${where} that is not 1 to 16384 characters of ASCII without blanks; correct it`,
  );
}

/**
 * Reads a secret of one line. Under systemd, which hands a service its secrets in a folder of its own, the file there of
 * the same name counts.
 *
 * @throws RivuletError where it cannot be read, is empty, or others than its owner may read it
 */
export function readSecret(path: string, environment: NodeJS.ProcessEnv = process.env): string {
  const handed = environment["CREDENTIALS_DIRECTORY"];
  const own = handed === undefined ? undefined : join(handed, basename(path));
  const file = own !== undefined && existsSync(own) ? own : path;
  const text = readOwnersFile(file, "sync.credentials", "rivulet host add prints how to make it").trim();
  if (text === "" || /\s/.test(text)) {
    throw new RivuletError(
      "sync.credentials",
      `${file} must contain one secret on one line, found ${text === "" ? "nothing" : "several words"}; paste it again`,
    );
  }
  return text;
}

/**
 * Reads a small file that only its owner may read.
 * @throws RivuletError with `code` where it cannot be read, or others may read it; `advice` ends the sentence
 */
export function readOwnersFile(path: string, code: ErrorCode, advice: string): string {
  try {
    const checkMode = (mode: number) => requireOwnersMode(path, mode, code);
    return readRegularFile(path, { mostBytes: mostSecretBytes, checkMode }).toString("utf8");
  } catch (error) {
    if (error instanceof RivuletError) throw error;
    const reason = error instanceof UnsuitableFileError ? `it ${error.message}` : reasonOf(error);
    throw new RivuletError(code, `cannot read the secret in ${path}: ${reason}; ${advice}`, { cause: error });
  }
}

function requireOwnersMode(path: string, mode: number, code: ErrorCode): void {
  if (process.platform === "win32" || (mode & 0o077) === 0) return;
  const found = mode.toString(8).padStart(3, "0");
  throw new RivuletError(
    code,
    `${path} has mode ${found}, so others may read the secret in it; run: chmod 600 ${path}`,
  );
}

/** Runs a program that prints credentials in the format of AWS's `credential_process`. */
async function askProgram([program, ...words]: readonly string[]): Promise<{
  credentials: Credentials;
  expiresMs: number;
}> {
  const refuse = (what: string): RivuletError =>
    new RivuletError(
      "sync.credentials",
      `${program} of sync.credentials.command ${what}; run it by hand to see why`,
    );
  const output = await outputOf(program, words, refuse);
  let found: unknown;
  try {
    found = JSON.parse(output);
  } catch {}
  if (typeof found !== "object" || found === null)
    throw refuse("printed no JSON, expected Version, AccessKeyId and SecretAccessKey");
  const {
    AccessKeyId: id,
    SecretAccessKey: secret,
    SessionToken: token,
    Expiration: expiration,
  } = found as Record<string, unknown>;
  if (typeof id !== "string" || typeof secret !== "string")
    throw refuse("printed no AccessKeyId and SecretAccessKey");
  const expiresMs = typeof expiration === "string" ? Date.parse(expiration) : Number.POSITIVE_INFINITY;
  const credentials = {
    accessKeyId: id,
    secretAccessKey: secret,
    ...(typeof token === "string" ? { sessionToken: token } : {}),
  };
  return {
    credentials: checked(credentials, `the output of ${program}`),
    expiresMs: Number.isNaN(expiresMs) ? 0 : expiresMs,
  };
}

/** What a program prints until it ends. @throws RivuletError (rejects) where it fails, hangs or prints too much */
async function outputOf(
  program: string,
  words: readonly string[],
  refuse: (what: string) => RivuletError,
): Promise<string> {
  const { spawn } = await import("node:child_process");
  return new Promise<string>((resolve, reject) => {
    // Its standard error may hold a secret, so it goes nowhere.
    const child = spawn(program, words, {
      stdio: ["ignore", "pipe", "ignore"],
      timeout: longestCommandMs,
      killSignal: "SIGKILL",
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (text.length <= mostOutputLength) return;
      reject(refuse(`printed more than ${mostOutputLength} characters`));
      child.kill("SIGKILL");
      child.stdout.destroy();
    });
    child.once("error", (error) => reject(refuse(`cannot be run: ${reasonOf(error)}`)));
    child.once("exit", () => setTimeout(() => child.stdout.destroy(), longestAfterEndMs).unref());
    child.once("close", (code, signal) =>
      code === 0 ? resolve(text) : reject(refuse(`ended with ${signal ?? `exit code ${code}`}`)),
    );
  });
}
