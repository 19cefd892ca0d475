import { chooseVariant } from "../engine/kernels/kernels.ts";
import { UsageError } from "../errors/errors.ts";
import { type Figure, figureTable, threeDigits } from "./bench/figure.ts";
import { groups, measureGroups } from "./bench/groups.ts";
import type { Invocation, Report } from "./command-line/command.ts";

/** Measures this machine, and explains the results. */
export async function run({ options }: Invocation): Promise<Report> {
  const rounds = roundsOf(options["rounds"]);
  const names = namesOf(options["only"]);
  const figures = await measureGroups(groups, names, rounds);
  const sentences = conclusion(figures);
  const kernels = chooseVariant(false);
  const head = `Node ${process.version}, ${process.arch}, ${kernels} kernels; medians of ${rounds} rounds in turn`;
  return {
    data: { node: process.version, processor: process.arch, kernels, rounds, figures, sentences },
    text: [head, "", figureTable(figures), "", ...sentences].join("\n"),
  };
}

function namesOf(only: string | undefined): string[] {
  if (only === undefined) return Object.keys(groups);
  const names = only.split(",");
  const unknown = names.find((name) => !(name in groups));
  if (unknown !== undefined) {
    throw new UsageError(`--only must name some of ${Object.keys(groups).join(", ")}, found "${unknown}"`);
  }
  return names;
}

function roundsOf(text: string | undefined): number {
  if (text === undefined) return 9;
  const rounds = Number(text);
  if (Number.isInteger(rounds) && rounds >= 1 && rounds <= 1000) return rounds;
  throw new UsageError(`--rounds must be a whole number from 1 to 1000, found "${text}"`);
}

/** Explains the figures, in a sentence each: speed, memory, and the limit of the speed. */
function conclusion(figures: readonly Figure[]): string[] {
  const find = (group: string, name = "") =>
    figures.find((figure) => figure.group === group && figure.name.startsWith(name));
  const sentences: string[] = [];
  const sensor = find("sensor network");
  if (sensor) {
    const rate = sensor.value.median;
    sentences.push(
      `A typical sensor network (${sensor.name}) learns from ${threeDigits(rate)} thousand samples a second on one core: at 1000 samples a second it keeps the core busy for ${threeDigits(100 / rate)} % of the time.`,
    );
  }
  const daemon = find("resident memory", "run");
  const bare = find("resident memory", "bare");
  if (daemon && bare) {
    sentences.push(
      `The daemon takes ${threeDigits(daemon.value.median)} MiB of memory at a thousand samples a second, of which ${threeDigits(bare.value.median)} are Node itself.`,
    );
  }
  const large = find("training step", "W4");
  if (large?.reference) {
    const share = Math.round(100 * large.reference.share);
    sentences.push(
      share >= 70
        ? `Large networks run at ${share} % of what this core's vector units can multiply and add, so the processor is the limit; small ones are limited by the fixed cost of each layer.`
        : `Large networks run at ${share} % of what this core's vector units can multiply and add, so memory or other work on this machine is the limit.`,
    );
  } else if (large) {
    sentences.push(
      chooseVariant(false) === "scalar"
        ? "There is no vector unit to compare with here, so plain TypeScript is the limit."
        : `The distance of large networks from the limit of this core is unknown, because Node ${process.version} compiles the measuring loop worse than the kernels.`,
    );
  }
  return sentences;
}
