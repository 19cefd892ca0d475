/** What the board's buttons do: label the latest samples, pause learning, save a checkpoint. */
import type { GpioHooks, LabelButtonConfig } from "../device/gpio/gpio.ts";
import type { CheckpointSaver } from "./checkpoint-saver.ts";
import type { Log } from "./log.ts";
import type { SamplePath } from "./sample-path.ts";

/** Hooks by which the pins of the board act on the daemon; each press is logged. */
export function createButtons(
  path: SamplePath,
  saver: CheckpointSaver,
  log: Log,
): Pick<GpioHooks, "onLabel" | "onPause" | "onNormal" | "onCheckpoint"> {
  // A press is about what came since the one before it, by this or another button.
  let after = 0;
  return {
    onLabel(button) {
      label(path, button, after, log);
      if (!path.isPaused) after = path.taken;
    },
    onPause() {
      path.isPaused = !path.isPaused;
      const text = path.isPaused
        ? "pause button: samples are predicted, and not learned from until it is pressed again"
        : "pause button: learning continues";
      log({ event: "pause", text, details: { paused: path.isPaused } });
    },
    onNormal() {
      const { done, text } = path.takeAsNormal();
      if (!done) log({ event: "anomaly-normal", text: `normal button: ${text}` });
    },
    onCheckpoint: () => void save(saver, log),
  };
}

function label(
  { isPaused, stations }: SamplePath,
  { class: label, seconds }: LabelButtonConfig,
  after: number,
  log: Log,
): void {
  if (isPaused) {
    const text = `label button: learning is paused, and the last ${seconds} s are not labelled class ${label}`;
    log({ event: "label", text, problem: true });
    return;
  }
  const outcome = stations.lateLabels?.apply(
    { samples: { last: 1000 * seconds }, label, id: null },
    { after },
  );
  const { joined = 0, corrected = 0, repeated = 0 } = outcome ?? {};
  const samples = joined + corrected + repeated;
  const text = `label button: ${samples} samples of the last ${seconds} s were class ${label}, and are learned as such`;
  log({ event: "label", text, details: { label, seconds, labelled: samples, corrected } });
}

async function save(saver: CheckpointSaver, log: Log): Promise<void> {
  const isUnderWay = saver.isSaving;
  const path = await saver.saveInPassing();
  const text = path !== null ? `saved ${path}` : isUnderWay ? "a save is under way" : "nothing new was saved";
  log({ event: "checkpoint", text: `checkpoint button: ${text}`, details: { path } });
}
