/** Times as text: ISO 8601, dates of other orders, and times of day. */

const date = "(?:\\d{4}[-/.]\\d{1,2}[-/.]\\d{1,2}|\\d{1,2}[-/.]\\d{1,2}[-/.](?:\\d{4}|\\d{2}))";
const timeOfDay = "\\d{1,2}[:.]\\d{2}[:.]\\d{2}(?:[.,]\\d+)?";
const shortTime = "\\d{1,2}:\\d{2}";
const zone = "(?:\\s?(?:Z|UTC|[+-]\\d{2}:?\\d{2}))?";
const clock = new RegExp(
  `^(?:${date}(?:[T \\-_](?:${timeOfDay}|${shortTime})${zone})?|${timeOfDay}${zone}|${shortTime})$`,
);

/** Whether a text is a date, a time of day, or both. */
export function isClockText(text: string): boolean {
  return clock.test(text.trim());
}
