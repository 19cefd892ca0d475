import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import usual from "./vitest.config.ts";

/** What takes longest, longest first. */
const longest = [
  "checkpoint/crash",
  "status/load",
  "daemon/gpio",
  "commands/bench",
  "documents",
  "learner/poison",
  "firmware/frames",
  "commands/choose",
];

/** Begins with what takes longest, so that no core is idle at the end. Vitest would go by the size of the files. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const found = longest.findIndex((name) => moduleId.includes(`/test/${name}.`));
      return found < 0 ? longest.length : found;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}

/** What takes long, and the tests of random cases with many more of them. */
export default defineConfig({
  test: {
    ...usual.test,
    include: [
      "test/**/*.long.test.ts",
      "test/samples/decoding/{damage,decimal,reading-ahead}.test.ts",
      "test/checkpoint/format.test.ts",
      "test/learner/poison.test.ts",
    ],
    exclude: [],
    sequence: { sequencer: LongestFirst },
    env: { RIVULET_TEST_LONG: "1" },
  },
});
