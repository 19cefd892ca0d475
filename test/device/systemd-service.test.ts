/** When a service tells systemd what, by a clock of the test; that systemd-notify is called, systemd.test.ts shows. */
import { spawn } from "node:child_process";
import { EventEmitter } from "node:events";
import { expect, onTestFinished, test, vi } from "vitest";
import { createService, longestLookMs } from "../../src/device/systemd.ts";
import { usualReopenCeilingMs } from "../../src/samples/sources/reopening.ts";

vi.mock("node:child_process", () => ({ spawn: vi.fn() }));

/** A service from which systemd wants a sign of life every eight seconds, unless `more` says otherwise. */
function bench(more: NodeJS.ProcessEnv = {}) {
  const hands = { seconds: 100 };
  const state = { fault: null as string | null, isSlow: false };
  const sent: string[] = [];
  const troubles: string[] = [];
  const calls: EventEmitter[] = [];
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  vi.spyOn(process, "uptime").mockImplementation(() => hands.seconds);
  vi.mocked(spawn).mockImplementation(((_: string, message: string[]) => {
    const call = Object.assign(new EventEmitter(), { unref() {} });
    sent.push(message.join(" "));
    calls.push(call);
    if (!state.isSlow) queueMicrotask(() => call.emit("close"));
    return call;
  }) as never);
  onTestFinished(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });
  const service = createService({
    environment: { WATCHDOG_USEC: "8000000", ...more },
    fault: () => state.fault,
    status: () => `at\n${hands.seconds}`,
    onTrouble: (sentence) => troubles.push(sentence),
  });
  /** Lets seconds pass, one after the other, and gives what is sent in them. */
  async function pass(seconds: number): Promise<string[]> {
    const before = sent.length;
    for (let second = 0; second < seconds; second++) {
      hands.seconds++;
      vi.advanceTimersByTime(1000);
      await Promise.resolve();
    }
    return sent.slice(before);
  }
  return { service, state, sent, troubles, calls, pass };
}

test("a service gives a sign of life at half of the time in which one is wanted, until it stops", async () => {
  const { service, sent, troubles, pass } = bench();
  expect(await pass(20)).toEqual([]);
  service.ready();
  expect(sent).toEqual(["READY=1 STATUS=at\\n120"]);
  expect(await pass(12)).toEqual([
    "WATCHDOG=1 STATUS=at\\n124",
    "WATCHDOG=1 STATUS=at\\n128",
    "WATCHDOG=1 STATUS=at\\n132",
  ]);
  service.stopping();
  expect(await pass(20)).toEqual([]);
  expect(sent.at(-1)).toBe("STOPPING=1 STATUS=stopping");
  expect(troubles).toEqual([]);
});

test("a service that is not well gives its status alone, says why at the second look, and goes on once it is well", async () => {
  const { service, state, troubles, pass } = bench();
  service.ready();
  await pass(4);
  state.fault = "nothing moves";
  expect(await pass(4)).toEqual(["STATUS=at\\n108"]);
  expect(troubles).toEqual([]);
  expect(await pass(3)).toEqual(["STATUS=at\\n109", "STATUS=at\\n110", "STATUS=at\\n111"]);
  const trouble = "no watchdog keep-alive is sent, so systemd will restart the service: nothing moves";
  expect(troubles).toEqual([trouble]);
  state.fault = null;
  // At the next look, and not only in half of the time.
  expect(await pass(5)).toEqual(["WATCHDOG=1 STATUS=at\\n112", "WATCHDOG=1 STATUS=at\\n116"]);
  state.fault = "nothing moves";
  await pass(6);
  expect(troubles).toEqual([trouble, trouble]);
});

test("a message that is slow delays the next sign of life, but not the word that it stops", async () => {
  const { service, state, sent, calls, pass } = bench();
  service.ready();
  state.isSlow = true;
  expect(await pass(6)).toEqual(["WATCHDOG=1 STATUS=at\\n104"]);
  expect(await pass(4)).toEqual([]);
  calls[1].emit("close");
  state.isSlow = false;
  expect(await pass(1)).toEqual(["WATCHDOG=1 STATUS=at\\n111"]);
  state.isSlow = true;
  await pass(4);
  service.stopping();
  expect(sent.slice(-2)).toEqual(["WATCHDOG=1 STATUS=at\\n115", "STOPPING=1 STATUS=stopping"]);
});

test("a systemd-notify that cannot be started is reported once", async () => {
  const { service, state, troubles, calls, pass } = bench();
  state.isSlow = true;
  service.ready();
  calls[0].emit("error", new Error("spawn systemd-notify ENOENT"));
  vi.mocked(spawn).mockImplementation(() => {
    throw new Error("spawn EAGAIN");
  });
  await pass(8);
  service.stopping();
  expect(troubles).toEqual([
    "cannot notify systemd of the service's state (spawn systemd-notify ENOENT); install the package systemd, which contains systemd-notify",
  ]);
});

test.each<[string, NodeJS.ProcessEnv, number, number]>([
  ["wanted every eight seconds", { WATCHDOG_USEC: "8000000" }, 2000, 25],
  ["wanted of this process", { WATCHDOG_USEC: "8000000", WATCHDOG_PID: `${process.pid}` }, 2000, 25],
  ["wanted of another process", { WATCHDOG_USEC: "8000000", WATCHDOG_PID: "1" }, usualReopenCeilingMs, 0],
  ["wanted more rarely than a source looks", { WATCHDOG_USEC: "80000000" }, usualReopenCeilingMs, 2],
  ["not wanted", {}, usualReopenCeilingMs, 0],
  ["switched off", { WATCHDOG_USEC: "0" }, usualReopenCeilingMs, 0],
])("a source looks in time for a sign of life that is %s", async (_, environment, milliseconds, signs) => {
  expect(longestLookMs(environment)).toBe(milliseconds);
  const { service, pass } = bench({ WATCHDOG_USEC: undefined, ...environment });
  service.ready();
  expect(await pass(100)).toHaveLength(signs);
});
