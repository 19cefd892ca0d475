import { type Config, loadConfig, sampleColumns } from "../config/config.ts";
import { planAnomaly } from "../config/plan-anomaly.ts";
import { planConfig, planEnsembleOf } from "../config/plan-config.ts";
import { requireBudget } from "../engine/planning/planner.ts";
import { requireEnsembleBudget } from "../learner/ensemble-plan.ts";
import { formatCount, formatSize } from "../wording/quantities.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import { type Fact, facts } from "./terminal/text-table.ts";

/** Checks a config completely, and opens nothing. */
export async function run({ positionals: [file] }: Invocation): Promise<Report> {
  const config = loadConfig(file);
  const columns = sampleColumns(config);
  const plannedBytes = columns === null ? null : plannedBytesOf(config, columns);
  const { name, target, checkpoint } = config;
  const learner = target === null ? "none" : config.ensemble === null ? "network" : "ensemble";
  const memory: Fact =
    plannedBytes === null
      ? ["columns", "those of a data file; how much memory is planned depends on them"]
      : ["memory", `${formatSize(plannedBytes)} planned for ${formatCount(columns?.length ?? 0, "column")}`];
  return {
    data: { config: file, valid: true, name, columns, target, learner, plannedBytes },
    text: facts([
      ["config", `${file} is valid`],
      ["name", name],
      ["target", target?.column ?? "none: it watches for anomalies"],
      target === null
        ? null
        : ["learner", learner === "ensemble" ? "the ensemble" : "the network under model"],
      memory,
      ["checkpoints", checkpoint.directory],
    ]),
  };
}

/** Bytes that the learner and the detector of anomalies would be planned with. @throws RivuletError where memory.budget is less */
function plannedBytesOf(config: Config, columns: readonly string[]): number {
  const learner = config.target === null ? 0 : learnerBytesOf(config, columns);
  return learner + (planAnomaly(config, columns, learner)?.bytes ?? 0);
}

function learnerBytesOf(config: Config, columns: readonly string[]): number {
  const budget = config.memory.budgetBytes ?? Number.POSITIVE_INFINITY;
  if (config.ensemble === null) {
    const plan = planConfig(config, columns);
    requireBudget(plan, budget);
    return plan.totalBytes;
  }
  const planned = planEnsembleOf(config, columns);
  requireEnsembleBudget(planned, budget);
  return planned.totalBytes;
}
