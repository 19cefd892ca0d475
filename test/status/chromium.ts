/** A page in Chromium without a window, driven over a pipe: what it draws, and every complaint of the browser. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { until } from "../until.ts";

export const hasChromium = spawnSync("chromium", ["--version"]).status === 0;

// biome-ignore lint/suspicious/noExplicitAny: what a message of the protocol holds is up to the browser
type Message = Record<string, any>;

export interface Looks {
  width: number;
  height: number;
  dark?: boolean;
}

export interface Page {
  /** Errors and warnings of console, policy and network. */
  readonly complaints: string[];
  /** Addresses that it asked. */
  readonly requests: string[];
  /** The value of an expression in the page. */
  evaluate<Value>(expression: string): Promise<Value>;
  /** Waits until an expression is true. */
  shows(expression: string): Promise<void>;
  /** The picture as PNG. */
  screenshot(): Promise<Buffer>;
}

export interface Browser {
  open(url: string, looks: Looks): Promise<Page>;
  close(): Promise<void>;
}

const flags = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-extensions",
  "--disable-background-networking",
  "--hide-scrollbars",
  "--no-first-run",
  "--remote-debugging-pipe",
];

/** Messages end in a zero byte. */
function createConnection(child: ChildProcess) {
  const [toBrowser, fromBrowser] = [child.stdio[3] as Writable, child.stdio[4] as Readable];
  const waiting = new Map<number, { resolve: (result: Message) => void; reject: (error: Error) => void }>();
  const listeners: ((message: Message) => void)[] = [];
  let next = 1;
  let rest = "";
  fromBrowser.setEncoding("utf8").on("data", (text: string) => {
    const messages = (rest + text).split("\0");
    rest = messages.pop() as string;
    for (const message of messages.map((one) => JSON.parse(one) as Message)) {
      const asked = waiting.get(message["id"]);
      if (asked === undefined) for (const listen of listeners) listen(message);
      else if (message["error"] === undefined) asked.resolve(message["result"]);
      else asked.reject(new Error(message["error"].message));
      waiting.delete(message["id"]);
    }
  });
  toBrowser.on("error", () => {});
  return {
    listen: (listener: (message: Message) => void) => void listeners.push(listener),
    send(method: string, params: object = {}, sessionId?: string): Promise<Message> {
      const id = next++;
      toBrowser.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
      return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
    },
  };
}

/** What a message complains of; null where it does not. */
function complaintIn({ method, params }: Message): string | null {
  if (method === "Log.entryAdded" && params.entry.level !== "verbose") return params.entry.text;
  if (method === "Runtime.exceptionThrown")
    return params.exceptionDetails.exception?.description ?? params.exceptionDetails.text;
  if (method === "Runtime.consoleAPICalled" && ["error", "warning", "assert"].includes(params.type)) {
    return params.args.map(({ value, description }: Message) => value ?? description).join(" ");
  }
  // That a test reads document.cookie is no fault of the page.
  const isIssue = method === "Audits.issueAdded" && params.issue.code !== "PerformanceIssue";
  return isIssue ? JSON.stringify(params.issue) : null;
}

export function startChromium(): Browser {
  const profile = mkdtempSync(join(tmpdir(), "rivulet-chromium-"));
  const child = spawn("chromium", [...flags, `--user-data-dir=${profile}`], {
    stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
  });
  const { send, listen } = createConnection(child);
  const ended = new Promise((resolve) => child.once("close", resolve));

  async function open(url: string, { width, height, dark = false }: Looks): Promise<Page> {
    const { targetId } = await send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
    const ask = (method: string, params: object = {}) => send(method, params, sessionId);
    const complaints: string[] = [];
    const requests: string[] = [];
    listen((message) => {
      if (message["sessionId"] !== sessionId) return;
      const complaint = complaintIn(message);
      if (complaint !== null) complaints.push(complaint);
      if (message["method"] === "Network.requestWillBeSent") requests.push(message["params"].request.url);
    });
    for (const domain of ["Page", "Runtime", "Log", "Network", "Audits"]) await ask(`${domain}.enable`);
    const mobile = width < 600;
    const device = { width, height, deviceScaleFactor: mobile ? 2 : 1, mobile };
    await ask("Emulation.setDeviceMetricsOverride", device);
    await ask("Emulation.setEmulatedMedia", {
      features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }],
    });
    await ask("Page.navigate", { url });
    const evaluate = async <Value>(expression: string): Promise<Value> => {
      const { result, exceptionDetails } = await ask("Runtime.evaluate", {
        expression,
        awaitPromise: true,
        returnByValue: true,
      });
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    };
    return {
      complaints,
      requests,
      evaluate,
      async shows(expression) {
        let isShown = false;
        const look = async () => {
          isShown = await evaluate<boolean>(`Boolean(${expression})`);
          if (!isShown) setTimeout(look, 50);
        };
        await look();
        await until(
          () => isShown,
          () => `${expression}; complaints: ${complaints.join("; ")}`,
        );
      },
      async screenshot() {
        // As high as the page, so that nothing is laid out anew for the picture.
        const whole = Math.ceil(await evaluate<number>("document.documentElement.scrollHeight"));
        await ask("Emulation.setDeviceMetricsOverride", { ...device, height: whole });
        const { data } = await ask("Page.captureScreenshot", { format: "png" });
        return Buffer.from(data, "base64");
      },
    };
  }

  return {
    open,
    async close() {
      // In good order, so that its processes are gone before its folder is.
      void send("Browser.close").catch(() => {});
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}
