import { type Check, ok, problem, warning } from "../finding.ts";
import { textOf } from "../machine.ts";

/** The oldest Node that Rivulet supports, as [major, minor]; the same as in package.json. */
export const oldestNode = [20, 19] as const;

/** Whether Node is new enough. */
export const nodeVersion: Check = {
  name: "node",
  question: "whether Node is new enough",
  ask({ machine: { node }, board: { profile } }) {
    const [major, minor] = node.version.split(".").map(Number);
    const newEnough = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
    if (newEnough) return ok(`Node ${node.version}`);
    return problem(
      `Node ${node.version} is too old, Rivulet needs ${oldestNode.join(".")} or newer; install ${profile.node.build}`,
      profile.node.install,
    );
  },
};

/** Whether Node was built for this processor and C library. */
export const nodeBuild: Check = {
  name: "node build",
  question: "whether this is the right build of Node",
  ask({ machine: { node, processor }, board: { profile } }) {
    const { architectures, build, install, armVersion } = profile.node;
    const name = node.armVersion === null ? node.architecture : `${node.architecture}v${node.armVersion}`;
    if (node.armVersion !== null && node.armVersion > armVersion) {
      return problem(
        `this Node is built for ARMv${node.armVersion}, but a ${profile.name} has ARMv${armVersion}; install ${build}`,
        install,
      );
    }
    if (node.architecture === "arm" && processor === "aarch64" && architectures[0] === "arm64") {
      return warning(
        `this Node is a 32-bit build (${name}) on a 64-bit kernel; a 64-bit system with ${build} trains faster`,
        "getconf LONG_BIT; uname -m",
      );
    }
    if (profile.compatible.length > 0 && !(architectures as string[]).includes(node.architecture)) {
      return warning(`this Node is built for ${name}; a ${profile.name} needs ${build}`, install);
    }
    if (node.cLibrary === "musl") {
      return warning(
        `this Node (${name}) is built with musl, and Rivulet is not tested with musl: serial ports need the musl binary of serialport, and the demo's pseudo-terminal has none`,
        "ls node_modules/@serialport/bindings-cpp/prebuilds/*/*musl*",
      );
    }
    return ok(`built for ${name}${node.cLibrary === "glibc" ? " with glibc" : ""}`);
  },
};

/** Whether WebAssembly can use SIMD. */
export const vectors: Check = {
  name: "simd",
  question: "whether WebAssembly has SIMD",
  ask({ machine, board: { profile } }) {
    const { variants, version } = machine.node;
    if (variants.includes("relaxed-simd")) return ok("WebAssembly has SIMD and relaxed SIMD");
    if (variants.includes("simd")) {
      return ok(`WebAssembly has SIMD; relaxed SIMD comes with Node 22 (this is ${version})`);
    }
    const cpu = textOf(machine, "/proc/cpuinfo") ?? "";
    const able = /\b(neon|asimd|sse4_1)\b/.test(cpu);
    return warning(
      able
        ? "this Node does not support WebAssembly SIMD although the processor does, so training is several times slower"
        : `the processor of this ${profile.name} has no SIMD that WebAssembly can use, so training uses the scalar kernels, which are several times slower`,
      able ? profile.node.install : null,
    );
  },
};
