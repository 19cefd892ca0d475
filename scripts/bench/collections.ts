/**
 * Garbage collections of the daemon in a million samples, from the bytes of a real serial port to the weights, and which
 * functions allocate, by name. The young generation is kept at 1 MB, so that whatever allocates for each sample shows.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startFedDaemon } from "../../src/commands/bench/fed-daemon.ts";
import type { Figure } from "../../src/commands/bench/figure.ts";
import { spreadOf } from "../../src/commands/bench/timing.ts";
import { program } from "./program.ts";

const watcher = fileURLToPath(new URL("./watch-collections.cjs", import.meta.url));
const unbundled = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
const samplesPerSecond = 5000;
const warmUpSamples = 100_000;
const samples = 1_000_000;
/** The profiler shows who allocates after fewer. */
const profiledSamples = 200_000;

interface Watched {
  collections: Record<string, number>;
  grown: number;
  bytes?: Record<string, number>;
}

async function watch(profile: boolean, count: number): Promise<Watched> {
  const daemon = await startFedDaemon({
    program,
    rate: samplesPerSecond,
    flags: ["--max-semi-space-size=1", "--require", watcher],
    environment: { RIVULET_BENCH_PROFILE: profile ? "1" : "0" },
    // Names of functions, which the bundle does not keep.
    ...(profile ? { program: unbundled } : {}),
    statusEvery: "1h",
  });
  const until = async (condition: () => boolean) => {
    while (!condition()) await sleep(20);
  };
  await until(() => daemon.sent >= warmUpSamples);
  daemon.process.kill("SIGUSR2");
  const from = daemon.sent;
  await until(() => daemon.sent >= from + count);
  daemon.process.kill("SIGUSR2");
  await until(() => daemon.lines("collections").length > 0);
  const [watched] = daemon.lines("collections") as unknown as Watched[];
  await daemon.stop();
  return watched;
}

export async function collectionFigures(): Promise<Figure[]> {
  const { collections, grown } = await watch(false, samples);
  const { bytes = {} } = await watch(true, profiledSamples);
  const allocating = Object.entries(bytes).sort(([, one], [, other]) => other - one);
  const group = "collections";
  const exact = (name: string, count: number, unit: string, note = ""): Figure => {
    return { group, name, value: spreadOf([count]), unit, note };
  };
  const total = Object.values(collections).reduce((sum, count) => sum + count, 0);
  const kinds = Object.entries(collections).map(([kind, count]) => `${count} ${kind}`);
  return [
    exact(`garbage collections in ${samples} samples, bytes to weights`, total, "", kinds.join(", ")),
    exact("growth of the heap in use", grown, "bytes", `${(grown / samples).toFixed(2)} a sample`),
    ...allocating
      .slice(0, 15)
      .map(([name, count]) =>
        exact(
          `allocated by ${name}`,
          count,
          "bytes",
          `sampled, in ${profiledSamples} samples of a second run`,
        ),
      ),
  ];
}
