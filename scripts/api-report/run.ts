/** Writes test/package/public-types*.md from the built types, for a review of what has changed for users. */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { apiReport } from "./public-types.ts";

const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

writeFileSync(path("test/package/public-types.md"), apiReport(path("dist/index.d.ts")));
writeFileSync(path("test/package/public-types-sync.md"), apiReport(path("dist/sync.d.ts")));
