/** Runs a benchmark by name: `npm run bench -- step [--json]`. */
import { benchStep, printStep } from "./step.ts";

const [name = "step", ...flags] = process.argv.slice(2);
if (name !== "step" || flags.some((flag) => flag !== "--json")) {
  console.error("Usage: npm run bench -- step [--json]");
  process.exit(2);
}
const figures = benchStep();
if (flags.includes("--json")) console.log(JSON.stringify(figures, null, 2));
else printStep(figures);
