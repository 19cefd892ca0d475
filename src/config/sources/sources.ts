/** Every kind of source, by its key in a config. */
import type * as v from "valibot";
import { file, prepareFile } from "./file.ts";
import { prepareSerial, serial } from "./serial.ts";
import type { PrepareSource, SourceKind } from "./source-kind.ts";
import { prepareStdin, stdin } from "./stdin.ts";
import { prepareTcp, tcp } from "./tcp.ts";
import { prepareUdp, udp } from "./udp.ts";

export const sources = { serial, tcp, udp, stdin, file } as const;

export type SourceName = keyof typeof sources;

export const sourceNames = Object.keys(sources) as SourceName[];

/** The value of each kind of source, with every default: at most one of these is not null. */
export type Origins = { [Name in SourceName]: ReturnType<(typeof sources)[Name]["complete"]> | null };

/** The function that prepares each kind of source. Only the daemon loads this. */
export const preparations: { [Name in SourceName]: PrepareSource<NonNullable<Origins[Name]>> } = {
  serial: prepareSerial,
  tcp: prepareTcp,
  udp: prepareUdp,
  stdin: prepareStdin,
  file: prepareFile,
};

/** The value of each kind of source, as written. */
export type WrittenOrigins = { [Name in SourceName]?: v.InferOutput<(typeof sources)[Name]["schema"]> };

/** Returns the kind with this name, typed for code that treats all kinds alike. */
export const kindOf = (name: SourceName): SourceKind => sources[name] as unknown as SourceKind;

/** Returns the names of the kinds for which `holds` is true. */
export const sourcesThat = (holds: (kind: SourceKind) => boolean): SourceName[] =>
  sourceNames.filter((name) => holds(kindOf(name)));
