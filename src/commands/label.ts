import { request } from "node:http";
import { type Config, loadConfig } from "../config/config.ts";
import type { StatusConfig } from "../config/status-config.ts";
import { parseLabels } from "../daemon/labels/label-request.ts";
import { RivuletError, UsageError } from "../errors/errors.ts";
import { reasonOf } from "../errors/system-error.ts";
import { tokenIn } from "../status/token.ts";
import { formatAddress } from "../wording/address.ts";
import type { Invocation, Report } from "./command-line/command.ts";

/** A daemon on this machine answers at once, if at all. */
const longestMs = 10_000;

/** Tells a running daemon what samples that have passed were. */
export async function run({ positionals: [file], options }: Invocation): Promise<Report> {
  const config = loadConfig(file);
  const text = JSON.stringify(documentOf(options));
  // Refused here where it would be refused there: then the daemon need not run.
  parseLabels(text, {
    classes: "classes" in config.target ? config.target.classes : 0,
    names: [],
  });
  if (config.status === null) {
    throw new RivuletError(
      "label.not-kept",
      `${file} has no status server, which takes labels; add the line "status: { listen: 127.0.0.1:8787 }" and start the daemon again`,
      { path: "status" },
    );
  }
  const answer = await post(config, config.status, text);
  const { done, text: sentence, ...counts } = JSON.parse(answer) as { done: boolean; text: string };
  if (!done) throw new RivuletError("label.not-kept", `${config.name}: ${sentence}`);
  return { data: counts, text: `labels of ${config.name}: ${sentence}` };
}

/** The label as the daemon reads it. */
function documentOf(options: Invocation["options"]): Record<string, unknown> {
  const { class: named, value, sequence, ...rest } = options;
  if ((named === undefined) === (value === undefined)) {
    throw new UsageError("label needs one of --class CLASS and --value NUMBER");
  }
  const label = named ?? value ?? "";
  return {
    ...rest,
    ...(sequence === undefined ? {} : { sequence: Number(sequence) }),
    // A class by its number or its name.
    label: label.trim() !== "" && Number.isFinite(Number(label)) ? Number(label) : label,
  };
}

/** Sends a label to the status server of the config, and returns its answer. */
function post({ file, name }: Config, { listen, tokenFile }: StatusConfig, text: string): Promise<string> {
  const token = tokenIn(tokenFile);
  if (token === null) {
    throw new RivuletError(
      "label.not-kept",
      `cannot read the token of the status server in ${tokenFile}; start rivulet run ${file}, or do this as the user that runs it`,
    );
  }
  // To an address that stands for all of this machine nothing can be sent.
  const host = listen.host === "0.0.0.0" ? "127.0.0.1" : listen.host === "::" ? "::1" : listen.host;
  const unreachable = (reason: string) =>
    new RivuletError(
      "label.not-kept",
      `${name} cannot be reached at ${formatAddress({ ...listen, host })}: ${reason}; is rivulet run ${file} under way?`,
    );
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        ...{ host, port: listen.port, method: "POST", path: "/labels", timeout: longestMs },
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("end", () => {
          const body = Buffer.concat(chunks).toString("utf8");
          if (response.statusCode === 200 || response.statusCode === 409) resolve(body);
          else reject(unreachable(`found the answer ${response.statusCode}`));
        });
      },
    );
    sent.on("timeout", () => sent.destroy(unreachable("found no answer within 10 s")));
    sent.on("error", (error) => reject(error instanceof RivuletError ? error : unreachable(reasonOf(error))));
    sent.end(text);
  });
}
