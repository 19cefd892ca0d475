import { chmodSync, chownSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { openPseudoTerminal } from "../../../src/emulation/pseudo-terminal.ts";
import { describeOpenFailure, listSerialPorts } from "../../../src/samples/ports/ports.ts";
import { folderWith } from "../../rivulet.ts";

function terminalPath(): string {
  const terminal = openPseudoTerminal();
  onTestFinished(() => terminal.close());
  return terminal.path;
}

describe("the list of ports", () => {
  test("holds what can be a board or an adapter and every UART, those with a stable name first", async () => {
    const root = folderWith();
    const dev = join(root, "dev");
    mkdirSync(join(dev, "serial/by-id"), { recursive: true });
    for (const name of ["ttyUSB10", "ttyUSB2", "ttyACM0", "ttyS0", "ttyS1", "tty1", "null", "serial0"]) {
      writeFileSync(join(dev, name), "");
    }
    for (const [name, type] of [
      ["ttyS0", "0"],
      ["ttyS1", "4"],
    ]) {
      mkdirSync(join(root, "sys/class/tty", name, "device"), { recursive: true });
      writeFileSync(join(root, "sys/class/tty", name, "type"), `${type}\n`);
    }
    symlinkSync("../../ttyUSB10", join(dev, "serial/by-id/usb-FTDI"));
    expect(await listSerialPorts(root)).toEqual([
      { path: join(dev, "ttyUSB10"), stablePath: join(dev, "serial/by-id/usb-FTDI") },
      { path: join(dev, "serial0") },
      { path: join(dev, "ttyACM0") },
      { path: join(dev, "ttyS1") },
      { path: join(dev, "ttyUSB2") },
    ]);
  });

  test("is empty where there is no such folder", async () => {
    expect(await listSerialPorts("/nowhere")).toEqual([]);
  });
});

describe("why a port cannot be opened", () => {
  test("says that it is not there and which are", async () => {
    const error = await describeOpenFailure("/dev/ttyUSB99", new Error("Error: No such file or directory"));
    expect(error.kind).toBe("missing");
    expect(error.message).toMatch(
      /^there is no serial port \/dev\/ttyUSB99; (use one of|no serial port was found)/,
    );
  });

  test("says that it was not there, even when it has come back since", async () => {
    const error = await describeOpenFailure(
      terminalPath(),
      new Error("Error: No such file or directory, cannot open"),
    );
    expect(error.kind).toBe("missing");
  });

  test("says that a file is no port", async () => {
    const path = join(folderWith(), "port");
    writeFileSync(path, "");
    const error = await describeOpenFailure(path, new Error("Error: Inappropriate ioctl for device"));
    expect(error.kind).toBe("unsuitable");
    expect(error.message).toContain(`${path} is a file, not a serial port`);
  });

  test("says that a folder is no port", async () => {
    const path = folderWith();
    expect((await describeOpenFailure(path, new Error("Error"))).message).toContain(`${path} is a folder`);
  });

  test("names the group that may use it and how to join", async () => {
    const path = terminalPath();
    chmodSync(path, 0o660);
    if (process.getuid?.() === 0) chownSync(path, 0, groupId("dialout"));
    const group = groupName(statSync(path).gid);
    const error = await describeOpenFailure(path, new Error("Error: Permission denied, cannot open"));
    expect(error.kind).toBe("forbidden");
    expect(error.message).toBe(
      `no permission to open the serial port ${path}: it belongs to the group "${group}"; ` +
        `run "sudo usermod -aG ${group} ${userInfo().username}", then log out and in again`,
    );
  });

  test("does not send anybody into a group that may not use the port either", async () => {
    const path = terminalPath();
    chmodSync(path, 0o600);
    const error = await describeOpenFailure(path, new Error("Error: Permission denied, cannot open"));
    expect(error.message).toContain("may not read and write it");
    expect(error.message).toContain('udev rule with GROUP="dialout", MODE="0660"');
    expect(error.message).not.toContain("usermod");
  });

  test.each([
    ["Error: Resource temporarily unavailable Cannot lock port", "busy", "in use by another program"],
    [
      "Error: Inappropriate ioctl for device setting custom baud rate of 115200",
      "unsuitable",
      "is not a serial port",
    ],
    ["Error: Input/output error, cannot open", "failing", "(Input/output error, cannot open)"],
  ])('understands "%s"', async (text, kind, sentence) => {
    const error = await describeOpenFailure("/dev/null", new Error(text));
    expect([error.kind, error.message.includes(sentence)]).toEqual([kind, true]);
  });
});

function groups(): string[][] {
  return readFileSync("/etc/group", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
}

function groupId(name: string): number {
  return Number(groups().find(([found]) => found === name)?.[2]);
}

function groupName(id: number): string | undefined {
  return groups().find((group) => group[2] === String(id))?.[0];
}
