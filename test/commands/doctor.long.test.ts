import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Finding } from "../../src/device/finding.ts";
import { openPseudoTerminal } from "../../src/emulation/pseudo-terminal.ts";
import { beingRoot, mounting, needing } from "../needs.ts";
import { folderWith, rivulet, type Setting, start, startRivulet } from "../rivulet.ts";
import { arduino, canMountPorts, throughPorts, usbPorts } from "../samples/ports/usb-ports.ts";
import { until } from "../until.ts";

const config = (port: string, more = "") => `source:
  serial: { path: ${port} }
  framing: lines
  fields: [x, label]
target: { column: label, classes: 2 }
${more}`;

async function doctor(words: string[], setting: Setting = {}) {
  const { code, stdout, stderr } = await rivulet(["doctor", ...words, "--json"], setting);
  expect(stderr).toBe("");
  const document = JSON.parse(stdout) as {
    findings: Finding[];
    problems: number;
    warnings: number;
    ok: number;
    board: { profile: string };
  };
  return {
    code,
    ...document,
    of: (check: string) => document.findings.find((found) => found.check === check),
  };
}

function terminalPath(): string {
  const terminal = openPseudoTerminal();
  onTestFinished(() => terminal.close());
  return terminal.path;
}

describe.concurrent("doctor", () => {
  test("says on this machine what is so, a line for each finding and its fix below", async () => {
    const { code, stdout, stderr } = await rivulet(["doctor"]);
    expect(stderr).toBe("");
    const lines = stdout.trimEnd().split("\n");
    const [last, empty, ...findings] = lines.reverse();
    expect(empty).toBe("");
    expect(last).toMatch(/^\d+ problems?, \d+ warnings?, \d+ ok$/);
    expect(code).toBe(last.startsWith("0 ") ? 0 : 1);
    for (const line of findings) {
      expect(line).toMatch(/^(ok|warning|problem) +[a-z][a-z ]{0,15} +\S|^ {26}\S/);
    }
    expect(stdout).toMatch(/^ok +node +Node \d/m);
  });

  test("gives one JSON document in which the counts are those of the findings", async () => {
    const { findings, problems, warnings, ok, code, of } = await doctor([]);
    for (const [status, count] of Object.entries({ problem: problems, warning: warnings, ok })) {
      expect(findings.filter((finding) => finding.status === status)).toHaveLength(count);
    }
    expect(code).toBe(problems > 0 ? 1 : 0);
    expect(of("node")).toEqual({
      check: "node",
      status: "ok",
      text: `Node ${process.versions.node}`,
      fix: null,
    });
    expect(of("folder")).toBeUndefined();
  });

  test("passes a config whose port is there", async () => {
    const cwd = folderWith({ "c.yaml": config(terminalPath()) });
    const { of } = await doctor(["c.yaml"], { cwd });
    expect(of("port")?.status).toBe("ok");
    expect(of("port holder")?.status).toBe("ok");
    expect(of("console")?.status).not.toBe("problem");
    expect(of("folder")).toMatchObject({
      status: "ok",
      text: expect.stringContaining(join(cwd, "checkpoints/c")),
    });
    expect(of("space")?.text).toContain("5 checkpoints and a new one need");
  });

  test("finds the program that has the port open", async () => {
    const path = terminalPath();
    const cwd = folderWith({ "c.yaml": config(path) });
    const open = `require("fs").openSync("${path}", "r+"); console.log("open"); setInterval(() => {}, 9e5)`;
    const holder = start(["-e", open]);
    await until(() => holder.stdout !== "");
    const { code, of } = await doctor(["c.yaml"], { cwd });
    expect(of("port holder")).toMatchObject({ status: "problem", fix: `kill ${holder.process.pid}` });
    expect(code).toBe(1);
    holder.process.kill();
  });

  test("takes the daemon that has the port open for no problem", async () => {
    const cwd = folderWith({ "c.yaml": config(terminalPath()) });
    const daemon = startRivulet(["run", "c.yaml", "--json"], { cwd });
    await daemon.event("port-open");
    const { of } = await doctor(["c.yaml"], { cwd });
    expect(of("port holder")).toMatchObject({
      status: "ok",
      text: expect.stringContaining(`the daemon itself (process ${daemon.process.pid})`),
    });
    daemon.process.kill();
    await daemon.ended;
  });

  test("ends with exit code 1 when the config's port is missing", async () => {
    const cwd = folderWith({ "c.yaml": config("/dev/ttyUSB99") });
    const { code, of } = await doctor(["c.yaml"], { cwd });
    expect(code).toBe(1);
    expect(of("port")).toMatchObject({ status: "problem", fix: "rivulet ports" });
  });

  test("measures the network against the budget that the config sets", async () => {
    const cwd = folderWith({ "c.yaml": config("/dev/ttyUSB99", "memory: { budget: 100B }\n") });
    const { of } = await doctor(["c.yaml"], { cwd });
    expect(of("memory")).toMatchObject({ status: "problem", fix: "rivulet plan c.yaml" });
    expect(of("memory")?.text).toMatch(/^what is learned cannot be planned: .*budget/);
  });

  test("finds nothing wrong with the memory of a config that only watches for anomalies", async () => {
    const text = config(terminalPath()).replace(/target:.*/, "anomaly: { alarmsPerWeek: 2 }");
    const { of } = await doctor(["c.yaml"], { cwd: folderWith({ "c.yaml": text }) });
    expect(of("memory")?.text).not.toMatch(/planned|target/);
    expect(of("space")?.status).not.toBe("problem");
  });

  test(
    "tells a user who owns nothing what is closed to him",
    needing(process.getuid?.() === 0, beingRoot),
    async () => {
      const path = terminalPath();
      chmodSync(path, 0o620);
      const cwd = folderWith({ "c.yaml": config(path, "checkpoint: { directory: closed }\n") });
      mkdirSync(join(cwd, "closed"));
      chmodSync(cwd, 0o755);
      const { code, of } = await doctor(["c.yaml"], { cwd, uid: 65_534, gid: 65_534 });
      expect(code).toBe(1);
      expect(of("port")?.text).toContain(`may not open ${path}`);
      expect(of("folder")?.text).toContain(`may not write to ${join(cwd, "closed")}, which belongs to root`);
    },
  );

  test("refuses a config that is none, like every command", async () => {
    const cwd = folderWith({ "c.yaml": "target: 3\n" });
    const { code, stdout, stderr } = await rivulet(["doctor", "c.yaml"], { cwd });
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^rivulet: c\.yaml:1: target must be a map/);
  });
});

describe("a device on USB", needing(canMountPorts, mounting), () => {
  test("is named in a config by what ports shows, and doctor finds it or says that it is not there", async () => {
    const cwd = folderWith();
    const ports = usbPorts(cwd);
    const through = throughPorts(cwd);
    ports.plugIn("ttyACM0", "/dev/null", arduino);
    const { stdout } = await rivulet(["ports"], { cwd, through });
    const [, serial] = /^config +(serial: .*)$/m.exec(stdout) ?? [];
    expect(serial).toBe('serial: { vendor: "2341", product: "0043", serialNumber: "7573" }');
    writeFileSync(
      join(cwd, "c.yaml"),
      `source: { ${serial}, framing: lines, fields: [a, b] }\ntarget: { column: b }\n`,
    );
    const portOf = async () => {
      const { stdout: report } = await rivulet(["doctor", "c.yaml", "--json"], { cwd, through });
      const { findings } = JSON.parse(report) as { findings: Finding[] };
      return findings.find(({ check }) => check === "port");
    };
    expect((await portOf())?.text).toContain("/dev/ttyACM0");
    ports.pullOut("ttyACM0");
    expect(await portOf()).toMatchObject({
      status: "problem",
      text: expect.stringMatching(
        /^there is no serial port of the USB device 2341:0043 with the serial number 7573/,
      ),
      fix: "rivulet ports",
    });
  });
});

describe.concurrent("ports", () => {
  test("lists the ports of this machine, or says that there is none", async () => {
    const { code, stdout, stderr } = await rivulet(["ports"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^port {2}|^found no serial port; plug a device in\n$/);
  });

  test("as one JSON document", async () => {
    const { code, stdout } = await rivulet(["ports", "--json"]);
    expect(code).toBe(0);
    const { ports } = JSON.parse(stdout);
    for (const port of ports) expect(port.path).toMatch(/^\/dev\//);
  });

  test("needs no udevadm", async () => {
    const { code, stderr } = await rivulet(["ports"], { environment: { PATH: "/nowhere" } });
    expect([code, stderr]).toEqual([0, ""]);
  });
});
