/** Small helpers for the document: what comes from the device goes in as text, never as HTML. */

/** The element with an id that the page has. */
export const byId = <E extends HTMLElement = HTMLElement>(id: string): E => document.getElementById(id) as E;

type Child = Node | string | null;

/** An element with a class and children; texts are texts. */
export function element(name: string, className = "", ...children: Child[]): HTMLElement {
  const made = document.createElement(name);
  if (className !== "") made.className = className;
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** A bar that is filled to a share from 0 to 1. */
export function meter(share: number, title: string): HTMLElement {
  const filled = element("i");
  filled.style.width = `${100 * Math.max(0, Math.min(1, share))}%`;
  const made = element("div", "meter", filled);
  made.title = title;
  return made;
}

export interface Column {
  title: string;
  /** Numbers are flush right. */
  isNumber?: boolean;
  /** Left out where the screen is narrow. */
  isWide?: boolean;
}

/** A table of rows below a header. */
export function table(columns: readonly Column[], rows: readonly (readonly Child[])[]): HTMLElement {
  const classOf = ({ isNumber = false, isWide = false }: Column, more = "") =>
    [isNumber ? "number" : "", isWide ? "wide" : "", more].filter(Boolean).join(" ");
  const head = columns.map((column) => element("th", classOf(column), column.title));
  const body = rows.map((row) =>
    element(
      "tr",
      "",
      ...row.map((cell, index) => element("td", classOf(columns[index], index === 0 ? "name" : ""), cell)),
    ),
  );
  return element(
    "table",
    "",
    element("thead", "", element("tr", "", ...head)),
    element("tbody", "", ...body),
  );
}

/** Replaces the children of an element, and leaves the page where it was scrolled to. */
export function fill(id: string, ...children: Child[]): void {
  byId(id).replaceChildren(...children.filter((child) => child !== null));
}
