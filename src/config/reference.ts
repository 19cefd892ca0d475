/** The reference of the config's keys, generated from the schema. Only `rivulet config` and the docs page load it. */
import { configSchema } from "./config-schema.ts";
import { configParts, type PartReference, written } from "./part-reference.ts";
import type { About } from "./schema.ts";

/** The reference entry of one key. */
export interface KeyReference {
  /** Full path; `[]` means each item of a list: `source.fields[].name`. */
  path: string;
  title: string;
  /** The values that it accepts, with range and unit. */
  accepts: string;
  /** The default, or what happens where the key is left out; null for a required key. */
  leftOut: string | null;
}

/** The parts of a schema that the reference reads. */
interface Node {
  about?: About;
  expectation?: string;
  entries?: Entries;
  item?: Node;
  wrapped?: Node;
  shorthand?: Node;
  full?: Node;
}
type Entries = Record<string, Node>;

/** Where the keys of a map are listed: another key with the same map refers to them. */
type Listed = Map<Entries, string>;

/** Returns every key of the config, each followed by the keys of its map and the parts that it may name. */
export function configKeys(): KeyReference[] {
  const parts = configParts();
  const keys = keysOf((configSchema as unknown as Node).entries as Entries, "", new Map());
  return keys.flatMap((key) => {
    const path = [key.path, `${key.path}[]`].find((candidate) => candidate in parts);
    return path === undefined ? [key] : [key, ...parts[path].flatMap((part) => keysOfPart(part, path))];
  });
}

function keysOfPart({ name, title, options }: PartReference, path: string): KeyReference[] {
  const accepts = options.length === 0 ? name : `${name}, or ${name}: its options`;
  const keys = options.map((option) => ({ ...option, path: `${path}.${name}.${option.name}` }));
  return [{ path: `${path}.${name}`, title, accepts, leftOut: "not used" }, ...keys];
}

function keysOf(entries: Entries, path: string, listed: Listed): KeyReference[] {
  listed.set(entries, path);
  return Object.entries(entries).flatMap(([key, node]) => {
    const value = node.wrapped ?? node;
    const inner = mapIn(value, path === "" ? key : `${path}.${key}`);
    const elsewhere = inner && listed.get(inner.entries);
    const reference: KeyReference = {
      path: path === "" ? key : `${path}.${key}`,
      title: node.about?.title ?? "",
      accepts: accepts(value) + (elsewhere ? `; its keys are those of ${elsewhere}` : ""),
      leftOut: leftOut(node.about),
    };
    const keys = inner && elsewhere === undefined ? keysOf(inner.entries, inner.path, listed) : [];
    return [reference, ...keys];
  });
}

/** The map of a value, or of the items of a list, and its path; null where there is none. */
function mapIn(node: Node, path: string): { entries: Entries; path: string } | null {
  const { entries, item, shorthand, full } = node;
  if (entries) return { entries, path };
  if (item) return mapIn(item, `${path}[]`);
  return shorthand && full ? (mapIn(shorthand, path) ?? mapIn(full, path)) : null;
}

/** The values that a schema accepts, in words. */
function accepts({ expectation, entries, shorthand, full }: Node): string {
  if (shorthand && full) return [accepts(shorthand), accepts(full)].filter(Boolean).join(", or ");
  return expectation ?? (entries ? "a map" : "");
}

function leftOut(about: About | undefined): string | null {
  if (about?.otherwise !== undefined) return about.otherwise;
  return about?.default === undefined ? null : written(about.default);
}
