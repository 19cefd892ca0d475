/** An emulated machine as a process of QEMU: its console line by line, and the levels of its GPIO lines. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { RivuletError } from "../../src/errors/errors.ts";

const longestAnswerMs = 10_000;

export interface Machine {
  /** What the machine prints, until its process ends. */
  readonly console: AsyncIterable<string>;
  /** Writes a line to the console's other side. */
  type(line: string): void;
  /** Ends the process, and returns when it has ended. */
  stop(): Promise<void>;
}

/** @param words arguments of QEMU, which say what becomes of its standard input and output */
export function startMachine(words: string[], environment: NodeJS.ProcessEnv): Machine {
  const child: ChildProcess = spawn(
    "qemu-system-aarch64",
    ["-display", "none", "-monitor", "none", "-nic", "none", "-no-reboot", ...words],
    { env: environment, stdio: ["pipe", "pipe", "inherit"] },
  );
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  process.once("exit", () => child.kill("SIGKILL"));
  return {
    console: createInterface({ input: child.stdout! }),
    type: (line) => child.stdin!.write(`${line}\n`),
    stop() {
      child.kill("SIGKILL");
      return ended;
    },
  };
}

/** A conversation in lines over a socket: a line for a line, in turn. */
interface Conversation {
  ask(line: string): Promise<string>;
  close(): void;
}

async function converse(path: string, isAnswer: (line: string) => boolean): Promise<Conversation> {
  const deadline = performance.now() + longestAnswerMs;
  while (!existsSync(path) && performance.now() < deadline) await pause(50);
  const socket = connect(path);
  let answered: (line: string) => void = () => {};
  let refused: (error: Error) => void = () => {};
  socket.on("error", (error) => refused(error));
  createInterface({ input: socket }).on("line", (line) => {
    if (isAnswer(line)) answered(line);
  });
  return {
    async ask(line) {
      const answer = new Promise<string>((resolve, reject) => {
        answered = resolve;
        refused = reject;
      });
      const timer = setTimeout(
        () => refused(new RivuletError("emulator.failed", `QEMU does not answer "${line}"`)),
        longestAnswerMs,
      );
      socket.write(`${line}\n`);
      try {
        return await answer;
      } finally {
        clearTimeout(timer);
      }
    },
    close: () => socket.destroy(),
  };
}

/** What is outside, at the lines of the PL061 of QEMU's machine virt. */
export interface Contacts {
  set(line: number, level: 0 | 1): Promise<void>;
  close(): void;
}

/** @param folder of the sockets `qmp` and `qtest`, see `contactWords` */
export async function openContacts(folder: string): Promise<Contacts> {
  const control = await converse(join(folder, "qmp"), (line) => /^\{"(return|error)"/.test(line));
  await control.ask('{"execute":"qmp_capabilities"}');
  const answer = await control.ask('{"execute":"qom-list","arguments":{"path":"/machine/unattached"}}');
  control.close();
  const devices = JSON.parse(answer).return as { name: string; type: string }[];
  const device = devices.find(({ type }) => type === "child<pl061>")?.name;
  if (device === undefined) throw new RivuletError("emulator.failed", "QEMU's machine virt has no PL061");
  const lines = await converse(join(folder, "qtest"), () => true);
  return {
    async set(line, level) {
      const order = `set_irq_in /machine/unattached/${device} unnamed-gpio-in ${line} ${level}`;
      const answer = await lines.ask(order);
      if (!answer.startsWith("OK"))
        throw new RivuletError("emulator.failed", `QEMU does not ${order}: ${answer}`);
    },
    close: lines.close,
  };
}

/** Arguments of QEMU without which there are no contacts to open. */
export const contactWords = (folder: string): string[] => [
  ...["-qmp", `unix:${join(folder, "qmp")},server=on,wait=off`],
  ...["-qtest", `unix:${join(folder, "qtest")},server=on,wait=off`, "-qtest-log", "none"],
];
