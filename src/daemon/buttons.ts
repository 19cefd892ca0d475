/** What the board's buttons do: label the latest samples, pause learning, save a checkpoint. */
import type { GpioHooks, LabelButtonConfig } from "../device/gpio/gpio.ts";
import type { SteadyClock } from "../samples/sources/clock.ts";
import type { CheckpointSaver } from "./checkpoint-saver.ts";
import type { Log } from "./log.ts";
import type { SamplePath } from "./sample-path.ts";

/** Hooks by which the pins of the board act on the daemon; each press is logged. */
export function createButtons(
  path: SamplePath,
  saver: CheckpointSaver,
  clock: SteadyClock,
  log: Log,
): Pick<GpioHooks, "onLabel" | "onPause" | "onCheckpoint"> {
  return {
    onLabel: (button) => label(path, button, clock, log),
    onPause() {
      path.isPaused = !path.isPaused;
      const text = path.isPaused
        ? "pause button: samples are predicted, and not learned from until it is pressed again"
        : "pause button: learning goes on";
      log({ event: "pause", text, details: { paused: path.isPaused } });
    },
    onCheckpoint: () => void save(saver, log),
  };
}

function label(
  { isPaused, stations }: SamplePath,
  { class: label, seconds }: LabelButtonConfig,
  clock: SteadyClock,
  log: Log,
): void {
  if (isPaused) {
    const text = `label button: learning is paused, and the last ${seconds} s are not labelled class ${label}`;
    log({ event: "label", text, problem: true });
    return;
  }
  const samples = stations.delayedLabels?.label(label, clock.now() - 1000 * seconds) ?? 0;
  const text = `label button: ${samples} samples of the last ${seconds} s were class ${label}, and are learned as such`;
  log({ event: "label", text, details: { label, seconds, labelled: samples } });
}

async function save(saver: CheckpointSaver, log: Log): Promise<void> {
  const isUnderWay = saver.isSaving;
  const path = await saver.saveInPassing();
  const text = path !== null ? `saved ${path}` : isUnderWay ? "a save is under way" : "nothing new was saved";
  log({ event: "checkpoint", text: `checkpoint button: ${text}`, details: { path } });
}
