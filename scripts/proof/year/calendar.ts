/** What happens to a board in each hour of a year. */

export interface Hour {
  /** Hours since the year began. */
  hour: number;
  /** The port is lost in it, and some frames with it. */
  losesPort: boolean;
  /** A frame arrives damaged. */
  hasDamage: boolean;
  /** Others have filled the disk. */
  isDiskFull: boolean;
  /** The host can be reached, and takes what it lacks. */
  isHostThere: boolean;
  /** The service is restarted at its end. */
  restarts: boolean;
}

const hoursOfDay = 24;
const hoursOfWeek = 7 * hoursOfDay;

/** The hours of a year of so many days, at least a week; the host is away for a twelfth of it. */
export function* hoursOf(days: number): Generator<Hour> {
  const hours = days * hoursOfDay;
  for (let hour = 0; hour < hours; hour++) {
    const ofWeek = hour % hoursOfWeek;
    yield {
      hour,
      losesPort: hour % hoursOfDay === 3,
      hasDamage: hour % hoursOfDay === 15,
      isDiskFull: ofWeek >= 100 && ofWeek < 106,
      isHostThere: hour < hours / 2 || hour > hours / 2 + hours / 12,
      restarts: ofWeek === 120,
    };
  }
}
