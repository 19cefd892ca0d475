/** Child process: reads the file named and prints its rows and by how many bytes that made the process grow at most. */
import { readRows } from "../../src/samples/csv-file.ts";

const [path] = process.argv.slice(2);
const peak = () => process.resourceUsage().maxRSS * 1024;
await readRows(path, () => {}, { limit: 100_000 });
const before = peak();
const { rows } = await readRows(path, () => {});
console.log(JSON.stringify({ rows, growth: peak() - before }));
