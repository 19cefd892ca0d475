import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** What a subject says first. */
interface Greeting {
  ready: boolean;
  reason?: string;
  note?: string;
}

/** What it says after the steps it was asked for. */
export interface Answer {
  nanoseconds: number;
  loss?: number;
}

/** A running subject, which waits without using the processor until it is asked. */
export interface Conversation {
  greeting: Greeting;
  ask(steps: number): Promise<Answer>;
  close(): Promise<void>;
}

/** Starts a subject. @throws where it ends before it answers, with what it last wrote to standard error */
export async function converse(command: string[]): Promise<Conversation> {
  const child: ChildProcess = spawn(command[0], command.slice(1), {
    cwd: root,
    stdio: ["pipe", "pipe", "pipe"],
    // Numerical libraries would start a thread for every processor.
    env: { ...process.env, OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", MKL_NUM_THREADS: "1" },
  });
  let complaint = "";
  child.stderr!.on("data", (chunk) => {
    complaint = `${complaint}${chunk}`.slice(-2000);
  });
  // Left open, a failed write would end the benchmark before the complaint is read.
  child.stdin!.on("error", () => {});
  const lines = createInterface(child.stdout!)[Symbol.asyncIterator]();

  async function next<Message>(key: string): Promise<Message> {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${command.join(" ")} ended: ${complaint.trim()}`);
      // Libraries greet on standard output too.
      if (!value.startsWith("{")) continue;
      const message = JSON.parse(value);
      if (key in message) return message;
    }
  }

  const greeting = await next<Greeting>("ready");
  return {
    greeting,
    ask(steps) {
      child.stdin!.write(`${steps}\n`);
      return next<Answer>("nanoseconds");
    },
    async close() {
      child.stdin!.end();
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    },
  };
}
