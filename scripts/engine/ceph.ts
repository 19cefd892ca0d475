/** A Ceph of one monitor, three storage processes and one gateway on the loopback interface, with two copies of each object. */
import { randomBytes, randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Engine } from "./engine.ts";
import { requirePackages } from "./packages.ts";
import { freePort, output, type Processes, untilListening } from "./processes.ts";

const storageProcesses = ["osd.0", "osd.1", "osd.2"];

/** The settings that differ from those of a cluster of machines. */
const configText = (folder: string, fsid: string, monitorPort: number, gatewayPort: number) => `[global]
fsid = ${fsid}
mon host = [v2:127.0.0.1:${monitorPort}/0]
ms bind msgr1 = false
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
run dir = ${folder}/run
admin socket = ${folder}/run/$name.asok
pid file =
log file = ${folder}/log/$name.log
crash dir = ${folder}/log
log to stderr = false
err to stderr = true
osd pool default size = 2
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
# Copies lie in different processes: there is only one machine.
osd crush chooseleaf type = 0
mon osd reporter subtree level = osd
mon osd min down reporters = 1
mon data avail warn = 2
mon data avail crit = 1
[mon]
mon data = ${folder}/mon.$id
[osd]
osd data = ${folder}/osd.$id
osd objectstore = bluestore
bluestore block size = ${6 * 2 ** 30}
bluestore block db create = false
bluestore block wal create = false
bluestore cache autotune = false
bluestore cache size = ${64 << 20}
osd op num shards = 2
osd op num threads per shard = 1
osd class load list = *
osd class default list = *
[client.rgw]
# The gateway asks for a secure mode, which there is not without keys, and then waits for ever.
ms mon client mode = crc
# Without tcp_nodelay each answer waits 40 ms for an acknowledgement.
rgw frontends = beast endpoint=127.0.0.1:${gatewayPort} tcp_nodelay=1
rgw data = ${folder}/run
rgw thread pool size = 32
rgw enable usage log = false
rgw enable lc threads = false
rgw enable quota threads = false
`;

/** @param folder an empty folder; its name is at most 70 characters long, for the sockets in it */
export async function startCeph(folder: string, processes: Processes): Promise<Engine> {
  await requirePackages(["ceph-mon", "ceph-osd", "radosgw"]);
  const [monitorPort, gatewayPort] = [await freePort(), await freePort()];
  const config = join(folder, "ceph.conf");
  mkdirSync(join(folder, "run"));
  const fsid = randomUUID();
  writeFileSync(config, configText(folder, fsid, monitorPort, gatewayPort));
  await startMonitor(folder, config, fsid, monitorPort, processes);
  await startStorage(folder, config, processes);
  const credentials = {
    accessKeyId: "rivulet",
    secretAccessKey: randomBytes(20).toString("hex"),
  };
  // Ends when enough storage processes serve its pools.
  const user = ["--uid", "rivulet", "--display-name", "rivulet", "--access-key", credentials.accessKeyId];
  const admin = ["radosgw-admin", "-c", config, "-n", "client.rgw", "user", "create", ...user];
  await output([...admin, "--secret-key", credentials.secretAccessKey]);
  processes.start("gateway", ["radosgw", "-c", config, "-f", "-n", "client.rgw"]);
  await untilListening(gatewayPort, processes, "gateway");
  const [, version = ""] = /version (\S+)/.exec(await output(["ceph-mon", "--version"])) ?? [];
  return {
    name: `Ceph ${version}, ${storageProcesses.length} storage processes, 2 copies`,
    origin: `http://127.0.0.1:${gatewayPort}`,
    region: "default",
    credentials,
    storage: ["osd.1"],
    gateway: "gateway",
    // Neighbours declare a silent storage process dead after 20 s; until then writes to it wait.
    frozenStorageMs: 40_000,
    honoursConditions: true,
  };
}

async function startMonitor(
  folder: string,
  config: string,
  fsid: string,
  port: number,
  processes: Processes,
): Promise<void> {
  const map = join(folder, "run/monmap");
  const address = `[v2:127.0.0.1:${port}/0]`;
  await output(["monmaptool", "--create", "--clobber", "--fsid", fsid, "--addv", "a", address, map]);
  await output(["ceph-mon", "-c", config, "--mkfs", "-i", "a", "--monmap", map]);
  processes.start("monitor", ["ceph-mon", "-c", config, "-f", "-i", "a"]);
  await untilListening(port, processes, "monitor");
}

async function startStorage(folder: string, config: string, processes: Processes): Promise<void> {
  const made = storageProcesses.map((name, id) => ({ name, id: String(id), uuid: randomUUID() }));
  const commands = made.map(({ id, uuid }) => `osd new ${uuid} ${id}\n`).join("");
  await output(["ceph", "-c", config], { input: commands });
  await Promise.all(
    made.map(({ name, id, uuid }) => {
      mkdirSync(join(folder, name));
      return output(["ceph-osd", "-c", config, "-i", id, "--mkfs", "--osd-uuid", uuid]);
    }),
  );
  for (const { name, id } of made) processes.start(name, ["ceph-osd", "-c", config, "-f", "-i", id]);
}
