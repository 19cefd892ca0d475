/**
 * Notifies systemd of a service's state: ready, watchdog keep-alive, stopping, and one line of status. Loaded only when
 * systemd has set NOTIFY_SOCKET.
 *
 * It runs `systemd-notify`, which is part of systemd, because Node has no datagrams over Unix sockets. The call takes
 * about 10 ms in a process next to the daemon. It waits until systemd has read the message, because systemd identifies
 * the sender while the sender lives.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { usualReopenCeilingMs } from "../samples/sources/reopening.ts";
import { safe } from "../wording/safe.ts";

/** `systemd-notify` waits this long for systemd; a call that takes longer hangs and is killed. */
const longestCallMs = 5_000;

/** Checks per keep-alive interval: if one check finds a fault, a later one may still send the keep-alive in time. */
const looksPerPing = 4;

/** What a service reports to systemd. */
export interface ServiceOptions {
  environment: NodeJS.ProcessEnv;
  /** Returns `null` while the service is healthy, otherwise why no keep-alive should be sent. */
  fault: () => string | null;
  /** Returns the status of the service in one line. */
  status: () => string;
  /** Called once for each problem, with a sentence. */
  onTrouble: (sentence: string) => void;
}

/** A service that notifies systemd. */
export interface Service {
  /** Reports that the service works, or waits only for something outside of it, and starts the keep-alive messages. */
  ready(): void;
  /** Reports that the service stops, and ends the keep-alive messages. */
  stopping(): void;
}

/** Creates the notifier of a service under systemd. Never blocks and never throws; without systemd-notify it reports that once. */
export function createService({ environment, fault, status, onTrouble }: ServiceOptions): Service {
  const notify = createNotifier(environment, onTrouble);
  const statusLine = () => `STATUS=${safe(status())}`;
  let timer: NodeJS.Timeout | null = null;

  /** Sends a keep-alive after each half of systemd's watchdog interval. */
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
        // The first check may fall between two halves of a frame.
        if (refusals === 2)
          onTrouble(`no watchdog keep-alive is sent, so systemd will restart the service: ${reason}`);
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

/**
 * Creates the function that sends a message by systemd-notify, and returns whether it was sent: while another call runs, only
 * an important one is.
 */
function createNotifier(
  environment: NodeJS.ProcessEnv,
  onTrouble: (sentence: string) => void,
): (message: string[], important?: boolean) => boolean {
  let call: ChildProcess | null = null;
  let hasReported = false;

  function reportUnsent({ message }: Error): void {
    if (!hasReported) {
      onTrouble(
        `cannot notify systemd of the service's state (${message}); install the package systemd, which contains systemd-notify`,
      );
    }
    hasReported = true;
  }

  return (message, important = false) => {
    if (call !== null && !important) return false;
    let child: ChildProcess;
    try {
      // It inherits standard error, so its own errors reach the journal.
      child = spawn("systemd-notify", message, {
        env: environment,
        stdio: ["ignore", "ignore", "inherit"],
        timeout: longestCallMs,
        killSignal: "SIGKILL",
      });
    } catch (error) {
      reportUnsent(error as Error);
      return false;
    }
    call = child;
    const over = () => {
      if (call === child) call = null;
    };
    child.once("close", over);
    child.once("error", (error) => {
      over();
      reportUnsent(error);
    });
    // A running call must not keep the process alive.
    child.unref();
    return true;
  };
}

/** Returns the longest time in ms that a source may wait between two attempts, so that each keep-alive interval has at least one. */
export function longestLookMs(environment: NodeJS.ProcessEnv): number {
  return Math.min(usualReopenCeilingMs, (watchdogOf(environment) ?? Number.POSITIVE_INFINITY) / 4);
}

/** systemd's watchdog interval in milliseconds; `null` where it expects no keep-alive from this process. */
function watchdogOf(environment: NodeJS.ProcessEnv): number | null {
  const microseconds = Number(environment["WATCHDOG_USEC"]);
  const addressee = environment["WATCHDOG_PID"];
  if (addressee !== undefined && Number(addressee) !== process.pid) return null;
  return microseconds > 0 ? microseconds / 1000 : null;
}
