import { type Config, loadConfig, sampleColumns } from "../daemon/config.ts";
import { planConfig } from "../daemon/plan-config.ts";
import { formatSize } from "../daemon/quantities.ts";
import { type PlannedBuffer, plan } from "../engine/plan.ts";
import { UsageError } from "../errors.ts";
import type { Invocation, Report } from "./command.ts";
import { textTable } from "./terminal/text-table.ts";

/** Every buffer of the arena, before anything is allocated. */
export async function run({ positionals: [file], options }: Invocation): Promise<Report> {
  const config = loadConfig(file);
  const columns = await columnsFor(config, file, options["data"]);
  const { model, buffers, totalBytes, unsharedBytes, batchSize, program, gather, shards } = planConfig(
    config,
    columns,
  );
  const predictingBytes = plan(model, { batchSize, training: false }).totalBytes;
  const daily = dailyWrites(config, columns.length, buffers);
  const instructions = Object.values(program).flat().length;
  return {
    data: {
      config: file,
      batchSize,
      instructions,
      buffers,
      totalBytes,
      unsharedBytes,
      predictingBytes,
      shards,
      updates: gather ? "gathered" : "in place",
      budgetBytes: config.memory.budgetBytes,
      daily,
    },
    text: [
      textTable(
        ["buffer", "role", "shape", "bytes", "offset", "lifetime"],
        buffers.map((buffer) => [
          buffer.name,
          buffer.role,
          `${buffer.shape.join(" x ")} ${buffer.dtype}`,
          String(buffer.bytes),
          String(buffer.offset),
          lifetimeOf(buffer),
        ]),
        [3, 4],
      ),
      "",
      `total     ${totalBytes} bytes (${formatSize(totalBytes)}), for batches of ${batchSize}`,
      `sharing   saves ${unsharedBytes - totalBytes} bytes: buffers that do not live at the same time share space`,
      `updates   ${gather ? "gathered: gradients are kept until all are there" : "in place: each gradient makes room for the next, no two exist at a time"}`,
      ...(shards === null
        ? []
        : [
            `shards    ${shards.count} of ${shards.rows} rows, each with space of its own, on which the threads of rivulet fit work side by side`,
          ]),
      `predict   a network that only predicts takes ${predictingBytes} bytes (${formatSize(predictingBytes)})`,
      `a day     ${daily.checkpoints} checkpoints of ${formatSize(daily.checkpointBytes)} at most and ${daily.statusLines} lines of status: with what the file system adds ${formatSize(daily.bytes)} on the SD card, if it learns all day`,
      `lifetime  first to last of the ${instructions} instructions between which the content counts`,
      ...(config.memory.budgetBytes === null
        ? []
        : [
            `budget    ${config.memory.budgetBytes} bytes: ${config.memory.budgetBytes - totalBytes} to spare`,
          ]),
    ].join("\n"),
  };
}

const dayMs = 24 * 60 * 60 * 1000;
/** A day's lines, at one a minute. */
const statusLines = 24 * 60;
/** More than was ever seen of one, with a name and numbers of usual length. */
const statusLineBytes = 256;
/** A checkpoint beside parameters and optimizer state: its description and scores, and what it keeps of each column. */
const descriptionBytes = 4096;
const columnBytes = 128;
/** What ext4 adds to each save: a new file, its name, the old one's end, and its journal. `npm run bench -- sd-card`. */
const fileSystemBytes = 32 * 1024;

/** What a day of learning writes with checkpoint.every and a status line a minute. An SD card wears out by it. */
function dailyWrites({ checkpoint }: Config, columns: number, buffers: readonly PlannedBuffer[]) {
  const kept = buffers.filter(({ role }) => role === "parameter" || role === "optimizer state");
  const checkpointBytes = kept.reduce(
    (sum, { bytes }) => sum + bytes,
    descriptionBytes + columnBytes * columns,
  );
  const checkpoints = Math.ceil(dayMs / checkpoint.everyMs);
  const bytes = checkpoints * (checkpointBytes + fileSystemBytes) + statusLines * statusLineBytes;
  return { checkpoints, checkpointBytes, statusLines, bytes };
}

function lifetimeOf({ lifetime }: PlannedBuffer): string {
  return lifetime === null ? "always" : `${lifetime.first} to ${lifetime.last}`;
}

async function columnsFor(config: Config, file: string, data: string | undefined): Promise<string[]> {
  const columns = sampleColumns(config);
  if (columns !== null) return columns;
  if (data === undefined) {
    throw new UsageError(
      `${file} names no source.fields: add them, or give the columns of a file with --data FILE`,
    );
  }
  const { columnsOf } = await import("./data-file.ts");
  return columnsOf(config, data);
}
