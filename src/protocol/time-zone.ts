/** How far a zone is ahead of UTC at a local time, in ms; throws RangeError for an unknown zone. */
export function offsetMs(zone: string, localMs: number): number {
  const fixed = fixedOffsetMs(zone);
  if (fixed !== undefined) return fixed;
  // The offset at the local time read as UTC, then once more at the instant that gives: right but for skipped hours.
  const first = zoneOffsetAt(zone, localMs);
  return zoneOffsetAt(zone, localMs - first);
}

/** Of UTC and what is written as a distance from it; undefined for a name, whose offset changes. */
function fixedOffsetMs(zone: string): number | undefined {
  if (zone === 'Z' || zone === 'UTC' || zone === 'GMT') return 0;
  const fixed = /^(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?$/.exec(zone);
  if (fixed === null) return undefined;
  const ms = (Number(fixed[2]) * 60 + Number(fixed[3] ?? 0)) * 60_000;
  return fixed[1] === '-' ? -ms : ms;
}

const FORMATS = new Map<string, Intl.DateTimeFormat>();

/** How far a named zone is ahead of UTC at an instant. */
export function zoneOffsetAt(zone: string, instantMs: number): number {
  const fixed = fixedOffsetMs(zone);
  if (fixed !== undefined) return fixed;
  let format = FORMATS.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    FORMATS.set(zone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(instantMs).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instantMs / 1000) * 1000;
}
