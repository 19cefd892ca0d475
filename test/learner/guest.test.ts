import { describe, expect, test } from "vitest";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/checkpoint/format.ts";
import { checkpointOf, learnerFrom } from "../../src/continuing/learner-checkpoint.ts";
import { resume } from "../../src/continuing/resume.ts";
import { createRandom } from "../../src/engine/model/random.ts";
import { createEnsemble, type Ensemble } from "../../src/learner/ensemble.ts";
import { type EnsembleOptions, planEnsemble } from "../../src/learner/ensemble-plan.ts";
import { HeldSamples } from "../../src/learner/held-samples.ts";
import type { OutsideModel } from "../../src/learner/outside-model.ts";
import type { State } from "../../src/state.ts";
import { classStream, type MadeStream, numberStream } from "./made-streams.ts";

const kinds = [
  { kind: "classes", make: classStream, target: { column: "target", classes: 3 } },
  { kind: "numbers", make: numberStream, target: { column: "target" } },
];
type Kind = (typeof kinds)[number];

const create = ({ make, target }: Kind, options: Partial<EnsembleOptions> = {}) =>
  createEnsemble({ fields: make(1).fields, target, ...options });

/** Loss of each answer to rows `from` to below `to`: nats, or absolute error. */
function losses(ensemble: Ensemble, { values, width }: MadeStream, from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => {
    const at = (from + i) * width;
    ensemble.observe(values, at);
    const target = values[at + width - 1];
    return ensemble.classes > 0
      ? -Math.log(ensemble.prediction[target])
      : Math.abs(ensemble.prediction[0] - target);
  });
}

const mean = (numbers: number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

/** The stream with its targets in another order: what a model learns of it is wrong. */
function shuffled(stream: MadeStream): MadeStream {
  const { values, rows, width } = stream;
  const copy = values.slice();
  const random = createRandom(5);
  for (let row = rows - 1; row > 0; row--) {
    const other = Math.floor(random.uniform() * (row + 1));
    const [one, two] = [row * width + width - 1, other * width + width - 1];
    [copy[one], copy[two]] = [copy[two], copy[one]];
  }
  return { ...stream, values: copy };
}

/** The model of an ensemble that has learned the rows of a stream below `to`. */
function modelFrom(kind: Kind, stream: MadeStream, to = stream.rows): OutsideModel {
  const publisher = create(kind);
  losses(publisher, stream, 0, to);
  return structuredClone(publisher.outgoing() as OutsideModel);
}

type Moments = { name: string; data: Float32Array };

/** What the ensemble has learned itself, without scores. */
const ownState = (ensemble: Ensemble) => (ensemble.state() as { parts: State[] }).parts.slice(0, 3);

const written = (ensemble: Ensemble) =>
  decodeCheckpoint(Buffer.concat(encodeCheckpoint(checkpointOf(ensemble))), "it");

describe.each(kinds)("room for a model from outside, for $kind", (kind) => {
  const stream = kind.make(1600);

  test("is planned to the byte, and changes no bit while it is empty", () => {
    const options = { fields: stream.fields, target: kind.target };
    const [without, withRoom] = [planEnsemble(options), planEnsemble({ ...options, guest: true })];
    const [parts, others] = [withRoom, without].map((planned) => planned.parts.slice(0, -1));
    expect(parts.slice(0, -1)).toEqual(others);
    expect(parts.at(-1)?.name).toBe("guest");
    expect(withRoom.parts.at(-1)?.name).toBe("scratch");
    const [plain, host] = [create(kind), create(kind, { guest: true })];
    expect(host.placedBytes).toBe(withRoom.totalBytes);
    expect(losses(host, stream, 0, 300)).toEqual(losses(plain, stream, 0, 300));
    expect(host.report()).toEqual(plain.report());
    expect(host.state()).toEqual({ ...(plain.state() as object), guest: null });
  });

  test("lets a good one help a new device from the start", () => {
    const model = modelFrom(kind, stream, 1000);
    const host = create(kind, { guest: true });
    host.takeIn(model);
    const withModel = losses(host, stream, 1000, 1600);
    const alone = losses(create(kind), stream, 1000, 1600);
    expect(mean(withModel.slice(1, 100))).toBeLessThan(0.6 * mean(alone.slice(1, 100)));
    expect(mean(withModel)).toBeLessThan(0.9 * mean(alone));
    expect(host.report().experts.at(-1)).toMatchObject({ name: "guest" });
    expect(host.guest?.difference).toBeLessThan(0);
  });

  test("lets a poisoned one cost a few per cent at most", () => {
    const model = modelFrom(kind, shuffled(stream), 1000);
    const [alone, host] = [create(kind), create(kind, { guest: true })];
    losses(alone, stream, 0, 600);
    losses(host, stream, 0, 600);
    host.takeIn(model);
    const before = mean(losses(alone, stream, 600, 1600));
    expect(mean(losses(host, stream, 600, 1600))).toBeLessThan(1.04 * before);
    expect(host.guest?.weight).toBeLessThan(0.1);
    // Nothing that the device has learned itself depends on it.
    expect(ownState(host)).toEqual(ownState(alone));
  });

  test("continues bit for bit from a checkpoint with one", () => {
    const host = create(kind, { guest: true });
    losses(host, stream, 0, 50);
    host.takeIn(modelFrom(kind, stream, 200));
    losses(host, stream, 50, 500);
    for (const second of [create(kind, { guest: true }), learnerFrom(written(host), "it") as Ensemble]) {
      expect(resume(second, written(host), "it")).toEqual([]);
      const first = learnerFrom(written(host), "it") as Ensemble;
      expect(losses(second, stream, 500, 700)).toEqual(losses(first, stream, 500, 700));
      expect(second.state()).toEqual(first.state());
    }
  });

  test("goes on from a checkpoint without room, and a config without room from one with a model", () => {
    const plain = create(kind);
    losses(plain, stream, 0, 100);
    const host = create(kind, { guest: true });
    expect(resume(host, written(plain), "it")).toEqual([]);
    host.takeIn(modelFrom(kind, stream, 200));
    losses(host, stream, 100, 200);
    losses(plain, stream, 100, 200);
    const back = create(kind);
    expect(resume(back, written(host), "it")).toEqual([
      "it holds a model from outside, which is left out, because the config has no sync.models",
    ]);
    expect(ownState(back)).toEqual(ownState(plain));
    expect(losses(back, stream, 200, 300)).toEqual(losses(plain, stream, 200, 300));
  });

  test("gives its place to a second one, and keeps the first where the second is of another shape", () => {
    const host = create(kind, { guest: true });
    host.takeIn(modelFrom(kind, stream, 300));
    losses(host, stream, 300, 350);
    const before = structuredClone(host.state());
    const model = modelFrom(kind, stream, 400);
    const short = { ...model, network: { ...model.network, parameters: model.network.parameters.slice(1) } };
    expect(() => host.takeIn(short)).toThrow(/the state has no/);
    expect(host.state()).toEqual(before);
    host.takeIn(model);
    expect(host.guest).toMatchObject({ isAwake: true, rows: 0 });
    losses(host, stream, 350, 360);
    expect(host.guest?.rows).toBe(10);
  });

  test("begins with a second one as if it were the first", () => {
    const [used, fresh] = [create(kind, { guest: true }), create(kind, { guest: true })];
    used.takeIn(modelFrom(kind, shuffled(stream), 200));
    for (const host of [used, fresh]) losses(host, stream, 200, 300);
    const model = modelFrom(kind, stream, 200);
    for (const host of [used, fresh]) host.takeIn(model);
    expect(losses(used, stream, 300, 360)).toEqual(losses(fresh, stream, 300, 360));
  });

  test("puts one to sleep whose answers are no numbers, and answers as without it", () => {
    const model = modelFrom(kind, stream, 100);
    for (const { data } of model.network.parameters) data.fill(3e38);
    const [alone, host] = [create(kind), create(kind, { guest: true })];
    host.takeIn(model);
    expect(losses(host, stream, 0, 50)).toEqual(losses(alone, stream, 0, 50));
    expect(host.guest).toMatchObject({ isAwake: false, isSick: true });
    expect(host.report().experts.map(({ name }) => name)).not.toContain("guest");
  });

  test("puts one to sleep whose weights overflow, and is not worth saving before", () => {
    const overflown = () => {
      const host = create(kind, { guest: true });
      host.takeIn(modelFrom(kind, stream, 300));
      losses(host, stream, 0, 100);
      const state = structuredClone(host.state()) as never as {
        guest: { parts: { optimizerState: Moments[] }[] };
      };
      for (const { name, data } of state.guest.parts[1].optimizerState) {
        if (name.startsWith("0.weight")) data.fill(name.endsWith("firstMoment") ? 3e38 : 0);
      }
      host.restore(state as never);
      losses(host, stream, 100, 101);
      expect([host.isHealthy, host.guest?.isAwake]).toEqual([false, true]);
      return host;
    };
    const [next, ends, takes] = [overflown(), overflown(), overflown()];
    losses(next, stream, 101, 102);
    ends.healOverflow();
    expect(() => takes.takeIn({ ...modelFrom(kind, stream, 10), features: null })).toThrow(/stored/);
    for (const host of [next, ends, takes]) {
      expect(host.isHealthy).toBe(true);
      // It had no healthy copy of itself yet.
      expect(host.guest).toMatchObject({ isAwake: false, isSick: true });
      create(kind, { guest: true }).restore(structuredClone(host.state()));
    }
  });

  test("learns from labels that come late as from those that come at once", () => {
    const model = modelFrom(kind, stream, 200);
    const [atOnce, late] = [create(kind, { guest: true }), create(kind, { guest: true })];
    for (const ensemble of [atOnce, late]) ensemble.takeIn(model);
    const held = new HeldSamples(late.heldSizes, 1);
    const { values, width } = stream;
    for (let row = 0; row < 200; row++) {
      atOnce.observe(values, row * width);
      late.predictValidated(values, row * width);
      late.passUnlabelled();
      late.hold(held, held.add(row + 1, 0));
      late.learnHeld(held, 0, values, row * width + width - 1);
    }
    const { loss, ...others } = late.guest as NonNullable<Ensemble["guest"]>;
    expect(others.rows).toBe(atOnce.guest?.rows);
    // Answers for numbers are held in float32.
    expect(loss).toBeCloseTo(atOnce.guest?.loss as number, 4);
    expect(others.weight).toBeCloseTo(atOnce.guest?.weight as number, 2);
  });

  test("learns a late label for the row that it is of, after other rows and after a restart", () => {
    const model = modelFrom(kind, stream, 200);
    const { values, width } = stream;
    const waits = (others: number) => {
      const host = create(kind, { guest: true });
      host.takeIn(model);
      losses(host, stream, 200, 240);
      const held = new HeldSamples(host.heldSizes, 2);
      host.predictValidated(values, 240 * width);
      host.passUnlabelled();
      host.hold(held, held.add(1, 0));
      for (let row = 0; row < others; row++) host.predict(values, (241 + row) * width);
      return { host, held };
    };
    const learned = ({ host, held }: ReturnType<typeof waits>) => {
      host.learnHeld(held, held.find(1), values, 240 * width + width - 1);
      return structuredClone(host.state());
    };
    const expected = learned(waits(0));
    expect(learned(waits(3))).toEqual(expected);
    const restarted = waits(0);
    const host = create(kind, { guest: true });
    host.restore(structuredClone(restarted.host.state()));
    expect(learned({ host, held: restarted.held })).toEqual(expected);
  });

  test("learns nothing from the label of a row that was answered before it came", () => {
    const host = create(kind, { guest: true });
    const { values, width } = stream;
    losses(host, stream, 0, 20);
    const held = new HeldSamples(host.heldSizes, 1);
    host.predictValidated(values, 20 * width);
    host.passUnlabelled();
    host.hold(held, held.add(1, 0));
    host.takeIn(modelFrom(kind, stream, 200));
    host.learnHeld(held, 0, values, 20 * width + width - 1);
    expect(host.guest?.rows).toBe(0);
    expect(host.samplesSeen).toBe(21);
  });

  test("goes on with samples that were held without room, and the other way round", () => {
    const [plain, host] = [create(kind), create(kind, { guest: true })];
    const { values, width } = stream;
    for (const [from, to] of [
      [plain, host],
      [host, plain],
    ]) {
      const held = new HeldSamples(from.heldSizes, 4);
      for (let row = 0; row < 6; row++) {
        from.predictValidated(values, row * width);
        from.learnValidated(values, row * width);
        from.hold(held, held.add(row + 1, row));
      }
      const second = new HeldSamples(to.heldSizes, 4);
      second.restore(structuredClone(held.state()));
      expect(second.numberIn(second.find(4))).toBe(4);
      const singles = Math.min(held.sizes.singles, second.sizes.singles);
      expect(second.singles.slice(second.find(4) * second.sizes.singles).slice(0, singles)).toEqual(
        held.singles.slice(held.find(4) * held.sizes.singles).slice(0, singles),
      );
    }
  });
});
