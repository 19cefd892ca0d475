import { RivuletError } from "../../errors/errors.ts";

/**
 * What opens, configures and locks serial ports. Loaded here, because a run over a file need not spend the memory.
 *
 * @throws RivuletError where the package is not there, or has no build for this machine
 */
export async function loadBindings() {
  const { autoDetect } = await import("@serialport/bindings-cpp").catch((error: Error) => {
    throw new RivuletError(
      "package.missing",
      `the package @serialport/bindings-cpp cannot be loaded (${error.message}): run "npm install" on this machine`,
      { cause: error },
    );
  });
  return autoDetect();
}
