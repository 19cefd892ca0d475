/** Lists the possible choices for a sentence: `frames or lines`, `one of skip, clamp, hold, alarm`. */
export function alternatives(choices: readonly string[]): string {
  return choices.length > 2 ? `one of ${choices.join(", ")}` : choices.join(" or ");
}

/** Lists names of which any is suitable: `serial or tcp`, `serial, tcp or udp`. */
export function anyOf(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}
