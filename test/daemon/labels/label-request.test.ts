import { describe, expect, test } from "vitest";
import { parseLabels } from "../../../src/daemon/labels/label-request.ts";

const classes = { classes: 3, names: [] };
const named = { classes: 3, names: ["idle", "run", "fault"] };
const number = { classes: 0, names: [] };

describe("a label", () => {
  test("names its sample by number, by time, by a range of times or as the latest", () => {
    const one = (text: string) => parseLabels(text, classes)[0];
    expect(one('{"sequence":4711,"label":1}')).toEqual({ samples: { sequence: 4711 }, label: 1, id: null });
    const at = Date.UTC(2026, 10, 29, 20, 40);
    for (const time of ['"2026-11-29T20:40:00Z"', '"2026-11-29T21:40:00.000+01:00"', `${at}`]) {
      expect(one(`{"at":${time},"label":2,"id":"a"}`)).toEqual({ samples: { at }, label: 2, id: "a" });
    }
    expect(one('{"from":1000,"to":2000,"label":0}').samples).toEqual({ from: 1000, to: 2000 });
    expect(one('{"last":"10s","label":0}').samples).toEqual({ last: 10_000 });
  });

  test("is a class by its number or its name, or a number", () => {
    expect(parseLabels('{"sequence":1,"label":"fault"}', named)[0].label).toBe(2);
    expect(parseLabels('{"sequence":1,"label":2}', named)[0].label).toBe(2);
    expect(parseLabels('{"sequence":1,"label":-7.25}', number)[0].label).toBe(-7.25);
  });

  test("may stand beside others, one a line or in a list", () => {
    const lines = '{"sequence":1,"label":0}\n\n{"sequence":2,"label":1}\n';
    const list = '[{"sequence":1,"label":0},{"sequence":2,"label":1}]';
    for (const text of [lines, list]) {
      expect(parseLabels(text, classes).map(({ samples, label }) => [samples, label])).toEqual([
        [{ sequence: 1 }, 0],
        [{ sequence: 2 }, 1],
      ]);
    }
  });
});

describe("refused is, with what was found and what was expected,", () => {
  test.each([
    ["", "found no label"],
    ["no", "found nothing as a label"],
    ["7", "found 7 as a label"],
    ['{"sequence":1,"label":0}\n{"sequence":', "found nothing as a label"],
    ['{"label":1}', "found no samples in a label"],
    ['{"sequence":1,"last":"1s","label":1}', "found sequence and last in a label"],
    ['{"sequence":1,"to":5,"label":1}', "found sequence in a label"],
    ['{"sequence":1.5,"label":1}', "found the sequence 1.5"],
    ['{"sequence":"1","label":1}', 'found the sequence "1"'],
    ['{"at":"2026-11-29T20:40:00","label":1}', "expected a time with its zone"],
    ['{"at":"yesterday","label":1}', "expected a time with its zone"],
    ['{"at":1e300,"label":1}', "expected a time with its zone"],
    ['{"from":2000,"to":1000,"label":1}', "expected the earlier time first"],
    ['{"from":2000,"label":1}', "found nothing as to of a label"],
    ['{"last":10,"label":1}', "expected a duration with its unit"],
    ['{"sequence":1,"label":3}', "found the label 3, expected a class from 0 to 2"],
    ['{"sequence":1,"label":"run"}', 'found the label "run", expected a class from 0 to 2'],
    ['{"sequence":1}', "found the label nothing"],
    ['{"sequence":1,"label":1,"id":7}', "found 7 as the id of a label"],
    ['{"sequenc":1,"label":1}', 'did you mean "sequence"?'],
  ])("%s", (text, sentence) => {
    expect(() => parseLabels(text, classes)).toThrow(sentence);
  });

  test("a number that no learner can take", () => {
    expect(() => parseLabels('{"sequence":1,"label":1e300}', number)).toThrow("expected a finite number");
    expect(() => parseLabels('{"sequence":1,"label":"1"}', number)).toThrow("expected a finite number");
    expect(() => parseLabels('{"sequence":1,"label":"off"}', named)).toThrow(
      "expected one of idle, run, fault",
    );
  });
});
