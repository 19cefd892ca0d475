import { existsSync, statSync } from "node:fs";
import { readCheckpoint } from "../checkpoint/read-checkpoint.ts";
import { modelOf } from "../continuing/model-file.ts";
import { RivuletError, UsageError } from "../errors/errors.ts";
import {
  type ListedModel,
  listModels,
  type ModelStore,
  type Publication,
  publishModel,
  rollbackModel,
} from "../sync/client/publish.ts";
import { createSigningKey, readSigningKey, type SigningKey } from "../sync/client/signing-key.ts";
import { mostVersion } from "../sync/names.ts";
import { formatCount, formatSize } from "../wording/quantities.ts";
import { required, wholeNumber } from "./command-line/call.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import { type Behind, clientOf, keySource, storeAddress } from "./host/behind.ts";
import { defaultFolder, readReached, writeTrust } from "./host/own-files.ts";
import { defaultKeyFile, modelsBlock, requireGroupName } from "./models/key-file.ts";
import { textTable } from "./terminal/text-table.ts";

/** Publishes networks for groups of boards, and makes the key that signs them. */
export async function run(invocation: Invocation): Promise<Report> {
  const [action, named] = invocation.positionals;
  if (action === "key") return makeKey(named ?? invocation.options["key"] ?? defaultKeyFile());
  if (action === "publish") {
    if (named === undefined)
      throw new UsageError(
        "rivulet models publish needs CHECKPOINT: rivulet models publish CHECKPOINT --group NAME",
      );
    return publish(named, invocation);
  }
  if (action !== "rollback" && action !== "list") {
    throw new UsageError(`rivulet models does not know "${action}", expected publish, rollback, list or key`);
  }
  if (named !== undefined) throw new UsageError(`rivulet models ${action} takes no file, found "${named}"`);
  return action === "rollback" ? rollback(invocation) : list(invocation);
}

/** Makes the key where there is none, and says what boards need of it. */
function makeKey(file: string): Report {
  const isNew = !existsSync(file);
  const { trust } = isNew ? createSigningKey(file) : readSigningKey(file);
  return {
    // The key itself is in neither: such documents end in logs.
    data: { file, isNew, trust },
    text: [
      isNew
        ? `made the key ${file}, which signs models: keep a copy of it, as boards accept only models signed with it`
        : `${file} is there already, and stays`,
      "",
      "# In the config of a board, below sync:",
      modelsBlock("GROUP", trust),
    ].join("\n"),
  };
}

/** Where to publish, for whom, and with which key. */
interface Place {
  to: string;
  group: string;
  key: SigningKey;
  store: ModelStore;
  dryRun: boolean;
}

/** Opens what `--to` names for as long as `work` takes. */
async function withPlace(
  action: string,
  invocation: Invocation,
  work: (place: Place) => Promise<Report>,
): Promise<Report> {
  const { options } = invocation;
  const group = required(invocation, `models ${action}`, "group", "NAME");
  requireGroupName(group);
  const key = readSigningKey(options["key"] ?? defaultKeyFile());
  const to = options["to"] ?? defaultFolder;
  const { folder, behind } = locate(to, options);
  const store = behind === null ? await folderStore(to) : (await clientOf(behind)).store;
  try {
    const dryRun = invocation.switches.has("dry-run");
    const report = await work({ to, group, key, store, dryRun });
    if (folder !== null && action !== "list" && !dryRun) writeTrust(folder, group, key.trust);
    return report;
  } finally {
    store.close();
  }
}

async function folderStore(folder: string) {
  const { openModelFolder } = await import("../sync/host/model-folder.ts");
  return openModelFolder(folder);
}

/** The folder of a host or front on this machine, and the store that has its objects; null: the folder has them. */
function locate(
  to: string,
  options: Invocation["options"],
): { folder: string | null; behind: Behind | null } {
  const region =
    options["region"] ?? process.env["AWS_REGION"] ?? process.env["AWS_DEFAULT_REGION"] ?? "us-east-1";
  if (to.includes("://")) {
    const source = keySource("to", options) ?? { environment: true };
    const fingerprint = options["fingerprint"]?.replaceAll(":", "").toLowerCase();
    return { folder: null, behind: { to: storeAddress("to", to, region), region, source, fingerprint } };
  }
  const behind = readReached(to)?.store ?? null;
  const extra = ["store-key", "store-secret", "store-command"].find((name) => options[name] !== undefined);
  if (extra !== undefined && behind === null)
    throw new UsageError(
      `--${extra} needs a store, but --to names the folder ${to}; leave it out, or name a store with --to`,
    );
  if (behind === null && !(existsSync(to) && statSync(to).isDirectory())) {
    throw new RivuletError(
      "host.bad-folder",
      `there is no folder ${to}; name with --to the folder of a host, or the URL of a host or store`,
    );
  }
  return { folder: to, behind };
}

function publish(path: string, invocation: Invocation): Promise<Report> {
  return withPlace("publish", invocation, async (place) => {
    const { file, checkpoint, refused } = readCheckpoint(path);
    const model = modelOf(checkpoint, file);
    const publication = await publishModel({ ...place, model });
    const { pointer, isNew } = publication;
    const learned = `the network of ${file}, ${formatCount(checkpoint.samplesSeen, "sample")} learned, ${formatSize(pointer.bytes)}`;
    const verb = place.dryRun ? "would publish" : "published";
    return {
      data: { ...dataOf(place, publication), from: file, samplesSeen: checkpoint.samplesSeen, refused },
      text: [
        ...refused.map((sentence) => `passed over: ${sentence}`),
        isNew
          ? `${verb} ${learned}, as version ${pointer.version} for ${place.group} in ${place.to}`
          : `version ${pointer.version} for ${place.group} in ${place.to} is the network of ${file} already; nothing was published`,
        ...takenBy(place),
      ].join("\n"),
    };
  });
}

function rollback(invocation: Invocation): Promise<Report> {
  const range = { minimum: 1, maximum: mostVersion };
  const asked = wholeNumber(invocation, "to-version", 0, range);
  return withPlace("rollback", invocation, async (place) => {
    const publication = await rollbackModel({ ...place, ...(asked === 0 ? {} : { toVersion: asked }) });
    const { pointer, isNew, of } = publication;
    const verb = place.dryRun ? "would publish" : "published";
    return {
      data: { ...dataOf(place, publication), rolledBackTo: of },
      text: isNew
        ? [
            `${verb} the network of version ${of} again, as version ${pointer.version} for ${place.group} in ${place.to}`,
            ...takenBy(place),
          ].join("\n")
        : `the network of version ${of} is the present one already, in version ${pointer.version}; nothing was published`,
    };
  });
}

const dataOf = ({ to, group, key, dryRun }: Place, { pointer, isNew }: Publication) => {
  const { version, sha256, bytes, base, createdAt } = pointer;
  return { to, group, version, isNew, sha256, bytes, base, createdAt, trust: key.trust, dryRun };
};

/** Which boards take what was published. */
const takenBy = ({ group, key, dryRun }: Place): string[] =>
  dryRun
    ? ["nothing was written"]
    : [
        "boards take it with their next rivulet sync if they have, below sync:",
        modelsBlock(group, key.trust),
      ];

function list(invocation: Invocation): Promise<Report> {
  return withPlace("list", invocation, async ({ store, group, key, to }) => {
    const models = await listModels(store, group, key.trust);
    if (models.length === 0)
      return { data: { to, group, models }, text: `no model was published for ${group} in ${to}` };
    const rows = models.map((model, index) => cellsOf(models, index, model));
    return {
      data: {
        to,
        group,
        models: models.map(({ version, pointer, fault }) => ({ ...pointer, version, fault })),
      },
      text: textTable(["version", "published", "bytes", "network", ""], rows, [0, 2]),
    };
  });
}

/** A network is shown by the first digits of its digest, so that a rollback is recognized. */
function cellsOf(
  models: readonly ListedModel[],
  index: number,
  { version, pointer, fault }: ListedModel,
): string[] {
  if (pointer === null) return [String(version), "", "", "", fault ?? ""];
  const { createdAt, bytes, sha256 } = pointer;
  const again = models.slice(index + 1).findLast((other) => other.pointer?.sha256 === sha256);
  const notes = [
    ...(index === 0 ? ["the newest"] : []),
    ...(again === undefined ? [] : [`again that of ${again.version}`]),
  ];
  return [String(version), createdAt, String(bytes), sha256.slice(0, 16), notes.join(", ")];
}
