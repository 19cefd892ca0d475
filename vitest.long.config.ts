import { mergeConfig } from "vitest/config";
import usual from "./vitest.config.ts";

const long = mergeConfig(usual, {});
long.test.include = ["test/**/*.long.test.ts"];
long.test.exclude = [];
export default long;
