import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { fingerprintOf } from "../../src/sync/host/serve.ts";
import { checkpointKey } from "../../src/sync/names.ts";
import { sha256Of } from "../../src/sync/signature.ts";
import { beingRoot, needing } from "../needs.ts";
import { folderWith } from "../rivulet.ts";
import { clientOf, request, startHost } from "./running-host.ts";

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

/** A certificate that no authority has signed, and its key. */
function selfSigned(): { cert: string; key: string } {
  const folder = folderWith();
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=nas -keyout ${key} -out ${cert}`;
  expect(spawnSync("openssl", words.split(" ")).status).toBe(0);
  return { cert, key };
}

test(
  "over TLS a device sends to the host that shows the pinned certificate, and to no other",
  needing(hasOpenssl, "apt install openssl"),
  async () => {
    const tls = selfSigned();
    const host = await startHost({ tls });
    const body = Buffer.from("learned");
    const key = checkpointKey("pump-7", 1, sha256Of(body));
    const fingerprint = fingerprintOf(readFileSync(tls.cert));
    const pinned = clientOf(host, "pump-7", { fingerprint });
    expect(await pinned.putOnce(key, body)).toBe(true);
    expect(await pinned.get(key, { mostBytes: 100 })).toMatchObject({ body });
    pinned.close();
    const another = clientOf(host, "pump-7", { fingerprint: "0".repeat(64), retryMs: [] });
    await expect(another.putOnce(key, body)).rejects.toThrow(
      `the host shows the certificate ${fingerprint}, expected the pinned ${"0".repeat(64)}`,
    );
    another.close();
    const trusting = clientOf(host, "pump-7", { fingerprint: null, retryMs: [] });
    await expect(trusting.putOnce(key, body)).rejects.toThrow("pin it with sync.fingerprint");
    trusting.close();
  },
);

/** A small file system in memory; it is gone when the test is over. */
function mountSmallDisk(megabytes: number): string | null {
  const folder = folderWith();
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "none", folder]);
  if (mounted.status !== 0) return null;
  onTestFinished(() => {
    spawnSync("umount", ["--lazy", folder]);
  });
  return folder;
}

const canMount = process.getuid?.() === 0 && spawnSync("mount", ["--version"]).status === 0;

test(
  "a full disk refuses uploads with 507, keeps what it has, and says so",
  needing(canMount, beingRoot),
  async ({ skip }) => {
    const disk = mountSmallDisk(19);
    if (disk === null) return skip("this root may not mount");
    const host = await startHost({ folder: join(disk, "fleet") });
    const device = host.credentials("pump-7");
    const put = (samples: number, body: Buffer) => {
      const path = `/fleet/${checkpointKey("pump-7", samples, sha256Of(body))}`;
      return request(host, device, { method: "PUT", path, body, unsigned: { expect: "100-continue" } });
    };
    const small = Buffer.alloc(1 << 20, 1);
    expect(await put(1, small)).toMatchObject({ status: 200, isAsked: true });
    const refused = await put(2, Buffer.alloc(4 << 20, 2));
    expect(refused.status).toBe(507);
    expect(refused.text).toMatch(/<Code>InsufficientStorage<\/Code><Message>[^<]*full[^<]*<\/Message>/);
    expect(host.log.at(-1)).toContain("full");
    // Behind a body in vain the connection would close, and the device might not read why.
    expect(refused.isAsked).toBe(false);
    const kept = await request(host, device, {
      path: `/fleet/${checkpointKey("pump-7", 1, sha256Of(small))}`,
    });
    expect([kept.status, kept.text.length]).toEqual([200, small.length]);
  },
);

test(
  "a disk that has turned read-only refuses uploads with 503 and what to do, and shows what it has",
  needing(canMount, beingRoot),
  async ({ skip }) => {
    const disk = mountSmallDisk(19);
    if (disk === null) return skip("this root may not mount");
    const host = await startHost({ folder: join(disk, "fleet") });
    const device = host.credentials("pump-7");
    const [kept, lost] = [1, 2].map((samples) => {
      const body = Buffer.alloc(1000, samples);
      return { path: `/fleet/${checkpointKey("pump-7", samples, sha256Of(body))}`, body };
    });
    expect((await request(host, device, { method: "PUT", ...kept })).status).toBe(200);
    spawnSync("mount", ["-o", "remount,ro", disk]);
    const refused = await request(host, device, { method: "PUT", ...lost });
    expect([refused.status, refused.text]).toEqual([
      503,
      expect.stringMatching(
        /the disk of the host cannot be written \(the file system is read-only[^<]*check it/,
      ),
    ]);
    expect((await request(host, device, { path: kept.path })).status).toBe(200);
  },
);
