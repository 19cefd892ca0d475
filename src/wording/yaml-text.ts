import { safeJson } from "./safe.ts";

/** What YAML reads as something else than a text. */
const notTexts = /^(true|false|yes|no|on|off|y|n|null)$/i;

/** Writes a text as YAML, in quotes where it could be read as anything else. A duration such as `30min` needs none. */
export function yamlText(text: string): string {
  const isPlain = /^([A-Za-z_/][A-Za-z0-9_/.-]*|\d+[a-z]+)$/.test(text) && !notTexts.test(text);
  return isPlain ? text : safeJson(text);
}
