/** The packed file, installed by npm into an empty folder, and its types with the compilers that users may have. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { compile, pack, writePrograms } from "./user-project.ts";

const folder = mkdtempSync(join(tmpdir(), "rivulet-install-"));
afterAll(() => rmSync(folder, { recursive: true }));

/**
 * Versions of TypeScript before the project's own: the oldest that is promised, the last without and the first with
 * generic arrays, and the last before the compiler was written anew. How a module is found does not depend on what a
 * version knows of arrays, so only the oldest tries both ways; package.long.test.ts does with the newest.
 */
const compiled = [
  ["5.3", "node16"],
  ["5.3", "bundler"],
  ["5.6", "bundler"],
  ["5.7", "node16"],
  ["6.0", "bundler"],
] as const;
const versions = [...new Set(compiled.map(([version]) => version))];
const compilers = join(folder, "compilers");

function install(into: string, names: readonly string[]): void {
  const words = ["install", "--prefix", into, "--no-audit", "--no-fund", "--prefer-offline", ...names];
  execFileSync("npm", words, { stdio: ["ignore", "ignore", "pipe"] });
}

/** Why nothing can be installed here; null where it can. */
function lackOfPackages(): string | null {
  const { file } = pack(folder);
  writePrograms(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
  mkdirSync(compilers);
  writeFileSync(join(compilers, "package.json"), JSON.stringify({ private: true }));
  try {
    // As on a board whose owner lets no package run a script: the binding of serialport must come compiled.
    install(folder, ["--ignore-scripts", file]);
    install(
      compilers,
      versions.map((version) => `typescript-${version}@npm:typescript@${version}`),
    );
    return null;
  } catch (error) {
    return `npm cannot install packages: ${(error as Error).message.trim().split("\n").at(-1)}`;
  }
}

const lack = lackOfPackages();

describe.skipIf(lack !== null)(`installed by npm${lack === null ? "" : ` (${lack})`}`, () => {
  const modules = join(folder, "node_modules");
  const rivulet = (...words: string[]) =>
    spawnSync(process.execPath, [join(modules, ".bin/rivulet"), ...words], { cwd: folder, encoding: "utf8" });

  test("brings neither the emulator nor a pseudo-terminal, and nothing that is compiled for GPIO", () => {
    expect(existsSync(join(modules, "serialport"))).toBe(true);
    for (const name of ["avr8js", "@lydell/node-pty", "onoff", "epoll"]) {
      expect(existsSync(join(modules, name)), name).toBe(false);
    }
  });

  test.each(["esm", "commonjs"])("works as a library in a project of kind %s", (kind) => {
    const { stdout, stderr } = spawnSync(process.execPath, ["program.js"], {
      cwd: join(folder, kind),
      encoding: "utf8",
    });
    expect(stdout, stderr).toBe("works\n");
  });

  test.each(compiled)(
    "has types that TypeScript %s compiles, libraries checked too, with moduleResolution %s",
    (version, resolution) => {
      expect(compile(join(compilers, `node_modules/typescript-${version}/bin/tsc`), folder, resolution)).toBe(
        "",
      );
    },
  );

  test("loads the binding of serialport", () => {
    const { stderr } = rivulet("sniff", "/dev/null", "--seconds", "1");
    expect(stderr).toMatch(/^rivulet: .*\/dev\/null/);
    expect(stderr).not.toMatch(/cannot be loaded/);
  });

  test("says in one sentence what the demo needs, and shows it with that", () => {
    const without = rivulet("demo", "--seconds", "1", "--json");
    expect(without.status).toBe(1);
    expect(JSON.parse(without.stdout).error).toMatch(
      /found no package avr8js, expected it for the emulated board; run "npm install avr8js @lydell\/node-pty"/,
    );
    install(folder, ["avr8js", "@lydell/node-pty"]);
    const { samples } = JSON.parse(rivulet("demo", "--seconds", "2", "--json").stdout);
    expect(samples).toBeGreaterThan(0);
  });
});
