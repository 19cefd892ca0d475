/**
 * A simulated machine with a motor: each minute 512 samples of its three axes at 1.6 kHz, the temperature of its bearing and
 * of the room, and its current. Load changes; faults are given by `machine-faults.ts`.
 */
import { createRandom, type Random } from "../../../src/engine/model/random.ts";
import type { Duty, FaultAt } from "./machine-faults.ts";

export const machineColumns = ["x", "y", "z", "bearing", "room", "current"] as const;
export const sampleRate = 1600;
/** Samples a minute: those of one window. */
export const windowRows = 512;
export const minuteMs = 60_000;
/** The first minute: a Monday, 0:00 UTC. */
export const machineStart = Date.UTC(2024, 0, 1);

const axes = 3;
const columns = machineColumns.length;
const harmonics = 6;
const turn = 2 * Math.PI;
const minutesOfDay = 24 * 60;
/** How a bearing rings after each blow: its damping, and samples until nothing is left. */
const damping = 0.06;
const ringing = 120;
/** Blows of a pit in the outer ring a turn. */
const blowsPerTurn = 3.57;
/** Part of a blow that each axis feels. */
const felt = [1, 0.7, 0.4];

const gauss = (random: Random) =>
  Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(turn * random.uniform());

/** Nearly normal, of deviation 1, from 32 random bits: four bytes added. */
function roughGauss(random: Random): number {
  const word = random.bits();
  return ((word & 255) + ((word >>> 8) & 255) + ((word >>> 16) & 255) + (word >>> 24) - 510) / 147.8;
}

const stepsOf = (value: number, step: number) => step * Math.floor(value / step + 0.5);

export class MadeMachine {
  /** The samples of the latest minute, [512, 6]. */
  readonly samples: Float64Array = new Float64Array(windowRows * columns);
  readonly #random: Random;
  readonly #duty: Duty;
  /** Turns a second without load, and teeth whose meshing is heard. */
  readonly #turnsPerSecond: number;
  readonly #teeth: number;
  /** Turns a sample at which the bearing's housing rings. */
  readonly #resonance: number;
  /** [axes, harmonics] and [axes]. */
  readonly #amplitudes: Float64Array;
  readonly #noise: Float64Array;
  #load = 0.5;
  #wantedLoad = 0.5;
  #minutesToNextLoad = 0;
  #weather = 0;
  #bearing = 20;
  /** What a stuck sensor goes on telling; NaN: none is stuck. */
  #stuckTemperature = Number.NaN;
  #stuckAxis = Number.NaN;

  constructor(seed: number, duty: Duty) {
    const random = createRandom(seed);
    this.#random = random;
    this.#duty = duty;
    this.#turnsPerSecond = 20 + 10 * random.uniform();
    this.#teeth = 7 + random.below(6);
    this.#resonance = 0.28 + 0.1 * random.uniform();
    this.#amplitudes = Float64Array.from({ length: axes * harmonics }, (_, index) => {
      const harmonic = index % harmonics;
      return (harmonic === 0 ? 0.5 : 0.25 / harmonic) * (0.4 + random.uniform());
    });
    this.#noise = Float64Array.from({ length: axes }, () => 0.08 * (0.5 + random.uniform()));
  }

  /** Makes the samples of a minute. */
  make(minute: number, fault: FaultAt): void {
    const isOn = this.#isOn(minute) || fault.offHours > 0;
    this.#followLoad(isOn);
    this.#makeSlow(minute, isOn, fault);
    this.#makeVibration(isOn, fault);
  }

  #isOn(minute: number): boolean {
    const hour = (minute % minutesOfDay) / 60;
    const weekday = Math.floor(minute / minutesOfDay) % 7;
    if (this.#duty.shifts && !(hour > 6 && hour < 22 && weekday < 5)) return false;
    return !this.#duty.cycles || minute % 90 < 70 + 10 * this.#random.uniform();
  }

  #followLoad(isOn: boolean): void {
    const random = this.#random;
    if (this.#minutesToNextLoad-- <= 0) {
      const drawn = random.uniform();
      this.#wantedLoad = drawn < 0.25 ? 0.2 : drawn < 0.6 ? 0.5 : drawn < 0.9 ? 0.75 : 0.95;
      this.#minutesToNextLoad = 5 + random.below(55);
    }
    this.#load += ((isOn ? this.#wantedLoad : 0) - this.#load) * (1 - Math.exp(-60 / 40));
  }

  /** Room and bearing follow the weather and the load; the bearing takes 40 minutes. */
  #makeSlow(minute: number, isOn: boolean, fault: FaultAt): void {
    const random = this.#random;
    const load = this.#load;
    this.#weather += -this.#weather / 2880 + 0.02 * gauss(random);
    const hour = (minute % minutesOfDay) / 60;
    const room = 20 + 4 * Math.sin((turn * (hour - 9)) / 24) + 3 * this.#weather;
    const goal = room + (isOn ? 12 + 22 * load : 0) + fault.overheating;
    this.#bearing += (goal - this.#bearing) * (1 - Math.exp(-1 / 40));
    let bearing = stepsOf(this.#bearing + 0.05 * gauss(random) + fault.drift, 1 / 16);
    if (fault.spikes > 0 && random.uniform() < 0.3) bearing = -127;
    if (fault.temperatureStuck === 0) this.#stuckTemperature = Number.NaN;
    else if (Number.isNaN(this.#stuckTemperature)) this.#stuckTemperature = bearing;
    if (fault.temperatureStuck > 0) bearing = this.#stuckTemperature;
    const noise = gauss(random);
    const current = isOn
      ? 1.2 + 6 * load * (1 + fault.current) + 0.08 * noise * (1 + load)
      : 0.02 * Math.abs(noise);
    const shownRoom = stepsOf(room + 0.05 * gauss(random), 1 / 16);
    for (let at = axes; at < this.samples.length; at += columns) {
      this.samples[at] = bearing;
      this.samples[at + 1] = shownRoom;
      this.samples[at + 2] = current;
    }
  }

  #makeVibration(isOn: boolean, fault: FaultAt): void {
    const { samples } = this;
    const random = this.#random;
    const frequency =
      (this.#turnsPerSecond * (1 - 0.05 * this.#load) * (1 + 0.001 * gauss(random))) / sampleRate;
    const phase = turn * random.uniform();
    for (let axis = 0; axis < axes; axis++) {
      const noise = 0.01 + (isOn ? this.#noise[axis] * (0.5 + this.#load) : 0);
      for (let at = axis; at < samples.length; at += columns) samples[at] = noise * roughGauss(random);
      if (isOn) this.#addRotation(axis, frequency, phase, fault);
      if (axis === 1 && fault.axisNoise > 0) this.#addNoise(axis, fault.axisNoise);
    }
    if (isOn && fault.bearing > 0) this.#addBlows(frequency, fault.bearing);
    this.#sense(fault);
  }

  #addRotation(axis: number, frequency: number, phase: number, fault: FaultAt): void {
    const random = this.#random;
    const load = this.#load;
    for (let harmonic = 0; harmonic < harmonics; harmonic++) {
      let amplitude =
        this.#amplitudes[axis * harmonics + harmonic] * (0.6 + 0.6 * load) * (1 + 0.05 * gauss(random));
      if (harmonic === 0) amplitude *= (1 + fault.newNormal) * (1 + (axis < 2 ? 1 : 0.2) * fault.imbalance);
      this.#addTone(axis, amplitude, frequency * (harmonic + 1), phase * (harmonic + 1) + axis);
    }
    const meshing = frequency * this.#teeth;
    if (meshing < 0.45) this.#addTone(axis, 0.1 * (0.3 + load) * (1 + 0.1 * gauss(random)), meshing, 0);
    if (fault.looseness > 0)
      this.#addTone(axis, 0.2 * fault.looseness * (1 + 0.5 * gauss(random)), frequency / 2, 0, 0.3);
    if (fault.rub > 0) this.#addRub(axis, frequency, phase, fault.rub);
  }

  /** Adds amplitude sin(2 pi frequency n + phase), with so much noise on the amplitude, by turning a pointer. */
  #addTone(axis: number, amplitude: number, frequency: number, phase: number, flutter = 0): void {
    const { samples } = this;
    const cosine = Math.cos(turn * frequency);
    const sine = Math.sin(turn * frequency);
    let real = amplitude * Math.cos(phase);
    let imaginary = amplitude * Math.sin(phase);
    for (let at = axis; at < samples.length; at += columns) {
      samples[at] += flutter === 0 ? imaginary : imaginary * (1 + flutter * roughGauss(this.#random));
      const next = real * cosine - imaginary * sine;
      imaginary = real * sine + imaginary * cosine;
      real = next;
    }
  }

  #addNoise(axis: number, deviation: number): void {
    for (let at = axis; at < this.samples.length; at += columns)
      this.samples[at] += deviation * roughGauss(this.#random);
  }

  /** Noise in a quarter of each turn. */
  #addRub(axis: number, frequency: number, phase: number, size: number): void {
    for (let row = 0; row < windowRows; row++) {
      if (Math.sin(turn * frequency * row + phase) <= 0.7) continue;
      this.samples[row * columns + axis] += 0.15 * size * roughGauss(this.#random);
    }
  }

  /** A pit in the outer ring: each ball that passes over it makes the housing ring. */
  #addBlows(frequency: number, size: number): void {
    const { samples } = this;
    const random = this.#random;
    const between = 1 / (frequency * blowsPerTurn);
    const decay = Math.exp(-damping * turn * this.#resonance);
    const cosine = decay * Math.cos(turn * this.#resonance);
    const sine = decay * Math.sin(turn * this.#resonance);
    for (
      let when = random.uniform() * between;
      when < windowRows;
      when += between * (1 + 0.01 * gauss(random))
    ) {
      let real = size * (0.7 + 0.3 * this.#load) * (1 + 0.2 * gauss(random));
      let imaginary = 0;
      const first = Math.floor(when);
      for (let row = first; row < Math.min(windowRows, first + ringing); row++) {
        for (let axis = 0; axis < axes; axis++) samples[row * columns + axis] += felt[axis] * imaginary;
        const next = real * cosine - imaginary * sine;
        imaginary = real * sine + imaginary * cosine;
        real = next;
      }
    }
  }

  /** What the sensor makes of it: steps of 1/256 g, and a stuck axis. */
  #sense(fault: FaultAt): void {
    const { samples } = this;
    for (let axis = 0; axis < axes; axis++) {
      const isStuck = fault.axisStuck === axis + 1;
      if (isStuck && Number.isNaN(this.#stuckAxis)) this.#stuckAxis = samples[axis];
      for (let at = axis; at < samples.length; at += columns)
        samples[at] = stepsOf(isStuck ? this.#stuckAxis : samples[at], 1 / 256);
    }
    if (fault.axisStuck === 0) this.#stuckAxis = Number.NaN;
  }
}
