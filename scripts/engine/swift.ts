/**
 * An OpenStack Swift of three storage nodes and one proxy with its S3 interface on the loopback interface, with three copies
 * of each object. It answers conditional writes with 501, and lists what is not the newest.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { Engine } from "./engine.ts";
import { requirePackages } from "./packages.ts";
import { freePort, output, type Processes, untilListening } from "./processes.ts";

const nodes = ["node1", "node2", "node3"];
const kinds = ["account", "container", "object"] as const;
type Kind = (typeof kinds)[number];
type Ports = Record<Kind, number>;

/** A server of one kind in one node. */
const serverConfig = (folder: string, node: string, kind: Kind, port: number) => `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
workers = 0
devices = ${folder}/${node}
mount_check = false
user = ${userInfo().username}
swift_dir = ${folder}
log_level = WARNING
fallocate_reserve = 0
[pipeline:main]
pipeline = ${kind}-server
[app:${kind}-server]
use = egg:swift#${kind}
`;

const filters = ["catch_errors", "gatekeeper", "healthcheck", "cache", "listing_formats", "bulk"];
const innerFilters = ["slo", "dlo", "versioned_writes", "symlink"];

const proxyConfig = (folder: string, port: number, secret: string) => `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
workers = 0
user = ${userInfo().username}
swift_dir = ${folder}
log_level = WARNING
[pipeline:main]
pipeline = ${filters.join(" ")} s3api tempauth ${innerFilters.join(" ")} proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
node_timeout = 5
conn_timeout = 0.5
[filter:tempauth]
use = egg:swift#tempauth
user_rivulet_pump = ${secret} .admin
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
${[...filters, ...innerFilters]
  .filter((name) => name !== "cache")
  .map((name) => `[filter:${name}]\nuse = egg:swift#${name}\n`)
  .join("")}`;

/** @param folder an empty folder */
export async function startSwift(folder: string, processes: Processes): Promise<Engine> {
  await requirePackages(["swift-proxy", ...kinds.map((kind) => `swift-${kind}`)]);
  const ports: Ports[] = [];
  for (const _ of nodes)
    ports.push({ account: await freePort(), container: await freePort(), object: await freePort() });
  await Promise.all(kinds.map((kind) => makeRing(folder, kind, ports)));
  for (const [index, node] of nodes.entries()) await startNode(folder, node, ports[index], processes);
  const port = await freePort();
  const secretAccessKey = randomBytes(20).toString("hex");
  const config = join(folder, "proxy.conf");
  writeFileSync(config, proxyConfig(folder, port, secretAccessKey));
  processes.start("proxy", ["/usr/bin/python3", "-W", "ignore", "/usr/bin/swift-proxy-server", config]);
  await untilListening(port, processes, "proxy");
  const [, version] = /^Version: ([\d.]+)/m.exec(await output(["dpkg", "-s", "swift-proxy"])) ?? [];
  return {
    name: `OpenStack Swift ${version}, ${nodes.length} storage nodes, 3 copies`,
    origin: `http://127.0.0.1:${port}`,
    region: "us-east-1",
    credentials: { accessKeyId: "rivulet:pump", secretAccessKey },
    storage: kinds.map((kind) => `node2-${kind}`),
    gateway: "proxy",
    // The proxy gives up on a silent node after 5 s.
    frozenStorageMs: 10_000,
    honoursConditions: false,
  };
}

/** Says which node has which part of the names; 16 parts, three copies. */
async function makeRing(folder: string, kind: Kind, ports: readonly Ports[]): Promise<void> {
  const build = (...words: string[]) =>
    output(["swift-ring-builder", `${kind}.builder`, ...words], { cwd: folder });
  await build("create", "4", "3", "0");
  for (const [index, each] of ports.entries())
    await build("add", `r1z${index + 1}-127.0.0.1:${each[kind]}/disk`, "1");
  await build("rebalance");
}

async function startNode(folder: string, node: string, ports: Ports, processes: Processes): Promise<void> {
  mkdirSync(join(folder, node, "disk"), { recursive: true });
  for (const kind of kinds) {
    const config = join(folder, node, `${kind}.conf`);
    writeFileSync(config, serverConfig(folder, node, kind, ports[kind]));
    const name = `${node}-${kind}`;
    processes.start(name, ["/usr/bin/python3", "-W", "ignore", `/usr/bin/swift-${kind}-server`, config]);
  }
  for (const kind of kinds) await untilListening(ports[kind], processes, `${node}-${kind}`);
}
