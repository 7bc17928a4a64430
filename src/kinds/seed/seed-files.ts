import { isPlainObject } from '../../support/plain-object.js';
/** One record of a JSON Lines seed. */
export interface SeedLine {
  readonly key: string | null;
  /** Any JSON; null: a tombstone. */
  readonly value: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

export interface LineProblem {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/**
 * Reads `{ "key": …, "value": …, "headers": { … } }` a line: value is any JSON (null: a tombstone), key a text (other JSON
 * becomes its text) or left out, headers texts. Empty lines are skipped.
 */
export function readSeedLines(text: string): {
  readonly lines: readonly SeedLine[];
  readonly problems: readonly LineProblem[];
} {
  const lines: SeedLine[] = [];
  const problems: LineProblem[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const read = readLine(line);
    if (typeof read === 'string') problems.push({ line: index + 1, message: read });
    else lines.push(read);
  }
  return { lines, problems };
}

/** What is wrong with it, as a sentence without its subject, where something is. */
function readLine(line: string): SeedLine | string {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch (failure) {
    return `is not valid JSON: ${failure instanceof Error ? failure.message : String(failure)}`;
  }
  if (!isPlainObject(record) || !('value' in record)) return 'needs the form {"key": …, "value": …}';
  const { key, value, headers = {}, ...others } = record;
  const [other] = Object.keys(others);
  if (other !== undefined) return `has ${JSON.stringify(other)}, which is neither key nor value nor headers`;
  if (!isPlainObject(headers) || Object.values(headers).some((one) => typeof one !== 'string'))
    return 'has headers that do not map names to strings';
  return {
    key: key === undefined || key === null ? null : typeof key === 'string' ? key : JSON.stringify(key),
    value,
    headers: headers as Readonly<Record<string, string>>,
  };
}

/** The columns that the first line of a CSV file names; quoted names may hold commas and doubled quotes. */
export function csvColumns(text: string): readonly string[] {
  const header = text.replace(/^\uFEFF/, '').split(/\r?\n/, 1)[0] ?? '';
  if (header.trim() === '') return [];
  const columns = header.match(/(?:^|,)(?:"(?:[^"]|"")*"|[^,]*)/g) ?? [];
  return columns
    .map((column) => column.replace(/^,/, ''))
    .map((column) => (column.startsWith('"') ? column.slice(1, -1).replaceAll('""', '"') : column));
}
