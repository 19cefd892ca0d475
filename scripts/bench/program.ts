import { fileURLToPath } from "node:url";

/** The built command line that the benchmarks of whole processes start. */
export const program = fileURLToPath(new URL("../../dist/bin/rivulet.cjs", import.meta.url));
