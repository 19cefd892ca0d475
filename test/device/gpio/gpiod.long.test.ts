/** The tools of libgpiod, played by scripts that take the words of version 1.6 or 2 and refuse those of the other. */
import { appendFileSync, chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { GpioBackend, Level } from "../../../src/device/gpio/backend.ts";
import { createGpiodBackend, gpiodVersion } from "../../../src/device/gpio/gpiod-backend.ts";
import { builtModule, folderWith, start } from "../../rivulet.ts";
import { until } from "../../until.ts";

/** What all of them share: a line that one process holds is busy for the next. */
const common = (version: string) => `#!/bin/sh
cd "$(dirname "$0")" || exit 1
tool=$(basename "$0")
refuse() { echo "$tool: $1" >&2; exit 1; }
if [ "$*" = --version ]; then echo "$tool (libgpiod) v${version}"; exit 0; fi
hold() {
  exec 9>"line-$1"
  flock -n 9 || refuse "error setting the GPIO line values: Device or resource busy"
}
`;

const detect = `
[ $# -eq 0 ] || refuse "unrecognized option '$1'"
echo "gpiochip0 [raspberrypi-exp-gpio] (8 lines)"
echo "gpiochip4 [pinctrl-rp1] (54 lines)"`;

/** After the words: \`chip\`, \`line\` and, of gpioset, \`value\` and whether to \`stay\`. */
const set = `
[ "$chip" = gpiochip4 ] || refuse "cannot find $chip"
hold "$line"
echo "$line=$value" >>diary
[ "$stay" ] && exec sleep 1000
exit 0`;

const monitor = `
[ "$chip" = gpiochip4 ] || refuse "cannot find $chip"
hold "$line"
echo "listening to $line $bias" >>diary
exec tail -n +1 -f "edges-$line"`;

const tools = {
  "1.6.3": {
    gpiodetect: detect,
    gpioset: `[ $# -eq 3 ] || refuse "invalid words: $*"
case $1 in --mode=signal) stay=1 ;; --mode=exit) stay= ;; *) refuse "unrecognized option '$1'" ;; esac
chip=$2 line=\${3%=*} value=\${3#*=}${set}`,
    gpioget: `case $1 in --bias=pull-*) shift ;; esac
[ $# -eq 2 ] && [ "$1" = gpiochip4 ] || refuse "invalid words: $*"
echo 1`,
    gpiomon: `[ "$1 $2" = "--line-buffered --format=%e" ] || refuse "unrecognized option '$1'"
shift 2
case $1 in --bias=pull-*) bias=$1; shift ;; esac
[ $# -eq 2 ] || refuse "invalid words: $*"
chip=$1 line=$2${monitor}`,
  },
  "2.2.1": {
    gpiodetect: detect,
    gpioset: `stay=1
if [ "$1 $2" = "--toggle 0" ]; then stay=; shift 2; fi
[ $# -eq 3 ] && [ "$1" = --chip ] || refuse "unrecognized option '$1'"
chip=$2 line=\${3%=*} value=\${3#*=}${set}`,
    gpioget: `[ "$1" = --numeric ] || refuse "unrecognized option '$1'"
shift
case $1 in --bias=pull-*) shift ;; esac
[ $# -eq 3 ] && [ "$1 $2" = "--chip gpiochip4" ] || refuse "invalid words: $*"
echo 1`,
    gpiomon: `[ "$1 $2" = "--edges=both --format=%e" ] || refuse "unrecognized option '$1'"
shift 2
case $1 in --bias=pull-*) bias=$1; shift ;; esac
[ $# -eq 3 ] && [ "$1" = --chip ] || refuse "invalid words: $*"
chip=$2 line=$3${monitor}`,
  },
};

type Version = keyof typeof tools;
const versions = Object.keys(tools) as Version[];
/** What the tools print for a falling edge. */
const falling = { "1.6.3": "0", "2.2.1": "2" };

const { PATH } = process.env;
const open: GpioBackend[] = [];
afterEach(() => {
  for (const backend of open.splice(0)) backend.releaseAll();
  process.env["PATH"] = PATH;
});

function installed(version: Version): string {
  const folder = folderWith({ diary: "", "edges-27": "" });
  for (const [name, text] of Object.entries(tools[version])) {
    writeFileSync(join(folder, name), common(version) + text);
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

function machine(version: Version, label: string | null = null) {
  const folder = installed(version);
  process.env["PATH"] = `${folder}:${PATH}`;
  const failures: string[] = [];
  const backend = createGpiodBackend(gpiodVersion() as string, label, (sentence) => failures.push(sentence));
  open.push(backend);
  return {
    folder,
    backend,
    failures,
    diary: () => readFileSync(join(folder, "diary"), "utf8").trim().split("\n"),
  };
}

/**
 * As with the kernel's lines, whoever holds one lets it go by ending, however that comes about. Looked up, not tried: a
 * try would hold the line for a moment, and a tool that comes just then would find it busy.
 */
function isHeld(folder: string, pin: number): boolean {
  const line = statSync(join(folder, `line-${pin}`), { throwIfNoEntry: false });
  return line !== undefined && readFileSync("/proc/locks", "utf8").includes(`:${line.ino} `);
}

test("without the tools there is no version", () => {
  process.env["PATH"] = folderWith();
  expect(gpiodVersion()).toBeNull();
});

describe.each(versions)("version %s", (version) => {
  test("is found, and the chip by its label", () => {
    const { backend } = machine(version);
    expect(gpiodVersion()).toBe(version);
    expect(backend.description).toBe(`gpiod ${version} on pinctrl-rp1, which is gpiochip4`);
    expect(() => machine(version, "mine")).toThrow(
      'found the GPIO chips "raspberrypi-exp-gpio", "pinctrl-rp1", expected one with the label "mine"; name one of them in gpio.chip',
    );
  });

  test("holds an output at each level in turn, ends at the last one written, and leaves it low", async () => {
    const { folder, backend, failures, diary } = machine(version);
    const output = backend.output(17, 0);
    const written = async (level: Level) => {
      const before = diary().length;
      output.write(level);
      await until(() => diary().length > before && diary().at(-1) === `17=${level}`);
    };
    await until(() => diary().length === 2);
    await written(1);
    await written(0);
    expect(diary()).toEqual(["17=0", "17=0", "17=1", "17=0"]);
    for (let i = 0; i < 9; i++) output.write(i % 2 === 0 ? 1 : 0);
    await until(() => diary().at(-1) === "17=1" && isHeld(folder, 17));
    output.close();
    expect(diary().at(-1)).toBe("17=0");
    expect(isHeld(folder, 17)).toBe(false);
    expect(failures).toEqual([]);
  });

  test("receives edges, with the pull that an open contact needs", async () => {
    const { folder, backend, diary } = machine(version);
    const levels: Level[] = [];
    const input = backend.input(27, (level) => levels.push(level), { pressed: 0 });
    expect(input.level).toBe(1);
    await until(() => diary().includes("listening to 27 --bias=pull-up"));
    appendFileSync(join(folder, "edges-27"), `${falling[version]}\n1\n${falling[version]}\n`);
    await until(() => levels.length === 3);
    expect(levels).toEqual([0, 1, 0]);
    input.close();
    await until(() => !isHeld(folder, 27));
  });

  test("refuses a line in use, and one that the chip lacks", async () => {
    const { folder, backend } = machine(version);
    backend.output(17, 0);
    await until(() => isHeld(folder, 17));
    expect(() => backend.output(17, 0)).toThrow(
      "gpioset cannot open GPIO 17: error setting the GPIO line values: Device or resource busy",
    );
    expect(() => backend.output(54, 0)).toThrow(
      "found GPIO 54, but the chip pinctrl-rp1 has only GPIO 0 to 53",
    );
  });

  test("tells of a holder that ends, once", async () => {
    const { backend, failures, diary } = machine(version);
    const output = backend.output(17, 0);
    await until(() => diary().length === 2);
    writeFileSync(
      join(process.env["PATH"]?.split(":")[0] as string, "gpioset"),
      "#!/bin/sh\necho 'gpioset: the chip is gone' >&2; exit 1",
    );
    output.write(1);
    await until(() => failures.length > 0);
    expect(failures).toEqual(["gpioset cannot hold GPIO 17 of gpiochip4: the chip is gone"]);
    output.write(0);
    output.close();
    expect(failures).toHaveLength(1);
  });

  test("holds nothing any more when the process is killed", async () => {
    const folder = installed(version);
    const module = builtModule("device/gpio/gpiod-backend.js");
    const code = `
      const { createGpiodBackend } = await import(${JSON.stringify(module)});
      const backend = createGpiodBackend("${version}", null, console.log);
      backend.output(17, 1);
      backend.input(27, () => {});
      setInterval(() => {}, 1000);`;
    const program = start(["--input-type=module", "-e", code], {
      cwd: folder,
      environment: { PATH: `${folder}:${PATH}` },
    });
    await until(
      () => readFileSync(join(folder, "diary"), "utf8").includes("listening") && isHeld(folder, 17),
      () => program.stderr,
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    program.process.kill("SIGKILL");
    await until(() => !isHeld(folder, 17) && !isHeld(folder, 27));
  });
});
