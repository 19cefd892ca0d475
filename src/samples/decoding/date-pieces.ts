/** Columns that hold a date in pieces, as `year,month,day,hour,minute` or `YY MM DD hh mm`: a clock, nothing to learn from. */

/** The names of each piece, in any case. */
const pieces = {
  year: /^(?:y{2,4}|yr|year|jahr|a[nñ]o|ann[eé]e|anno)$/i,
  month: /^(?:m{2}|mo|mon|mnth|month|monat|mes|mese|mois)$/i,
  day: /^(?:d{2}|dy|day|tag|d[ií]a|giorno|jour)$/i,
  hour: /^(?:h{2}|hr|hrs|hours?|stunde|hora|ora|heure)$/i,
  minute: /^(?:mn|mi|mins?|minutes?|minuto)$/i,
  second: /^(?:s{2}|secs?|seconds?|sekunde|segundo|secondo|seconde)$/i,
};

/**
 * The places of the columns that are pieces of a date and its time of day; none unless year, month and day are all there: an
 * hour or a month alone may be what to learn from.
 */
export function datePieces(names: readonly string[]): number[] {
  const plain = names.map((name) => name.trim());
  const isOf = (piece: keyof typeof pieces) => (name: string) => pieces[piece].test(name);
  const isWhole = plain.some(isOf("year")) && plain.some(isOf("month")) && plain.some(isOf("day"));
  if (!isWhole) return [];
  const isPiece = (name: string) => Object.values(pieces).some((names) => names.test(name));
  const isKnown = (place: number) => place in plain && isPiece(plain[place]);
  // MM and mm are month and minute beside others of these, but millimetres elsewhere.
  const isLength = (place: number) =>
    /^mm$/i.test(plain[place]) && !isKnown(place - 1) && !isKnown(place + 1);
  return plain.flatMap((name, place) => (isPiece(name) && !isLength(place) ? [place] : []));
}
