import { expect, test, vi } from "vitest";
import { listenToPort } from "../../../src/commands/sniff/listen.ts";
import { openPseudoTerminal } from "../../../src/emulation/pseudo-terminal.ts";
import { RivuletError } from "../../../src/errors/errors.ts";
import { createSerialSource } from "../../../src/samples/sources/serial.ts";

vi.mock("serialport", () => {
  throw new Error("no native build");
});

const portOf = (path: string) => createSerialSource({ port: path, baudRate: 9600, waitForPort: true });

test.each([
  ["run", (path: string) => portOf(path).open(() => {})],
  ["sniff", (path: string) => listenToPort(path, [9600], 1, () => {})],
])("%s says what to do where there is no native build of the bindings", async (_, listen) => {
  const terminal = openPseudoTerminal();
  const failure = await listen(terminal.path).catch((error: unknown) => error);
  terminal.close();
  expect(failure).toBeInstanceOf(RivuletError);
  expect((failure as Error).message).toMatch(
    /^the package serialport cannot be loaded \(.+\); run "npm install"/s,
  );
});
