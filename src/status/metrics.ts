/** Metrics in the text format of Prometheus, version 0.0.4: base units, `_total` at the end of a counter. */
import type { StatusDocument, SyncDocument } from "./document.ts";

type Labels = Record<string, string>;
/** A value, or several with labels; null where it is not known. */
type Values = number | null | readonly (readonly [Labels, number | null])[];

const escaped = (text: string) =>
  text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');

const labelled = (labels: Labels) => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
};

function metric(name: string, type: "counter" | "gauge", help: string, values: Values): string {
  const list = typeof values === "object" && values !== null ? values : [[{}, values] as const];
  const lines = list.flatMap(([labels, value]) =>
    value === null || !Number.isFinite(value) ? [] : [`rivulet_${name}${labelled(labels)} ${value}\n`],
  );
  if (lines.length === 0) return "";
  return `# HELP rivulet_${name} ${help}\n# TYPE rivulet_${name} ${type}\n${lines.join("")}`;
}

/** The state of a daemon as metrics. No label has more values than the config has fields or the ensemble has experts. */
export function metricsText(document: StatusDocument): string {
  return [
    metric("build_info", "gauge", "Version of Rivulet and name of the config; always 1.", [
      [{ version: document.version, name: document.name }, 1],
    ]),
    sampleMetrics(document),
    trainingMetrics(document),
    scoreMetrics(document),
    anomalyMetrics(document),
    fieldMetrics(document),
    machineMetrics(document),
  ].join("");
}

function sampleMetrics({ samples, source, labels, health, clock }: StatusDocument): string {
  return [
    metric("up", "gauge", "Whether the daemon handles what it receives.", Number(health !== "hung")),
    metric("samples_total", "counter", "Samples that were learned from.", samples.learned),
    metric("samples_lost_total", "counter", "Samples that were numbered and never arrived.", samples.missing),
    metric("samples_damaged_total", "counter", "Frames or lines that arrived damaged.", samples.damaged),
    metric("samples_refused_total", "counter", "Samples that were not learned from, by reason.", [
      [{ reason: "rejected" }, samples.rejected],
      [{ reason: "unmatched" }, samples.unmatched],
      [{ reason: "dropped" }, samples.dropped],
    ]),
    metric(
      "samples_unlabelled_total",
      "counter",
      "Samples without a target, predicted only.",
      samples.unlabelled,
    ),
    metric(
      "labels_total",
      "counter",
      "Samples whose label came late, by what became of it.",
      Object.entries(labels ?? {}).map(([outcome, count]) => [{ outcome }, count]),
    ),
    metric("samples_per_second", "gauge", "Samples a second lately.", samples.perSecond),
    metric(
      "source_connected",
      "gauge",
      "Whether the source of samples is open.",
      Number(source.state === "open"),
    ),
    metric("source_losses_total", "counter", "Times that the source was lost.", source.losses),
    clock &&
      metric("clock_faults_total", "counter", "What was wrong with the clock of the device, by kind.", [
        [{ kind: "gap" }, clock.gaps],
        [{ kind: "repeat" }, clock.repeated],
        [{ kind: "step back" }, clock.back],
        [{ kind: "absent" }, clock.absent],
      ]),
    metric("source_bytes_total", "counter", "Bytes received.", source.bytes),
  ].join("");
}

function trainingMetrics({ training }: StatusDocument): string {
  return [
    metric("updates_total", "counter", "Updates of the weights since learning began.", training.updates),
    metric(
      "steps_skipped_total",
      "counter",
      "Updates left out as they were not finite.",
      training.skippedSteps,
    ),
    metric("loss", "gauge", "Loss of the latest step.", training.loss),
    metric("drift_total", "counter", "Times that predictions became worse.", training.drifts),
    metric("learning_paused", "gauge", "Whether learning is paused.", Number(training.paused)),
  ].join("");
}

function scoreMetrics({ scores, target }: StatusDocument): string {
  const parts = "experts" in scores ? scores : null;
  const ofClasses = "accuracy" in scores ? scores : null;
  const ofNumbers = "mae" in scores ? scores : null;
  const known = scores.samples > 0;
  const whenKnown = (value: number) => (known ? value : null);
  return [
    metric("predictions_scored_total", "counter", "Predictions that were scored.", scores.samples),
    ofClasses &&
      metric("accuracy", "gauge", "Share of right predictions.", [
        [{ window: "recent" }, whenKnown(ofClasses.slidingAccuracy)],
        [{ window: "all" }, whenKnown(ofClasses.accuracy)],
      ]),
    ofClasses &&
      metric("baseline_accuracy", "gauge", "Share of right predictions of a simple rule.", [
        [{ model: "most frequent class" }, whenKnown(ofClasses.baselineAccuracy)],
      ]),
    ofClasses &&
      metric(
        "class_f1",
        "gauge",
        "F score of a class.",
        ofClasses.perClass.map(({ f1 }, index) => [{ class: target?.classes?.[index] ?? String(index) }, f1]),
      ),
    ofNumbers &&
      metric("mean_absolute_error", "gauge", "Mean absolute error in the units of the target.", [
        [{ window: "recent" }, whenKnown(ofNumbers.fadingMae)],
        [{ window: "all" }, whenKnown(ofNumbers.mae)],
      ]),
    ofNumbers &&
      metric("baseline_mean_absolute_error", "gauge", "Mean absolute error of a simple rule.", [
        [{ model: "mean" }, whenKnown(ofNumbers.baselineMae)],
      ]),
    parts &&
      metric("skill", "gauge", "Part of the best rule's loss that is saved.", whenKnown(parts.skill)) +
        metric(
          "baseline_loss",
          "gauge",
          "Mean loss of a simple rule.",
          parts.baselines.map(({ name, loss }) => [{ model: name }, loss]),
        ) +
        metric(
          "expert_weight",
          "gauge",
          "How much an expert counts in the answer.",
          parts.experts.map(({ name, weight }) => [{ expert: name }, weight]),
        ),
  ]
    .filter(Boolean)
    .join("");
}

function anomalyMetrics({ anomaly }: StatusDocument): string {
  if (anomaly === null) return "";
  return [
    metric("anomaly_open", "gauge", "Whether an episode of anomaly is under way.", Number(anomaly.isOpen)),
    metric("anomaly_ready", "gauge", "Whether enough is known to tell anomalies.", Number(anomaly.isWarm)),
    metric("anomaly_evidence", "gauge", "How unusual the latest sample is, in nats.", anomaly.evidence),
    metric("anomaly_threshold", "gauge", "Evidence that an alarm needs, in nats.", anomaly.threshold),
    metric("anomalies_total", "counter", "Episodes of anomaly since learning began.", anomaly.alarms),
    metric("anomalies_accepted_total", "counter", "Lasting changes that became normal.", anomaly.accepted),
    metric(
      "anomalies_said_normal_total",
      "counter",
      "Episodes that somebody said were normal.",
      anomaly.saidNormal,
    ),
  ].join("");
}

function fieldMetrics({ fields }: StatusDocument): string {
  const of = (pick: (field: StatusDocument["fields"][number]) => number | null) =>
    fields.map((field) => [{ field: field.name }, pick(field)] as const);
  return [
    metric(
      "field_value",
      "gauge",
      "Latest value of a field.",
      of(({ latest }) => latest),
    ),
    metric(
      "field_mean",
      "gauge",
      "Mean of a field.",
      of(({ mean }) => mean),
    ),
    metric(
      "field_faults_total",
      "counter",
      "Values of a field that cannot be true.",
      of(({ notFinite, outOfRange, stuck }) => notFinite + outOfRange + stuck),
    ),
  ].join("");
}

function syncMetrics({ ageSeconds, sent, waiting, dropped }: SyncDocument): string {
  return [
    metric("sync_age_seconds", "gauge", "Time since a run last reached the host.", ageSeconds),
    metric("sync_pending", "gauge", "Checkpoints that wait for the host.", waiting),
    metric("sync_sent_total", "counter", "Checkpoints that the host has.", sent),
    metric("sync_dropped_total", "counter", "Checkpoints that were deleted unsent.", dropped),
  ].join("");
}

function machineMetrics({
  memory,
  checkpoint,
  sync,
  replies,
  outputs,
  server,
  uptimeSeconds,
}: StatusDocument): string {
  return [
    metric("resident_bytes", "gauge", "Memory of the process.", memory.residentBytes),
    metric("arena_bytes", "gauge", "Memory that the learner was planned with.", memory.arenaBytes),
    metric("uptime_seconds", "gauge", "Time since the process began.", uptimeSeconds),
    metric("checkpoint_age_seconds", "gauge", "Time since the latest checkpoint.", checkpoint.ageSeconds),
    metric("checkpoints_total", "counter", "Checkpoints that were saved.", checkpoint.saved),
    metric("checkpoint_bytes_total", "counter", "Bytes of all saved checkpoints.", checkpoint.bytes),
    sync && syncMetrics(sync),
    metric("replies_total", "counter", "Replies that were sent to the device.", replies.sent),
    metric("replies_dropped_total", "counter", "Replies that the device did not take.", replies.dropped),
    metric(
      "predictions_sent_total",
      "counter",
      "Predictions that were sent, by output.",
      outputs.map(({ name, sent }) => [{ output: name }, sent]),
    ),
    metric(
      "predictions_dropped_total",
      "counter",
      "Predictions that a slow or absent reader missed, by output.",
      outputs.map(({ name, dropped }) => [{ output: name }, dropped]),
    ),
    metric("status_requests_total", "counter", "Requests to the status server.", server.requests),
    metric("status_refused_total", "counter", "Requests that were refused.", server.refused),
    metric("status_slow_readers_total", "counter", "Clients that were dropped.", server.slowReaders),
    metric("status_errors_total", "counter", "Failures of the status server.", server.errors),
  ].join("");
}
