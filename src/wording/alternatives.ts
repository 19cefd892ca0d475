/** What may be chosen, as a sentence says it: `frames or lines`, `one of skip, clamp, hold, alarm`. */
export function alternatives(choices: readonly string[]): string {
  return choices.length > 2 ? `one of ${choices.join(", ")}` : choices.join(" or ");
}
