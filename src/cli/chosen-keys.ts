import { readFile } from 'node:fs/promises';
import type { KeysOfCheck } from '../kinds/check/check-wiring.js';
import type { CheckReport } from '../kinds/events.js';
import { EvpipeError, messageOf } from '../support/errors.js';

type Chosen = ReadonlyMap<string, KeysOfCheck>;
type Key = KeysOfCheck['keys'][number];

const usage = (message: string, todo: string): EvpipeError =>
  new EvpipeError('EVPIPE_OPTION', message, { kind: 'usage', todo });

/** `--keys` of the one check that is named: `17,18`, or JSON where a key has several columns or a comma in it. */
export function keysOfOption(text: string, checks: readonly string[]): Chosen {
  const [check] = checks;
  if (check === undefined || checks.length > 1)
    throw usage('--keys applies to a single check', 'Name it: evpipe verify-consistency persons --keys 17,18');
  const keys = text.trimStart().startsWith('[') ? keysOfJson(text) : text.split(',').map((one) => [one.trim()]);
  return new Map([[check, { keys, part: keys.length === 1 ? '1 key' : `${keys.length} keys`, mayBeGone: false }]]);
}

function keysOfJson(text: string): readonly Key[] {
  const todo = 'Pass a list of keys, each a list of strings or null: \'[["17", "a"], ["18", null]]\'';
  let keys: unknown;
  try {
    keys = JSON.parse(text);
  } catch (failure) {
    throw usage(`--keys is not valid JSON: ${messageOf(failure)}`, todo);
  }
  // Numbers of JSON lose digits beyond 2^53, so a key is given as text.
  if (!Array.isArray(keys) || keys.length === 0 || !keys.every(isKey))
    throw usage('--keys is not a list of keys', todo);
  return keys;
}

const isKey = (key: unknown): key is Key =>
  Array.isArray(key) && key.length > 0 && key.every((part) => part === null || typeof part === 'string');

/**
 * `--recheck FILE`: the keys that differed in a report of before, which `--output json` wrote. Of checks that are not
 * named, all that have any. Throws EVPIPE_REPORT, EVPIPE_OPTION (kind usage).
 */
export async function keysOfReport(file: string, checks: readonly string[]): Promise<Chosen> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (failure) {
    throw usage(`--recheck can't read ${file}: ${messageOf(failure)}`, 'Pass a file written with --output json.');
  }
  const chosen = new Map<string, KeysOfCheck>();
  for (const report of reportsIn(text, file)) {
    const { check, findings, missing, extra, different } = report;
    if (report.kind !== 'compare' || findings.length === 0 || (checks.length > 0 && !checks.includes(check))) continue;
    const total = missing + extra + different;
    const listed = findings.length < total ? `${findings.length} of ${total}` : `${findings.length}`;
    const part = `${listed} keys that differed in ${file}`;
    chosen.set(check, { keys: findings.map(({ key }) => key), part, mayBeGone: true });
  }
  if (chosen.size === 0)
    throw usage(
      `no key differs in ${file}, so there is nothing to check again`,
      'Leave out --recheck to compare everything.',
    );
  return chosen;
}

function reportsIn(text: string, file: string): readonly CheckReport[] {
  return text.split('\n').flatMap((line, index): CheckReport[] => {
    if (line.trim() === '') return [];
    try {
      const event = JSON.parse(line) as { readonly kind?: unknown; readonly report?: CheckReport };
      return event.kind === 'check-report' && Array.isArray(event.report?.findings) ? [event.report] : [];
    } catch (failure) {
      throw usage(
        `line ${index + 1} of ${file} is not JSON: ${messageOf(failure)}`,
        'Pass a file written with --output json.',
      );
    }
  });
}
