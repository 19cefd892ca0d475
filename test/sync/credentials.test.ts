/** What a program that prints credentials may do, and what becomes of it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { credentialsFrom } from "../../src/sync/client/credentials.ts";
import { temporaryFolder } from "../checkpoint/folder.ts";

const key = { Version: 1, AccessKeyId: "id", SecretAccessKey: "secret" };

/** Asks a shell script for credentials. */
function ask(script: string) {
  const file = join(temporaryFolder(), "print.sh");
  writeFileSync(file, script);
  return credentialsFrom({ command: ["sh", file] })();
}
const print = (document: unknown) => `printf %s '${JSON.stringify(document)}'\n`;

describe("a program that prints credentials", () => {
  test("is asked once for those that do not expire", async () => {
    expect(await ask(print(key))).toEqual({ accessKeyId: "id", secretAccessKey: "secret" });
  });

  test("is not waited for by what it has left running with its output open", async () => {
    expect(await ask(`sleep 60 & ${print(key)}`)).toMatchObject({ accessKeyId: "id" });
  });

  test.each([
    ["null", print(null), "printed no JSON"],
    ["a list", print([]), "printed no AccessKeyId"],
    ["no JSON", "echo hello", "printed no JSON"],
    ["output without end", "yes", "printed more than 65536 characters"],
    ["a failure", "exit 3", "ended with exit code 3"],
    ["a line break in its id", print({ ...key, AccessKeyId: "a\nb" }), "characters of ASCII without blanks"],
    [
      "a token for another header",
      print({ ...key, SessionToken: "a\r\nx: y" }),
      "characters of ASCII without blanks",
    ],
  ])("is refused in a sentence where it prints %s", async (_, script, sentence) => {
    await expect(ask(script)).rejects.toMatchObject({
      code: "sync.credentials",
      message: expect.stringContaining(sentence),
    });
  });
});

test("an id in the environment is refused where it can be no part of a header", () => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", "a\nb");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
  return expect(async () => credentialsFrom({ environment: true })()).rejects.toThrow(
    "characters of ASCII without blanks",
  );
});
