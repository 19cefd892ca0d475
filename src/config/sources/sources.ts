/** Every kind of source by the name that it has in a config. */
import type * as v from "valibot";
import { file } from "./file.ts";
import { serial } from "./serial.ts";
import type { SourceKind } from "./source-kind.ts";
import { stdin } from "./stdin.ts";
import { tcp } from "./tcp.ts";

export const sources = { serial, tcp, stdin, file } as const;

export type SourceName = keyof typeof sources;

export const sourceNames = Object.keys(sources) as SourceName[];

/** Where samples come from, of one kind: at most one of these is not null. */
export type Origins = { [Name in SourceName]: ReturnType<(typeof sources)[Name]["complete"]> | null };

/** The same as it is written. */
export type WrittenOrigins = { [Name in SourceName]?: v.InferOutput<(typeof sources)[Name]["schema"]> };

/** The kind of a name, for code that treats all kinds alike. */
export const kindOf = (name: SourceName): SourceKind => sources[name] as unknown as SourceKind;

/** The kinds for which `holds` is true, by name. */
export const sourcesThat = (holds: (kind: SourceKind) => boolean): SourceName[] =>
  sourceNames.filter((name) => holds(kindOf(name)));
