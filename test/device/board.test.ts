import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { recognizeBoard } from "../../src/device/board.ts";
import { oldestNode } from "../../src/device/checks/node.ts";
import { loadProfiles, parseProfile } from "../../src/device/profile.ts";
import { folderWith } from "../rivulet.ts";
import { fakeMachine, findingsOn, kinds, needing } from "./tree.ts";

describe("the profiles in devices/boards", () => {
  const profiles = [...loadProfiles()];

  test("are all read, and each board of the tests has one", () => {
    expect(profiles.map(([id]) => id).sort()).toEqual(Object.keys(kinds).sort());
  });

  test("share no string of the device tree", () => {
    const all = profiles.flatMap(([, { compatible }]) => compatible);
    expect(new Set(all).size).toBe(all.length);
  });

  test.each(profiles)("of %s says of each limit where it is known from", (_, { limits }) => {
    expect(limits.length).toBeGreaterThan(0);
    for (const { verified, source } of limits) {
      if (verified) expect(source).not.toBe("");
    }
  });
});

test("devices/boards/README.md has a row for each profile that says what the profile says", () => {
  const readme = readFileSync(new URL("../../devices/boards/README.md", import.meta.url), "utf8");
  const rows = readme.split("\n").filter((line) => line.startsWith("| `"));
  const expected = [...loadProfiles()].map(([id, { name, memory, serial, gpio, node }]) =>
    [
      `\`${id}.yaml\``,
      name,
      `${memory.budgetMiB} MiB`,
      serial.header === undefined ? "" : `\`${serial.header.link ?? serial.header.path}\``,
      gpio.chips.map((chip) => `\`${chip}\``).join(", "),
      node.build,
    ].join(" | "),
  );
  expect(rows.map((row) => row.slice(2, -2)).sort()).toEqual(expected.sort());
});

test("the oldest Node is the one that package.json names", () => {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  expect(manifest.engines.node).toBe(`>=${oldestNode.join(".")}`);
  expect(manifest.files).toContain("devices");
});

describe("a profile is refused in one sentence", () => {
  const [good] = [
    `name: A
compatible: ["a,b"]
processor: any
memory: { totalMiB: [1], budgetMiB: 1 }
serial: { group: dialout }
boot: { filters: [], lines: [], consoles: [], memoryController: [] }
gpio: { chips: [], group: gpio }
node: { architectures: [arm64], build: any, install: any, armVersion: 7 }
limits: []
sources: []
`,
  ];

  test("which this one is not", () => {
    expect(parseProfile(good, "a.yaml").name).toBe("A");
  });

  test.each([
    ["that is no YAML", "a: [", /^a\.yaml is not valid YAML: /],
    ["without a name", good.replace("name: A\n", ""), /^a\.yaml: name: .*; correct it$/],
    [
      "with a size that is none",
      good.replace("budgetMiB: 1", "budgetMiB: much"),
      /^a\.yaml: memory\.budgetMiB: /,
    ],
    ["with an unknown key", `${good}colour: red\n`, /^a\.yaml: colour: /],
    ["with a name that no device tree has", good.replace('"a,b"', '"a b"'), /^a\.yaml: compatible\.0: /],
    ["that is empty", "", /^a\.yaml: the file: /],
  ])("%s", (_, text, sentence) => {
    expect(() => parseProfile(text, "a.yaml")).toThrow(sentence);
  });

  test("when its folder is not there", () => {
    expect(() => loadProfiles("/nowhere")).toThrow(/^cannot read the board profiles in \/nowhere/);
  });

  test("and an unreadable file is named", () => {
    const folder = folderWith({ "b.yaml": "name: 3\n" });
    expect(() => loadProfiles(folder)).toThrow(/^b\.yaml: /);
  });
});

describe("a board is recognized", () => {
  test.each(Object.keys(kinds))("%s", (id) => {
    const { id: found, model, compatible } = recognizeBoard(fakeMachine(id));
    expect(found).toBe(id);
    expect(model ?? "").toBe(kinds[id].model);
    expect(compatible).toEqual(kinds[id].compatible);
  });

  test("as any Linux machine when no profile knows it, and it says so", () => {
    const machine = fakeMachine("raspberry-pi-4b", {
      "proc/device-tree/compatible": "radxa,zero3w\0rockchip,rk3566\0",
      "proc/device-tree/model": "Radxa ZERO 3\0",
    });
    expect(recognizeBoard(machine).id).toBe("linux");
    expect(findingsOn(machine, null)[0].text).toBe(
      "Radxa ZERO 3 (radxa,zero3w) without a profile in devices/boards: checked as a generic Linux machine",
    );
  });

  test("by the most exact of its strings", () => {
    const machine = fakeMachine("raspberry-pi-4b", {
      "proc/device-tree/compatible": "raspberrypi,400\0raspberrypi,5-model-b\0",
    });
    expect(recognizeBoard(machine).id).toBe("raspberry-pi-4b");
  });
});

describe("a healthy board has nothing to put right", () => {
  const boards = Object.keys(kinds).filter((id) => id !== "raspberry-pi-zero-w" && id !== "linux");

  test.each(boards)("%s, with a config for its header", (id) => {
    const findings = findingsOn(fakeMachine(id), needing());
    expect(findings.filter(({ status }) => status !== "ok")).toEqual([]);
    expect(findings.map(({ check }) => check)).toEqual([
      "board",
      "kernel",
      "memory limit",
      "node",
      "node build",
      "simd",
      "memory",
      "swap",
      "port",
      "port holder",
      "boot settings",
      "console",
      "gpio",
      "folder",
      "space",
      "disk",
      "clock",
      "clock chip",
    ]);
  });

  test.each(boards)("%s, without a config", (id) => {
    expect(findingsOn(fakeMachine(id), null).filter(({ status }) => status !== "ok")).toEqual([]);
  });

  test("raspberry-pi-zero-w, but for what an ARMv6 processor lacks", () => {
    const findings = findingsOn(
      fakeMachine("raspberry-pi-zero-w", {
        "proc/cpuinfo": "Features : half thumb fastmult vfp edsp java tls\n",
      }),
      needing(),
    );
    expect(
      findings.filter(({ status }) => status !== "ok").map(({ check, status }) => [check, status]),
    ).toEqual([
      ["limits", "warning"],
      ["simd", "warning"],
    ]);
    const text = findings.map((finding) => finding.text).join("\n");
    expect(text).toContain("nodejs.org has had no ARMv6 build since Node 12");
    expect(text).toContain("has not been tried on this board (not verified)");
    expect(text).toContain("no SIMD that WebAssembly can use");
  });
});
