/**
 * Loads the flows of devices/examples/node-red into a real Node-RED, which starts a real daemon and asks it for its state:
 * `npm run node-red`, or `npm run node-red -- FOLDER` where FOLDER has the package node-red installed. Without one it is
 * installed from npm into a temporary folder (100 MB). Takes half a minute besides. Ends with 1 where a step failed.
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const flows = join(root, "devices/examples/node-red");
const cli = join(root, "dist/bin/rivulet.cjs");
/** The status flow asks every 10 s; for so long it has a problem to find: no row with its label yet. */
const unlabelledMs = 15_000;
const longestMs = 60_000;
const rowsPerTurn = 4;
const turnMs = 20;

interface FlowNode {
  id: string;
  type: string;
  [key: string]: unknown;
}
/** A line of Node-RED's log. */
interface Entry {
  name?: string;
  msg: unknown;
}

/** Node-RED 5 needs Node 22.9. */
function installed(folder: string): string {
  const [major] = process.versions.node.split(".").map(Number);
  const wanted = major > 22 ? "node-red" : "node-red@4";
  console.log(`installing ${wanted} into ${folder}`);
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  const words = ["install", "--no-audit", "--no-fund", "--ignore-scripts", wanted];
  execFileSync("npm", words, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  return folder;
}

const listening = (server: Server) =>
  new Promise<number>((done) => {
    server.listen(0, "127.0.0.1", () => done((server.address() as { port: number }).port));
  });

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  await new Promise((closed) => server.close(closed));
  return port;
}

/** The pump of the examples as a device on the network, whose labels come late into view. */
function startDevice(): Server {
  const rows = readFileSync(join(root, "devices/examples/pump.csv"), "utf8").trim().split("\n").slice(1);
  return createServer((socket) => {
    const since = performance.now();
    let at = 0;
    const sending = setInterval(() => {
      const isLabelled = performance.now() - since > unlabelledMs;
      for (let i = 0; i < rowsPerTurn; i++) {
        const row = rows[at++ % rows.length];
        socket.write(`${isLabelled ? row : row.replace(/\d+$/, "")}\n`);
      }
    }, turnMs);
    socket.on("error", () => {}).on("close", () => clearInterval(sending));
  });
}

/** The flows as they are, but for the places of the daemon, and that what is shown is also logged. */
function flowsFor(config: string, statusPort: number): FlowNode[] {
  const nodes = readdirSync(flows)
    .filter((name) => name.endsWith(".json"))
    .flatMap((name) => JSON.parse(readFileSync(join(flows, name), "utf8")) as FlowNode[]);
  const daemon = nodes.find(({ type }) => type === "exec");
  const asking = nodes.find(({ type }) => type === "http request");
  if (daemon === undefined || asking === undefined) throw new Error(`${flows} starts or asks no daemon`);
  daemon["command"] = `"${process.execPath}" "${cli}" run "${config}"`;
  asking["url"] = String(asking["url"]).replace("127.0.0.1:8787", `127.0.0.1:${statusPort}`);
  for (const node of nodes) if (node.type === "debug") node["console"] = "true";
  return nodes;
}

const settings = (port: number) => `module.exports = {
  uiPort: ${port}, uiHost: "127.0.0.1", httpAdminRoot: false, flowFile: "flows.json", credentialSecret: false,
  logging: {
    console: { level: "off" },
    lines: { level: "info", handler: () => (entry) => process.stdout.write(JSON.stringify(entry) + "\\n") },
  },
};
`;

const configFor = (devicePort: number, statusPort: number) => `name: pump
source:
  tcp: { host: 127.0.0.1, port: ${devicePort} }
  framing: lines
  fields: [temperature, flow, pressure, vibration, label]
target: { column: label, classes: 3 }
status: { listen: 127.0.0.1:${statusPort} }
predictions: { stdout: true }
`;

const [given] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "rivulet-node-red-"));
const device = startDevice();
try {
  const packages = given === undefined ? installed(folder) : resolve(given);
  const [devicePort, statusPort] = [await listening(device), await freePort()];
  const config = join(folder, "pump.yaml");
  writeFileSync(config, configFor(devicePort, statusPort));
  writeFileSync(join(folder, "settings.cjs"), settings(await freePort()));
  writeFileSync(join(folder, "flows.json"), JSON.stringify(flowsFor(config, statusPort)));
  process.exitCode = report(await watch(packages));
} finally {
  device.close();
  rmSync(folder, { recursive: true, force: true });
}

/** Runs Node-RED until its flows have shown everything, then ends it; what was shown, by the name of the node. */
async function watch(packages: string) {
  const program = join(packages, "node_modules/node-red/red.js");
  const { version } = JSON.parse(
    readFileSync(join(packages, "node_modules/node-red/package.json"), "utf8"),
  ) as { version: string };
  const child = spawn(
    process.execPath,
    [program, "--userDir", folder, "--settings", join(folder, "settings.cjs")],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const ended = new Promise((done) => child.once("close", done));
  const shown = new Map<string, string[]>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { name = "", msg } = JSON.parse(line) as Entry;
    shown.set(name, [...(shown.get(name) ?? []), typeof msg === "string" ? msg : JSON.stringify(msg)]);
  });
  const latest = (name: string) => shown.get(name)?.at(-1) ?? "";
  const deadline = performance.now() + longestMs;
  const isDone = () => latest("problems in words") !== "" && /learning/.test(latest("health"));
  while (!isDone() && child.exitCode === null && performance.now() < deadline) await pause(200);
  child.kill("SIGTERM");
  await ended;
  // The daemon saves while Node-RED ends, and may be done after it.
  const saved = join(folder, "checkpoints/pump");
  const checkpoints = () =>
    existsSync(saved) ? readdirSync(saved).filter((name) => name.endsWith(".msgpack")) : [];
  while (checkpoints().length === 0 && performance.now() < deadline) await pause(200);
  return { version, shown, saved: checkpoints().length };
}

function report({ version, shown, saved }: Awaited<ReturnType<typeof watch>>): number {
  const of = (name: string) => shown.get(name) ?? [];
  const predicted = of("prediction").map((text) => /prediction: (\d+|null)/.exec(text)?.[1]);
  const isChange = predicted.every((value, at) => value !== undefined && value !== predicted[at - 1]);
  const steps: [string, boolean, string][] = [
    [
      "the daemon runs, and its log is shown",
      /status page/.test(of("log").join()),
      `${of("log").length} lines`,
    ],
    ["predictions are shown as objects", predicted.length > 10, `${predicted.length} of them`],
    ["only where they change", isChange, ""],
    [
      "problems come in words",
      /target/.test(of("problems in words").join()),
      of("problems in words")[0] ?? "",
    ],
    ["health follows", /learning/.test(of("health").at(-1) ?? ""), of("health").join(", ")],
    ["the daemon saves when Node-RED ends", saved > 0, ""],
  ];
  console.log(`Node-RED ${version}, Node ${process.versions.node}`);
  for (const [what, isRight, found] of steps) {
    console.log(`${isRight ? "ok    " : "FAILED"}  ${what.padEnd(40)}${found.replaceAll(/\s+/g, " ")}`);
  }
  return steps.every(([, isRight]) => isRight) ? 0 : 1;
}
