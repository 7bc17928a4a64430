/** `0.8s`, `12.3s`, `2m 05s`, `1h 03m`: how long a step took. */
export function duration(ms: number): string {
  if (ms < 59_950) return `${(Math.max(0, ms) / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${pad(seconds % 60)}s`;
  return `${Math.floor(seconds / 3600)}h ${pad(Math.floor(seconds / 60) % 60)}m`;
}

/** `8 s`, `12 min`, `3 h`, `2 d`: how long ago or for how long, in a sentence. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `0 B`, `1.5 KB`, `198 MB`: steps of 1024, one decimal below ten. */
export function bytes(amount: number | bigint): string {
  let value = Number(amount);
  let unit = 0;
  while (Math.round(value) >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 9.95 ? Math.round(value).toString() : value.toFixed(1);
  return `${digits} ${UNITS[unit]}`;
}

/** `1,204`. */
export function count(amount: number | bigint): string {
  return amount.toString().replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** `1 record`, `12 records`, `1,204 records`. */
export function counted(amount: number | bigint, noun: string): string {
  return `${count(amount)} ${noun}${Number(amount) === 1 ? '' : 's'}`;
}

export interface Counting {
  readonly done: number;
  readonly total: number;
  readonly perSecond?: number;
  readonly leftMs?: number;
}

/** `250/1,000`, and where the rate is known `250/1,000 25 %, 80/s, 9 s left`. */
export function progressFigures({ done, total, perSecond, leftMs }: Counting): string {
  const counts = `${count(done)}/${count(total)}`;
  if (perSecond === undefined || leftMs === undefined) return counts;
  return `${counts} ${Math.floor((done / Math.max(1, total)) * 100)} %, ${count(perSecond)}/s, ${span(leftMs)} left`;
}

/** `12:04:31.201` in the reader's own time zone; `-` where the record has no time. */
export function clockTime(timestampMs: number): string {
  if (timestampMs < 0) return '-';
  const at = new Date(timestampMs);
  return `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

function pad(amount: number): string {
  return String(amount).padStart(2, '0');
}
