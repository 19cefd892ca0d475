/** Prints how many of every Nth change come to something else than a refusal or a working learner: `tsx count.ts N`. */
import { tryChanges } from "./hostile.ts";
import { makeSubjects } from "./subjects.ts";

const step = Number(process.argv[2]);
const faults = makeSubjects().flatMap((subject) => tryChanges(subject, step).faults);
console.log(faults.length);
