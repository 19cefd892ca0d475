import { execFileSync } from "node:child_process";
import fs, { chmodSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { readToken, tokenIn } from "../../src/status/token.ts";
import { folderWith } from "../rivulet.ts";

describe("the token of the status server", () => {
  test("is made where it is missing, for its owner alone, and stays", () => {
    const file = join(folderWith({}), "token");
    const token = readToken(file);
    expect(token).toMatch(/^[\w-]{22}$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readToken(file)).toBe(token);
    expect(tokenIn(file)).toBe(token);
  });

  test("is made again where a power cut left its file empty", () => {
    const file = join(folderWith({ token: "" }), "token");
    expect(readToken(file)).toMatch(/^[\w-]{22}$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("is the same for two daemons that make its file at the same time", () => {
    const folder = folderWith({});
    const file = join(folder, "token");
    let others = "";
    const spy = vi.spyOn(fs, "fsyncSync").mockImplementationOnce(() => {
      others = readToken(file);
    });
    expect(readToken(file)).toBe(others);
    expect(tokenIn(file)).toBe(others);
    expect(readdirSync(folder)).toEqual(["token"]);
    spy.mockRestore();
  });

  test("is made where the file system has no links", () => {
    const file = join(folderWith({}), "token");
    const spy = vi.spyOn(fs, "linkSync").mockImplementationOnce(() => {
      throw Object.assign(new Error("operation not permitted"), { code: "EPERM" });
    });
    expect(readToken(file)).toMatch(/^[\w-]{22}$/);
    expect(spy).toHaveBeenCalledOnce();
    spy.mockRestore();
  });

  test("in a file that others may read is refused", () => {
    const file = join(folderWith({ token: "x".repeat(22) }), "token");
    chmodSync(file, 0o644);
    expect(() => readToken(file)).toThrow(`run: chmod 600 ${file}`);
  });

  // Opened as an ordinary file, a pipe would hold up the start until somebody writes to it.
  test("is not waited for where the file is a pipe", () => {
    const file = join(folderWith({}), "token");
    execFileSync("mkfifo", ["-m", "600", file]);
    expect(() => readToken(file)).toThrow("is a pipe, expected a regular file");
    expect(tokenIn(file)).toBeNull();
  });

  test("in a file that is far too large is refused", () => {
    const file = join(folderWith({}), "token");
    writeFileSync(file, "x".repeat(2000), { mode: 0o600 });
    expect(() => readToken(file)).toThrow("has 2000 bytes, expected at most 1024");
  });
});
