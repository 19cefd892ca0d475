/** A worker whose run was killed ends too, and with it all that its tests have started (`endingWithUs`). */
const key = Symbol.for("rivulet.ends-with-run");
const worker = process as unknown as Record<symbol, boolean | undefined>;
// Once in a worker, which runs many files.
if (worker[key] !== true) process.once("disconnect", () => process.exit());
worker[key] = true;
