import { defineConfig } from "vitest/config";
import usual from "./vitest.config.ts";

/** What takes long, and the tests of random cases with many more of them. */
export default defineConfig({
  test: {
    ...usual.test,
    include: [
      "test/**/*.long.test.ts",
      "test/samples/decoding/{damage,decimal}.test.ts",
      "test/checkpoint/format.test.ts",
      "test/learner/poison.test.ts",
      "test/daemon/restart.test.ts",
    ],
    exclude: [],
    env: { RIVULET_TEST_LONG: "1" },
  },
});
