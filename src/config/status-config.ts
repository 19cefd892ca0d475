/** The key `status` of a config: where the daemon can be watched, and by whom. */
import { dirname, join, resolve } from "node:path";
import * as v from "valibot";
import { type ListenAddress, parseAddress } from "../wording/address.ts";
import { accepting, defaultsOf, list, map, must, optional, text } from "./schema.ts";

/** The key `status` with every default. */
export interface StatusConfig {
  listen: ListenAddress;
  /** Absolute path of the file that holds the token. */
  tokenFile: string;
  /** Further names by which this machine is addressed. */
  names: string[];
}

/** Address and port to listen at. */
export function listenAddress(example: string) {
  const expectation = `an address of this machine and a port, such as ${example}`;
  const message = must(expectation);
  return accepting(
    expectation,
    v.pipe(
      v.string(message),
      v.check((written) => parseAddress(written) !== null, message),
      v.transform((written) => parseAddress(written) as ListenAddress),
    ),
  );
}

export const statusSchema = map({
  listen: optional(
    "Address at which the status page is served; any but a loopback address asks for the token",
    listenAddress("127.0.0.1:8787"),
    { default: "127.0.0.1:8787" },
  ),
  tokenFile: optional(
    "File with the token, readable by its owner alone; it is made with a random token where it is missing",
    text("the path of a file"),
    { otherwise: "status-token in checkpoint.directory" },
  ),
  names: optional(
    "Further host names under which the page is opened, such as that of a reverse proxy",
    list(text("a host name"), "a list of host names such as [pump.example]"),
    { otherwise: "the machine's own name and addresses" },
  ),
});
const defaults = defaultsOf(statusSchema);

type Parsed = v.InferOutput<typeof statusSchema>;

/**
 * Fills in the defaults of the key `status`.
 *
 * @param file path of the config, at whose folder relative paths begin
 * @param directory folder of the checkpoints
 */
export function statusWithDefaults(
  { listen, tokenFile, names }: Parsed,
  file: string,
  directory: string,
): StatusConfig {
  return {
    listen: listen ?? defaults.listen,
    tokenFile: tokenFile === undefined ? join(directory, "status-token") : resolve(dirname(file), tokenFile),
    names: (names ?? []).map((name) => name.toLowerCase()),
  };
}
