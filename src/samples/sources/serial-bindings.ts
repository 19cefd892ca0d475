import type { SerialPort } from "serialport";
import { RivuletError } from "../../errors/errors.ts";

/** Opens serial ports, each with its settings and its lock. */
export type SerialBinding = typeof SerialPort.binding;

/** An open port, as the binding hands it out. */
export type BindingPort = Awaited<ReturnType<SerialBinding["open"]>>;

/**
 * Loads the binding of `serialport` for this system. Loaded when it is asked for, because a run over a file need not
 * spend the memory.
 *
 * @throws RivuletError where the package is missing, or has no build for this machine
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
