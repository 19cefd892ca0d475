/** Child process: reads two files and prints the second's rows and by how many bytes it made the process grow at most. */
import { readRows } from "../../../src/samples/decoding/text-file.ts";

const [first, path] = process.argv.slice(2);
const peak = () => process.resourceUsage().maxRSS * 1024;
await readRows(first, () => {});
const before = peak();
const { rows } = await readRows(path, () => {});
console.log(JSON.stringify({ rows, growth: peak() - before }));
