/** The public types of the package as one text: what index.d.ts exports, and what these exports are made of. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseSync } from "oxc-parser";

/** A node of the syntax tree, as far as it is looked at here. */
interface Node {
  type: string;
  start: number;
  end: number;
  [key: string]: unknown;
}

/** What one file of types says. */
interface TypeModule {
  path: string;
  /** Declarations by name; a function with overloads has several. */
  declared: Map<string, Node[]>;
  /** Names by where they come from: imports, and exports; "" for the module itself. */
  imported: Map<string, Origin>;
  exported: Map<string, Origin>;
  /** Modules of which all exports are exported. */
  starred: string[];
  text(node: Node): string;
}

interface Origin {
  from: string;
  name: string;
}

/**
 * Declarations without comments, sorted by name: first the exports, then what they mention and is not exported. Equal
 * texts mean equal types for a user.
 *
 * @param entry path of index.d.ts
 */
export function apiReport(entry: string): string {
  const surface = new Surface();
  surface.add(entry);
  return [
    "# Public types",
    "",
    "What users of the package can name, and what that is made of. Made by `npm run api-report`, compared by a test.",
    "",
    "```ts",
    ...surface.texts(true),
    "```",
    "",
    "Mentioned by these, and not exported:",
    "",
    "```ts",
    ...surface.texts(false),
    "```",
    "",
  ].join("\n");
}

/** Collects the declarations that users can reach, from module to module. */
class Surface {
  readonly #modules = new Map<string, TypeModule>();
  readonly #reported = new Map<string, { name: string; text: string; isExported: boolean }>();

  /** Adds all that the module at a path exports, and what that mentions. */
  add(path: string): void {
    const module = this.#moduleAt(path);
    for (const name of this.#exportsOf(module)) this.#report(module, name, name);
  }

  /** The declarations, sorted by name: the exported ones, or the others. */
  texts(isExported: boolean): string[] {
    const sorted = [...this.#reported.values()].sort((a, b) =>
      a.name < b.name ? -1 : a.name > b.name ? 1 : a.text < b.text ? -1 : 1,
    );
    return sorted.filter((each) => each.isExported === isExported).map(({ text }) => text);
  }

  #moduleAt(path: string): TypeModule {
    const found = this.#modules.get(path) ?? readModule(path);
    this.#modules.set(path, found);
    return found;
  }

  #neighbour({ path }: TypeModule, from: string): TypeModule {
    return this.#moduleAt(join(dirname(path), from).replace(/\.ts$/, ".d.ts"));
  }

  /** What a module exports by its own names, with the modules that it passes on whole. */
  #exportsOf(module: TypeModule): string[] {
    const passedOn = module.starred.flatMap((from) => this.#exportsOf(this.#neighbour(module, from)));
    return [...module.exported.keys(), ...passedOn];
  }

  /** Where a name of a module comes from; undefined where it is declared there. */
  #originOf(module: TypeModule, name: string): Origin | undefined {
    const origin = module.exported.get(name) ?? module.imported.get(name);
    if (origin !== undefined) return origin.from === "" ? undefined : origin;
    const isThere = (from: string) => this.#exportsOf(this.#neighbour(module, from)).includes(name);
    const from = module.starred.find(isThere);
    return from === undefined ? undefined : { from, name };
  }

  #report(module: TypeModule, name: string, publicName: string | null): void {
    const origin = this.#originOf(module, name);
    if (origin !== undefined) {
      // What a dependency or Node declares is theirs.
      if (origin.from.startsWith("."))
        this.#report(this.#neighbour(module, origin.from), origin.name, publicName);
      return;
    }
    const declarations = module.declared.get(name);
    const key = `${module.path} ${name}`;
    const known = this.#reported.get(key);
    if (declarations === undefined || (known !== undefined && publicName === null)) return;
    const isExported = publicName !== null || known?.isExported === true;
    const text = declarations.map((node) => module.text(node)).join("\n");
    this.#reported.set(key, { name: publicName ?? known?.name ?? name, text, isExported });
    if (known !== undefined) return;
    for (const { from, name } of declarations.flatMap(mentionedIn)) {
      if (from === "") this.#report(module, name, null);
      else if (from.startsWith(".")) this.#report(this.#neighbour(module, from), name, null);
    }
  }
}

function readModule(path: string): TypeModule {
  if (!existsSync(path)) throw new Error(`found no ${path}; run "npm run build"`);
  const source = readFileSync(path, "utf8");
  const { program, comments, errors } = parseSync(path, source, { lang: "dts" });
  if (errors.length > 0) throw new Error(`${path}: ${errors[0].message}`);
  const module: TypeModule = {
    path,
    declared: new Map(),
    imported: new Map(),
    exported: new Map(),
    starred: [],
    text: (node) => withoutComments(source, node, comments),
  };
  for (const statement of program.body as unknown as Node[]) readStatement(module, statement);
  return module;
}

function readStatement(module: TypeModule, statement: Node): void {
  const from = (statement["source"] as { value: string } | null | undefined)?.value;
  const specifiers = (statement["specifiers"] ?? []) as Record<string, { name: string }>[];
  if (statement.type === "ImportDeclaration") {
    for (const { local, imported } of specifiers) {
      module.imported.set(local.name, { from: from as string, name: imported?.name ?? "default" });
    }
    return;
  }
  if (statement.type === "ExportAllDeclaration") {
    module.starred.push(from as string);
    return;
  }
  for (const { local, exported } of specifiers) {
    if (from !== undefined) module.exported.set(exported.name, { from, name: local.name });
  }
  const declaration = (
    statement.type === "ExportNamedDeclaration" ? statement["declaration"] : statement
  ) as Node | null;
  if (declaration === null) return;
  const declarators = (declaration["declarations"] ?? [declaration]) as { id?: { name: string } }[];
  for (const { id } of declarators) {
    if (id === undefined) continue;
    if (declaration !== statement) module.exported.set(id.name, { from: "", name: id.name });
    module.declared.set(id.name, [...(module.declared.get(id.name) ?? []), statement]);
  }
}

/** Every name that a declaration mentions, names of its own parameters among them; `from` is "" for its own module. */
function mentionedIn(node: Node): Origin[] {
  const mentioned: Origin[] = [];
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) for (const each of value) walk(each);
    else if (typeof value === "object" && value !== null) {
      const { type, name, source, qualifier } = value as Node;
      if (type === "Identifier") mentioned.push({ from: "", name: name as string });
      // import("./module.ts").Name, which the compiler writes for a type that it has found out.
      if (type === "TSImportType") {
        mentioned.push({
          from: (source as { value: string }).value,
          name: (qualifier as { name: string }).name,
        });
      }
      for (const each of Object.values(value)) walk(each);
    }
  };
  walk(node);
  return mentioned;
}

/** The text of a node on as few lines as it takes without comments. */
function withoutComments(
  source: string,
  node: Node,
  comments: readonly { start: number; end: number }[],
): string {
  let text = "";
  let at = node.start;
  for (const { start, end } of comments) {
    if (start < at || end > node.end) continue;
    text += source.slice(at, start);
    at = end;
  }
  text += source.slice(at, node.end);
  return text.replace(/[ \t]+$/gm, "").replace(/\n{2,}/g, "\n");
}
