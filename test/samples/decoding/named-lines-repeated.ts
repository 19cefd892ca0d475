import { allFields } from "../streams.ts";
import { lineCount, repeatLines } from "./repeat-lines.ts";

/** Good lines of every kind that is not plain cells, with one between that is rejected and one that lacks fields. */
const text = Array.from({ length: lineCount }, (_, index) => {
  const values = [index / 8, -index, "0.25", (index / 100).toFixed(2), "1e3", 6, 7, "-1.5e-2"];
  const pair = (separator: string) => (name: string, field: number) => `${name}${separator}${values[field]}`;
  const names = allFields.map(({ name }) => name);
  const kinds = [
    `{"id":"pump","on":true,${names.map((name, field) => pair('":')(`"${name}`, field)).join(",")},"more":{"a":[1,2]}}`,
    `[${values.join(",")}]`,
    `t:12:30:01,${names.map(pair(":")).join(",")}`,
    names.map(pair(": ")).join("\t"),
  ];
  const line = kinds[index % kinds.length];
  if (index % 10 === 0) return `${line}\r\n[1,2,3,4,5,6,7,null]`;
  return index % 10 === 5 ? `${line}\r\n{"f32":1}` : line;
});

/** A million good lines. */
export default repeatLines(text);
