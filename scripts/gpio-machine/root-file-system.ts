/** The root of the emulated machine, as an archive that the kernel unpacks into memory. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Parts, runTool } from "./parts.ts";

/** What the daemon loads for GPIO, apart from what is in its own bundle. */
const modules = ["onoff", "lodash.debounce", "epoll", "bindings", "file-uri-to-path"];

/**
 * Writes `folder`/initramfs.cpio with Node, Rivulet and `probe`, which becomes the first process.
 * @param root the package of Rivulet, built
 * @throws RivuletError where the addon does not compile
 */
export function buildRootFileSystem(parts: Parts, root: string, probe: string, folder: string): string {
  const guest = join(folder, "root");
  const copy = (from: string, to: string) => {
    mkdirSync(dirname(join(guest, to)), { recursive: true });
    cpSync(from, join(guest, to), { recursive: true, verbatimSymlinks: true });
  };
  for (const name of ["bin", "lib", "usr/lib"]) copy(join(parts.guest, name), name);
  copy(probe, "init");
  copy(join(parts.node, "bin/node"), "bin/node");
  for (const name of ["package.json", "dist"]) copy(join(root, name), `rivulet/${name}`);
  const packages = installOnoff(root, join(folder, "onoff"));
  for (const name of modules) copy(join(packages, name), `rivulet/node_modules/${name}`);
  const addon = join(guest, "rivulet/node_modules/epoll/build");
  rmSync(addon, { recursive: true, force: true });
  mkdirSync(join(addon, "Release"), { recursive: true });
  compileEpoll(parts, packages, join(addon, "Release/epoll.node"));

  const archive = join(folder, "initramfs.cpio");
  runTool(
    "archive the root file system",
    ["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0", "-F", archive],
    {
      cwd: guest,
      env: parts.environment,
      input: readdirSync(guest, { recursive: true }).sort().join("\n"),
    },
  );
  rmSync(guest, { recursive: true });
  return archive;
}

/** The version of onoff that Rivulet asks for, not compiled for this machine. @returns the folder of its packages */
function installOnoff(root: string, folder: string): string {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    peerDependencies: { onoff: string };
  };
  mkdirSync(folder, { recursive: true });
  const words = ["--prefix", folder, "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"];
  runTool("get onoff from npm", ["npm", "install", ...words, `onoff@${manifest.peerDependencies.onoff}`]);
  return join(folder, "node_modules");
}

/** Against the libraries of the emulated machine: those of the cross compiler are found where it is installed only. */
function compileEpoll(parts: Parts, packages: string, output: string): void {
  runTool(
    "compile onoff's addon epoll for arm64",
    [
      ...["aarch64-linux-gnu-g++", "-shared", "-fPIC", "-O2", "-std=gnu++17", "-w"],
      ...["-DNODE_GYP_MODULE_NAME=epoll", "-DBUILDING_NODE_EXTENSION"],
      ...["-I", join(parts.node, "include/node"), "-I", join(packages, "nan")],
      ...[join(packages, "epoll/src/epoll.cc"), "-o", output, "-nodefaultlibs"],
      join(parts.guest, "usr/lib/aarch64-linux-gnu/libstdc++.so.6"),
      ...[join(parts.guest, "lib/aarch64-linux-gnu/libc.so.6"), "-lgcc"],
    ],
    { env: parts.environment },
  );
}
