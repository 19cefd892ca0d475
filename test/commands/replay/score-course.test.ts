import { describe, expect, test } from "vitest";
import { ScoreCourse } from "../../../src/commands/replay/score-course.ts";
import { createLearner } from "../../../src/learner/create-learner.ts";
import { evaluatePrequentially } from "../../../src/training/prequential.ts";

/** Rows of a rule that is turned round at `turn`. */
function rowsOf(count: number, turn = Number.POSITIVE_INFINITY): number[][] {
  return Array.from({ length: count }, (_, i) => {
    const [a, b] = [Math.sin(i * i), Math.cos(7 * i * i)];
    return [a, b, a > 0 === i < turn ? 1 : 0];
  });
}

const task = { fields: ["a", "b", "label"], target: { column: "label", classes: 2 } };

/** Follows a network, and whether each of its answers was right. */
async function follow(rows: number[][]) {
  const learner = createLearner({ ...task, model: {} });
  const course = new ScoreCourse(learner);
  const right: boolean[] = [];
  await evaluatePrequentially(learner, rows, {
    onLearned(targets, at, row) {
      course.observe(targets, at, row);
      right.push(learner.predictedClass === targets[at]);
    },
  });
  return { course, right };
}

describe("the course of a score", () => {
  test("is at each point the share of right answers in the window before it", async () => {
    const { course, right } = await follow(rowsOf(3000, 1500));
    const [{ name, points }] = course.scores;
    expect(name).toBe("the learner");
    const { window } = course;
    expect(window).toBeGreaterThanOrEqual(100);
    for (const [row, accuracy] of points.slice(10)) {
      const share = right.slice(row - window, row).filter(Boolean).length / window;
      expect(accuracy).toBeCloseTo(share, 10);
    }
  });

  test("takes no more memory for a longer stream, and stays as exact", async () => {
    const { course, right } = await follow(rowsOf(20_000));
    const [{ points }] = course.scores;
    expect(points.length).toBeGreaterThan(300);
    expect(points.length).toBeLessThanOrEqual(800);
    const { window } = course;
    const [row, accuracy] = points[points.length - 1];
    expect(accuracy).toBeCloseTo(right.slice(row - window, row).filter(Boolean).length / window, 10);
  });

  test("marks where predictions became worse, and nothing else", async () => {
    const { course } = await follow(rowsOf(3000, 1500));
    expect(course.drifts).toHaveLength(1);
    expect(course.drifts[0]).toBeGreaterThan(1500);
    expect(course.drifts[0]).toBeLessThan(1700);
  });

  test("of an ensemble has its simple rules and the weights of its experts", async () => {
    const learner = createLearner(task);
    const course = new ScoreCourse(learner);
    await evaluatePrequentially(learner, rowsOf(600), {
      onLearned: (targets, at, row) => course.observe(targets, at, row),
    });
    const { baselines, experts } = learner.report() as never as Record<string, { name: string }[]>;
    const names = (lines: { name: string }[]) => lines.map(({ name }) => name);
    expect(names(course.losses)).toEqual(["the learner", ...names(baselines)]);
    expect(names(course.weights)).toEqual(names(experts));
    const last = course.weights.map(({ points }) => points[points.length - 1][1]);
    expect(last.reduce((sum, weight) => sum + weight)).toBeCloseTo(1, 6);
    const answers = course.calibration.reduce((sum, bin) => sum + bin.answers, 0);
    expect(answers).toBe(599);
  });

  test("of a number has its latest answers with the interval that stood around them", async () => {
    const learner = createLearner({ fields: ["a", "y"], target: { column: "y" } });
    const course = new ScoreCourse(learner);
    const rows = rowsOf(1500).map(([a, b]) => [a, 2 * a + 0.1 * b]);
    await evaluatePrequentially(learner, rows, {
      onLearned: (targets, at, row) => course.observe(targets, at, row),
    });
    expect(course.answers).toHaveLength(100);
    expect(course.answers[99]).toMatchObject({ row: 1500, target: rows[1499][1] });
    const within = course.answers.filter(
      ({ target, prediction, halfWidth }) => Math.abs(target - prediction) <= halfWidth,
    );
    expect(within.length).toBeGreaterThan(75);
    expect(course.coverage[course.coverage.length - 1][1]).toBeGreaterThan(0.85);
  });
});
