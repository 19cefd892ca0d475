/**
 * Board profiles: one file in devices/boards for each kind of board, validated when it is read. To add a board, add a
 * file.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { parse } from "yaml";
import { RivuletError } from "../errors/errors.ts";
import { reasonOf } from "../errors/system-error.ts";

const text = v.pipe(v.string(), v.nonEmpty());
const mebibytes = v.pipe(v.number(), v.integer(), v.minValue(1));
const devicePath = v.pipe(v.string(), v.startsWith("/dev/"));

const uart = v.strictObject({
  path: devicePath,
  /** A symbolic link to it that the board's system creates. */
  link: v.optional(devicePath),
  /** Its pins or connector, in words. */
  where: text,
});

const profileSchema = v.strictObject({
  name: text,
  /** Strings of /proc/device-tree/compatible; any of them identifies this board. */
  compatible: v.array(v.pipe(v.string(), v.regex(/^[a-z0-9]+,[a-z0-9-]+$/))),
  processor: text,
  /** The memory sizes that are sold, and the most that the daemon should use beside other programs. */
  memory: v.strictObject({ totalMiB: v.array(mebibytes), budgetMiB: mebibytes }),
  serial: v.strictObject({ header: v.optional(uart), debug: v.optional(uart), group: text }),
  boot: v.strictObject({
    /** Sections of config.txt that apply to this board, besides [all]. */
    filters: v.array(text),
    /** Lines of config.txt that the header's UART needs; the first of `anyOf` is the one to add. */
    lines: v.array(v.strictObject({ anyOf: v.pipe(v.array(text), v.minLength(1)), why: text })),
    /** Names of a console on a UART in the kernel's command line (`console=`). */
    consoles: v.array(text),
    /** Parameters of the kernel's command line that enable the memory controller. */
    memoryController: v.array(text),
  }),
  /** Labels of the GPIO chips that drive the header; empty: the first chip is used. */
  gpio: v.strictObject({ chips: v.array(text), group: text }),
  node: v.strictObject({
    /** As in `process.arch`, best first. */
    architectures: v.pipe(v.array(v.picklist(["arm64", "arm", "x64"])), v.minLength(1)),
    build: text,
    /** Command that installs this build. */
    install: text,
    /** The newest 32-bit ARM architecture that the processor runs. */
    armVersion: v.picklist([6, 7]),
  }),
  /** What does not work, or not as expected; `verified`: whether the source confirms it. */
  limits: v.array(v.strictObject({ what: text, verified: v.boolean(), source: text })),
  sources: v.array(text),
});

/** The profile of a kind of board. The comments of the schema explain its keys. */
export type BoardProfile = v.InferOutput<typeof profileSchema>;

const shippedFolder = fileURLToPath(new URL("../../devices/boards/", import.meta.url));

/**
 * Parses and validates one board profile.
 * @throws RivuletError with the file and the first invalid key
 */
export function parseProfile(yaml: string, file: string): BoardProfile {
  let data: unknown;
  try {
    data = parse(yaml);
  } catch (error) {
    throw new RivuletError(
      "profile.invalid",
      `${file} is not valid YAML: ${(error as Error).message.split("\n")[0]}`,
    );
  }
  const result = v.safeParse(profileSchema, data);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const key = (issue.path ?? []).map((item) => String(item.key)).join(".");
  throw new RivuletError("profile.invalid", `${file}: ${key || "the file"}: ${issue.message}; correct it`);
}

/**
 * Reads all board profiles in a folder, by file name without extension, such as `raspberry-pi-5`.
 * @throws RivuletError where the folder cannot be read or a profile is invalid
 */
export function loadProfiles(folder = shippedFolder): Map<string, BoardProfile> {
  const profiles = new Map<string, BoardProfile>();
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
  } catch (error) {
    throw new RivuletError(
      "profile.invalid",
      `cannot read the board profiles in ${folder} (${reasonOf(error)}); reinstall Rivulet`,
    );
  }
  for (const name of names.sort()) {
    const profile = parseProfile(readFileSync(join(folder, name), "utf8"), name);
    profiles.set(name.slice(0, -".yaml".length), profile);
  }
  return profiles;
}
