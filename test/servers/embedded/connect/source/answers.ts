import { existsSync, readFileSync } from 'node:fs';
import type { Told } from '../told.js';

/** What the real connector wrote, a line a case: recorded by `EVPIPE_RECORD=1 npx vitest run --project real test/real/connect/source.test.ts`. */
export const ANSWERS_FILE = new URL('real-answers.jsonl', import.meta.url);

export function recordedAnswers(): Map<string, readonly Told[]> {
  const text = existsSync(ANSWERS_FILE) ? readFileSync(ANSWERS_FILE, 'utf8').trimEnd() : '';
  const lines = text === '' ? [] : text.split('\n');
  return new Map(
    lines.map((line) => {
      const { name, records } = JSON.parse(line) as { readonly name: string; readonly records: readonly Told[] };
      return [name, records];
    }),
  );
}
