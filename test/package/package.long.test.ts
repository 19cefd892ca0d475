/** What is packed: how much of it, that it is complete, and that a change of its types is noticed. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { apiReport } from "../../scripts/api-report/public-types.ts";
import { compile, pack, resolutions, root, writePrograms } from "./user-project.ts";

mkdirSync(join(root, "node_modules/.cache"), { recursive: true });
// Within the project, where the package finds its dependencies without a download.
const folder = mkdtempSync(join(root, "node_modules/.cache/rivulet-packed-"));
afterAll(() => rmSync(folder, { recursive: true }));

const { file, size, paths } = pack(folder);
execFileSync("tar", ["-xzf", file, "-C", folder]);
const unpacked = join(folder, "package");
writePrograms(folder);
mkdirSync(join(folder, "node_modules"));
symlinkSync(unpacked, join(folder, "node_modules/rivulet"));

describe("the packed file", () => {
  test("has at most 1.5 MB", () => {
    expect(size).toBeLessThanOrEqual(1.5e6);
  });

  test("holds no maps, and no modules that are there for the command line alone", () => {
    expect(
      paths.filter((path) =>
        /\.map$|^dist\/(cli|commands|config|daemon|continuing\/(migration|resume))\b/.test(path),
      ),
    ).toEqual([]);
    expect(paths.filter((path) => path.startsWith("dist/engine/kernels/"))).not.toEqual([]);
  });

  test.each(["esm", "commonjs"])("works as a library in a project of kind %s", (kind) => {
    const { stdout, stderr } = spawnSync(process.execPath, ["program.js"], {
      cwd: join(folder, kind),
      encoding: "utf8",
    });
    expect(stdout, stderr).toBe("works\n");
  });

  test("has the emulated board with all that it imports", () => {
    const { stderr } = spawnSync(process.execPath, [join(unpacked, "dist/emulation/board.js")], {
      encoding: "utf8",
    });
    expect(stderr).toMatch(/usage: board FIRMWARE.hex/);
  });

  test("answers on the command line", () => {
    const words = ["dist/bin/rivulet.cjs", "replay", "--data", "devices/examples/pump.csv", "--json"];
    const { stdout } = spawnSync(process.execPath, words, { cwd: unpacked, encoding: "utf8" });
    expect(JSON.parse(stdout)).toMatchObject({ rows: 4000 });
  });

  test("names the packages that are bundled, and not those that are left out", () => {
    const text = readFileSync(join(unpacked, "dist/bin/THIRD-PARTY.txt"), "utf8");
    for (const name of ["serialport", "@serialport/bindings-cpp", "yaml", "valibot", "msgpackr"]) {
      expect(text).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, "m"));
    }
    expect(text).not.toMatch(/^@serialport\/(parser|stream)/m);
  });

  test.each(resolutions)(
    "has types that compile, libraries checked too, with moduleResolution %s",
    (resolution) => {
      expect(compile(join(root, "node_modules/typescript/bin/tsc"), folder, resolution)).toBe("");
    },
  );

  test("has no arrays of a named buffer in its types, which TypeScript before 5.7 does not know", () => {
    const declarations = paths.filter((path) => path.endsWith(".d.ts"));
    const found = declarations.filter((path) =>
      / (readonly )?\w+: \w+Array<ArrayBuffer/.test(readFileSync(join(unpacked, path), "utf8")),
    );
    expect(found).toEqual([]);
  });

  test("has the public types of the report; after a change that is meant, run npm run api-report", () => {
    const report = (name: string) => readFileSync(new URL(`./${name}.md`, import.meta.url), "utf8");
    expect(apiReport(join(unpacked, "dist/index.d.ts"))).toBe(report("public-types"));
    expect(apiReport(join(unpacked, "dist/sync.d.ts"))).toBe(report("public-types-sync"));
  });
});
