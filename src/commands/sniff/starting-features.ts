/** The features and the watch that a first config proposes, by the rate and the columns. */
import { automaticFeatures } from "../../features/automatic.ts";
import type { TransformDescription } from "../../features/feature-list.ts";
import { word } from "./yaml-word.ts";

/** Rows come faster than so, a second, where they may be those of a vibration. */
const fastRate = 20;
/** Fewer columns than so may be anything, where names say that they are axes, and where nothing does. */
const fewestAxes = 2;
const fewestUnnamedAxes = 3;

/** Names of the axes of an accelerometer or a gyroscope. */
const axisNames =
  /^(a|acc|accel|acceleration|g|gyr|gyro|v|vib|vibration)?[ _.-]?[xyz][ _.-]?\d*$|^acc(el|eleration)?[ _.-]?\d+$|vib/i;
/** Names of what is measured at machines, which are watched more often than they are predicted. */
const machineNames =
  /^(current|amps?|i_?rms|rpm|speed|torque|power|load|rms)\d*$|motor|bearing|spindle|pump|fan|compressor|gearbox|winding|hydraulic|coolant|vib/i;
const unnamed = /^field\d+$/;

/** Whether the columns are those of a machine that nobody has labelled, so that normal is what can be learned. */
export function isMachine(names: readonly string[], rate: number | null): boolean {
  if (names.some((name) => machineNames.test(name)) || axesAmong(names).length >= fewestAxes) return true;
  return rate !== null && rate > fastRate && names.length >= fewestUnnamedAxes && names.every(isUnnamed);
}

const isUnnamed = (name: string) => unnamed.test(name);
const axesAmong = (names: readonly string[]) => names.filter((name) => axisNames.test(name));

export interface FeatureQuestion {
  /** Columns that are numbers and not the target. */
  inputs: readonly string[];
  /** Null where nothing is predicted. */
  target: string | null;
  task: "classes" | "number" | "none";
  /** Samples a second; null where it is not known. */
  rate: number | null;
}

export interface ProposedFeatures {
  transforms: TransformDescription[];
  /** Whether they are better than none as far as one can tell; where not, they stand in a comment. */
  isClear: boolean;
}

/**
 * The features of `auto`, resolved; null where these are only the scale. Windows are for axes, if there are any; of other
 * fast columns only the user knows whether their course tells anything.
 */
export function proposedFeatures({ inputs, target, task, rate }: FeatureQuestion): ProposedFeatures | null {
  if (rate === null || inputs.length === 0) return null;
  const axes = axesAmong(inputs);
  const isFast = rate > fastRate;
  const hasAxes = axes.length >= fewestAxes;
  const isOfAxes = hasAxes || (task === "none" && inputs.every(isUnnamed));
  const columns = isFast && hasAxes ? axes : [...inputs];
  const transforms = automaticFeatures({ columns, target, rate, task });
  return transforms.length > 1 ? { transforms, isClear: !isFast || isOfAxes } : null;
}

/** The key `features` as YAML, a line a transform. */
export function featureLines(transforms: readonly TransformDescription[]): string[] {
  return ["features:", ...transforms.map((transform) => `  - ${transformText(transform)}`)];
}

function transformText(transform: TransformDescription): string {
  if (typeof transform === "string") return transform;
  const [[name, options]] = Object.entries(transform);
  const keys = Object.entries(options).map(([key, value]) => `${key}: ${valueText(value)}`);
  return `${name}: { ${keys.join(", ")} }`;
}

function valueText(value: string | number | (string | number)[]): string {
  if (Array.isArray(value)) return `[${value.map(valueText).join(", ")}]`;
  if (typeof value === "number") return String(value);
  return word(value);
}

/** Rates that people choose: within a fiftieth of one, it is meant. */
const usualRates = [
  1, 2, 4, 5, 8, 10, 20, 25, 30, 40, 50, 60, 80, 100, 120, 125, 200, 250, 256, 400, 500, 512,
];
const usualFastRates = [
  800, 833, 1000, 1024, 1600, 2000, 2048, 3200, 3333, 4000, 4096, 5000, 6400, 6667, 8000,
];
const usualSeconds = [
  ...[2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60, 120, 180, 240, 300, 600, 900, 1200, 1800],
  ...[3600, 7200, 10_800, 14_400, 21_600, 43_200, 86_400],
];
const unitSeconds = { day: 86_400, hour: 3600, min: 60, s: 1 };

/** A measured rate as the config has it, rounded to what is probably meant: `250`, or `every 10min`. */
export function rateText(perSecond: number): string {
  const isNear = (usual: number) => Math.abs(perSecond / usual - 1) < 0.02;
  const usual = [...usualRates, ...usualFastRates].find(isNear);
  if (usual !== undefined) return String(usual);
  const seconds = usualSeconds.find((each) => isNear(1 / each)) ?? Number((1 / perSecond).toPrecision(3));
  if (perSecond > 1) return String(Number(perSecond.toPrecision(3)));
  const [unit, inUnit] = Object.entries(unitSeconds).find(([, each]) => seconds % each === 0) ?? ["s", 1];
  return `every ${seconds / inUnit}${{ day: "d", hour: "h" }[unit] ?? unit}`;
}
