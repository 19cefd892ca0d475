/**
 * The daemon with lamp, alarm and button on whole emulated arm64 machines, with Debian's kernel and unmodified onoff on
 * real GPIO controllers: `npm run gpio-machine -- [FOLDER]`. What it needs of Debian 12 and npm is fetched into FOLDER,
 * and found there the next time, else into a temporary one. Ends with 1 where a check failed.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { RivuletError } from "../../src/errors/errors.ts";
import { contactWords, openContacts, startMachine } from "./machine.ts";
import { bringParts } from "./parts.ts";
import { buildRootFileSystem } from "./root-file-system.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const longestMachineMs = 240_000;
/** The line of the button in probe.sh. */
const buttonLine = 3;

const temporary = mkdtempSync(join(tmpdir(), "rivulet-gpio-machine-"));
const folder = resolve(process.argv[2] ?? temporary);

interface Emulation {
  /** As QEMU and probe.sh name it. */
  name: string;
  /** Checks that probe.sh makes on it. */
  checks: number;
  words: string[];
}

/** A contact bounces, stays closed, and opens, each for far longer than the daemon takes to believe it. */
async function press(times: number): Promise<void> {
  const contacts = await openContacts(temporary);
  for (let time = 0; time < times; time++) {
    for (const level of [1, 0, 1] as const) {
      await contacts.set(buttonLine, level);
      await pause(3);
    }
    await pause(300);
    await contacts.set(buttonLine, 0);
    await pause(300);
  }
  contacts.close();
}

/** Whether all checks on a machine went well. */
async function checkOn({ name, checks, words }: Emulation, environment: NodeJS.ProcessEnv): Promise<boolean> {
  console.log(`--- ${name}`);
  const began = performance.now();
  const machine = startMachine(["-M", name, ...words], environment);
  const timer = setTimeout(() => {
    console.log(`failed to end within ${longestMachineMs / 1000} s`);
    machine.stop();
  }, longestMachineMs);
  const seen: string[] = [];
  let passed = 0;
  try {
    for await (const line of machine.console) {
      seen.push(line);
      if (/^(ok|failed) /.test(line)) console.log(line);
      if (line.startsWith("ok ")) passed++;
      const times = /^press (\d+)$/.exec(line)?.[1];
      if (times !== undefined) {
        await press(Number(times));
        machine.type("");
      }
      if (line === "done") break;
    }
  } finally {
    clearTimeout(timer);
    await machine.stop();
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  console.log(`${passed} of ${checks} checks on ${name} went well, in ${seconds} s`);
  if (passed !== checks) console.log(`--- the end of its console\n${seen.slice(-40).join("\n")}`);
  return passed === checks;
}

const wordsFor = (name: string, options: string, port: string) => [
  ...options.split(" "),
  ...["-append", `console=${port} quiet loglevel=3 panic=-1 machine=${name}`],
];

async function checkAll(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const parts = bringParts(folder);
  const probe = join(root, "scripts/gpio-machine/probe.sh");
  const archive = buildRootFileSystem(parts, root, probe, temporary);
  const { image, tree } = kernelFiles(parts.kernel);
  const kernelWords = ["-kernel", image, "-initrd", archive];
  const virt = wordsFor("virt", "-cpu cortex-a53 -m 1024 -serial stdio", "ttyAMA0");
  // The device tree gives the first port, a PL011, to the Bluetooth chip.
  const raspberry = wordsFor("raspi3b", "-serial null -serial stdio", "ttyS1");
  const emulations: Emulation[] = [
    { name: "virt", checks: 14, words: [...kernelWords, ...virt, ...contactWords(temporary)] },
    { name: "raspi3b", checks: 6, words: [...kernelWords, ...raspberry, "-dtb", tree] },
  ];
  for (const emulation of emulations) {
    if (!(await checkOn(emulation, parts.environment))) process.exitCode = 1;
  }
}

/** The kernel and the Raspberry Pi's device tree in Debian's package, whose version is in their names. */
function kernelFiles(folder: string): { image: string; tree: string } {
  const boot = join(folder, "boot");
  const image = readdirSync(boot).find((name) => name.startsWith("vmlinuz-"));
  const version = image?.replace("vmlinuz-", "");
  if (image === undefined) {
    throw new RivuletError(
      "package.missing",
      `there is no kernel in ${boot}: remove the folder, and run it again`,
    );
  }
  return {
    image: join(boot, image),
    tree: join(folder, "usr/lib", `linux-image-${version}`, "broadcom/bcm2837-rpi-3-b.dtb"),
  };
}

process.once("exit", () => rmSync(temporary, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
try {
  await checkAll();
} catch (error) {
  if (!(error instanceof RivuletError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
