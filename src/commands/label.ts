import { type Config, loadConfig, requiredTarget, type TargetConfig } from "../config/config.ts";
import type { StatusConfig } from "../config/status-config.ts";
import { parseLabels } from "../daemon/labels/label-request.ts";
import { RivuletError, UsageError } from "../errors/errors.ts";
import { reasonOf } from "../errors/system-error.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import { answerOf, clientOf, type Told, toldIn } from "./live/daemon-client.ts";

/** Tells a running daemon what samples that have passed were. */
export async function run({ positionals: [file], options }: Invocation): Promise<Report> {
  const config = loadConfig(file);
  const target = requiredTarget(config);
  const text = JSON.stringify(documentOf(options));
  checkHere(text, target);
  if (config.status === null) {
    throw new RivuletError(
      "label.not-kept",
      `${file} has no status server, which takes labels; add the line "status: { listen: 127.0.0.1:8787 }" and start the daemon again`,
      { path: "status" },
    );
  }
  const answer = await post(config, config.status, text);
  const { done, text: sentence, ...counts } = answer;
  if (!done) throw new RivuletError("label.not-kept", `${config.name}: ${sentence}`);
  return { data: counts, text: `labels of ${config.name}: ${sentence}` };
}

/** Refuses here what would be refused there: then the daemon need not run. @throws UsageError */
function checkHere(text: string, target: TargetConfig): void {
  const { classes, names } = "classes" in target ? target : { classes: 0, names: undefined };
  // Names that the stream brings are known to the daemon alone.
  const areOpen = names !== undefined && names.length < classes;
  const document = JSON.parse(text) as { label: unknown };
  if (areOpen && typeof document.label === "string") document.label = 0;
  try {
    parseLabels(JSON.stringify(document), { classes, names: areOpen ? [] : (names ?? []) });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
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
async function post(config: Config, { tokenFile }: StatusConfig, text: string): Promise<Told> {
  const { file, name } = config;
  const client = clientOf(config);
  if (client.token === null) {
    throw new RivuletError(
      "label.not-kept",
      `cannot read the token of the status server in ${tokenFile}; start rivulet run ${file}, or do this as the user that runs it`,
    );
  }
  const unreachable = (reason: string) =>
    new RivuletError(
      "label.not-kept",
      `${name} cannot be reached at ${client.address}: ${reason}; check that rivulet run ${file} is running`,
    );
  const response = await client.open("labels", { body: text }).catch(({ cause }: Error) => {
    throw unreachable(reasonOf(cause));
  });
  const { statusCode } = response;
  if (statusCode === 200 || statusCode === 409)
    return toldIn(await answerOf(response, client.address), client.address);
  response.destroy();
  throw unreachable(`found the answer ${statusCode}`);
}
