/**
 * Tells systemd how a service is: ready, alive, stopping, and one line of status. Loaded only where systemd listens.
 *
 * By `systemd-notify`, which comes with systemd, because Node has no datagrams over Unix sockets. It takes some 10 ms,
 * beside the daemon, and waits until systemd has read the message: otherwise systemd could no longer tell who sent it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { usualReopenCeilingMs } from "../samples/sources/reopening.ts";

/** `systemd-notify` waits as long for systemd; longer, and something is wrong with it. */
const longestCallMs = 5_000;

/** Looks for each time that a sign of life is due: one that is refused may be granted in time by a later look. */
const looksPerPing = 4;

export interface ServiceOptions {
  environment: NodeJS.ProcessEnv;
  /** `null` while the service is well, else why it is not to be taken for alive. */
  fault: () => string | null;
  /** How the service stands, in one line. */
  status: () => string;
  /** Told once of each trouble, in a sentence. */
  onTrouble: (sentence: string) => void;
}

export interface Service {
  /** The service does what it is for, or waits only for what is outside of it. From now on it gives signs of life. */
  ready(): void;
  stopping(): void;
}

/** A service under systemd. Nothing here ever waits or throws: without systemd-notify it is merely not heard. */
export function createService({ environment, fault, status, onTrouble }: ServiceOptions): Service {
  let call: ChildProcess | null = null;
  let timer: NodeJS.Timeout | null = null;

  /** Leaves out a message while one is under way, unless it is an important one. */
  function notify(message: string[], important = false): boolean {
    if (call !== null && !important) return false;
    let child: ChildProcess;
    try {
      // Its standard error is ours: the journal has what it complains about.
      child = spawn("systemd-notify", message, {
        env: environment,
        stdio: ["ignore", "ignore", "inherit"],
        timeout: longestCallMs,
        killSignal: "SIGKILL",
      });
    } catch (error) {
      unheard(error as Error);
      return false;
    }
    call = child;
    const over = () => {
      if (call === child) call = null;
    };
    child.once("close", over);
    child.once("error", (error) => {
      over();
      unheard(error);
    });
    // A message under way is no reason for a process to stay.
    child.unref();
    return true;
  }

  let isUnheard = false;
  function unheard({ message }: Error): void {
    if (!isUnheard) {
      onTrouble(
        `cannot tell systemd how the service is (${message}): install the package systemd, which has systemd-notify`,
      );
    }
    isUnheard = true;
  }

  const statusLine = () => `STATUS=${status().replaceAll("\n", " ")}`;

  /** Signs of life at half of the time in which systemd wants one. */
  function watch(watchdogMs: number): void {
    const everyMs = watchdogMs / 2;
    let dueAt = process.uptime() * 1000 + everyMs;
    let refusals = 0;
    timer = setInterval(() => {
      const nowMs = process.uptime() * 1000;
      if (nowMs < dueAt - everyMs / looksPerPing / 2) return;
      const reason = fault();
      if (reason === null) {
        refusals = 0;
        if (notify(["WATCHDOG=1", statusLine()])) dueAt = nowMs + everyMs;
      } else {
        refusals++;
        // The first look may have come between two halves of a frame.
        if (refusals === 2)
          onTrouble(`no sign of life for systemd, which will start the service again: ${reason}`);
        notify([statusLine()]);
      }
    }, everyMs / looksPerPing);
    timer.unref();
  }

  return {
    ready() {
      notify(["READY=1", statusLine()]);
      const watchdogMs = watchdogOf(environment);
      if (watchdogMs !== null) watch(watchdogMs);
    },
    stopping() {
      if (timer !== null) clearInterval(timer);
      notify(["STOPPING=1", "STATUS=stopping"], true);
    },
  };
}

/** How long a source may wait before it looks again, so that it has looked whenever a sign of life is due. */
export function longestLookMs(environment: NodeJS.ProcessEnv): number {
  return Math.min(usualReopenCeilingMs, (watchdogOf(environment) ?? Number.POSITIVE_INFINITY) / 4);
}

/** The time in which systemd wants a sign of life, in milliseconds; `null` where it wants none from this process. */
function watchdogOf(environment: NodeJS.ProcessEnv): number | null {
  const microseconds = Number(environment["WATCHDOG_USEC"]);
  const addressee = environment["WATCHDOG_PID"];
  if (addressee !== undefined && Number(addressee) !== process.pid) return null;
  return microseconds > 0 ? microseconds / 1000 : null;
}
