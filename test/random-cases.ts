/**
 * Random cases are the same in every run, so that no run fails by chance. `RIVULET_TEST_SEED=7 npx vitest run` tries others,
 * and `RIVULET_TEST_SEED=random` lets fast-check choose and print which.
 */
import fc from "fast-check";

const { RIVULET_TEST_SEED: wanted = "1" } = process.env;
if (wanted !== "random") {
  const seed = Number(wanted);
  if (!Number.isInteger(seed))
    throw new Error(`RIVULET_TEST_SEED is "${wanted}", expected a whole number or random`);
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
}
