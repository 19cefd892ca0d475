import type { SerialPort } from "serialport";
import { RivuletError } from "../../errors/errors.ts";

/** The part of `serialport` that opens, configures and locks ports. */
export type SerialBinding = typeof SerialPort.binding;

/** An open port, as the binding returns it. */
export type BindingPort = Awaited<ReturnType<SerialBinding["open"]>>;

/**
 * Loads the binding of `serialport` for this system. It is loaded on demand, because a run over a file does not need
 * this memory.
 *
 * @throws RivuletError `package.missing` when the package is missing, or has no build for this machine
 */
export async function loadBindings(): Promise<SerialBinding> {
  const { SerialPort } = await import("serialport").catch((error: Error) => {
    throw new RivuletError(
      "package.missing",
      `the package serialport cannot be loaded (${error.message}); run "npm install" on this machine`,
      { cause: error },
    );
  });
  return SerialPort.binding;
}
