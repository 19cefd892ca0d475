/**
 * What is known of a kind of board: a file in devices/boards, checked when it is read. Adding a board is adding a file.
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
  /** A second name that the board's system gives it. */
  link: v.optional(devicePath),
  where: text,
});

const profileSchema = v.strictObject({
  name: text,
  /** Strings of /proc/device-tree/compatible, any of which means this board. */
  compatible: v.array(v.pipe(v.string(), v.regex(/^[a-z0-9]+,[a-z0-9-]+$/))),
  processor: text,
  /** What it is sold with, and what the daemon should get along with beside everything else. */
  memory: v.strictObject({ totalMiB: v.array(mebibytes), budgetMiB: mebibytes }),
  serial: v.strictObject({ header: v.optional(uart), debug: v.optional(uart), group: text }),
  boot: v.strictObject({
    /** Sections of config.txt that count for this board, besides [all]. */
    filters: v.array(text),
    /** Lines of config.txt that the header's UART needs; the first of `anyOf` is the one to add. */
    lines: v.array(v.strictObject({ anyOf: v.pipe(v.array(text), v.minLength(1)), why: text })),
    /** What a login console on a UART is called on the kernel's command line. */
    consoles: v.array(text),
    /** Words that switch the memory controller on. */
    memoryController: v.array(text),
  }),
  /** Labels of the chips that drive the header; where none is named, any will do. */
  gpio: v.strictObject({ chips: v.array(text), group: text }),
  node: v.strictObject({
    /** As `process.arch` says, best first. */
    architectures: v.pipe(v.array(v.picklist(["arm64", "arm", "x64"])), v.minLength(1)),
    build: text,
    /** Command that installs it where another Node is. */
    install: text,
    /** The newest 32-bit ARM architecture that the processor runs. */
    armVersion: v.picklist([6, 7]),
  }),
  /** What does not work, or not as one would think; `verified` says whether the source shows it. */
  limits: v.array(v.strictObject({ what: text, verified: v.boolean(), source: text })),
  sources: v.array(text),
});

/** A kind of board; the schema's comments say what the parts are. */
export type BoardProfile = v.InferOutput<typeof profileSchema>;

const shippedFolder = fileURLToPath(new URL("../../devices/boards/", import.meta.url));

/**
 * Reads one profile.
 * @throws RivuletError that names the file and the first key that is not as it must be
 */
export function parseProfile(yaml: string, file: string): BoardProfile {
  let data: unknown;
  try {
    data = parse(yaml);
  } catch (error) {
    throw new RivuletError(
      "profile.invalid",
      `${file}: this is not YAML: ${(error as Error).message.split("\n")[0]}`,
    );
  }
  const result = v.safeParse(profileSchema, data);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const key = (issue.path ?? []).map((item) => String(item.key)).join(".");
  throw new RivuletError("profile.invalid", `${file}: ${key || "the file"}: ${issue.message}; correct it`);
}

/** All profiles of a folder by the name of their file, `raspberry-pi-5`. */
export function loadProfiles(folder = shippedFolder): Map<string, BoardProfile> {
  const profiles = new Map<string, BoardProfile>();
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
  } catch (error) {
    throw new RivuletError(
      "profile.invalid",
      `the board profiles in ${folder} cannot be read (${reasonOf(error)}): install Rivulet again`,
    );
  }
  for (const name of names.sort()) {
    const profile = parseProfile(readFileSync(join(folder, name), "utf8"), name);
    profiles.set(name.slice(0, -".yaml".length), profile);
  }
  return profiles;
}
