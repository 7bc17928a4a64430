import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { CloudEventAnswer } from './run-case.js';

/** What the real converter wrote, a line a case, of those in JSON: test/real/connect/cloud-events.test.ts keeps it true. */
export const ANSWERS_FILE = fileURLToPath(new URL('./real-answers.jsonl', import.meta.url));

export function recordedAnswers(): ReadonlyMap<string, CloudEventAnswer> {
  const lines = readFileSync(ANSWERS_FILE, 'utf8').trimEnd().split('\n');
  return new Map(
    lines.map((line) => {
      const { name, answer } = JSON.parse(line) as { readonly name: string; readonly answer: CloudEventAnswer };
      return [name, answer];
    }),
  );
}

/** As text, so that a difference can be read. A failure by its message: Debezium throws classes of its own. */
export const readable = (answer: CloudEventAnswer | undefined): string | null | undefined => {
  if (answer === undefined || 'failure' in answer) return answer?.message;
  return answer.bytes === null ? null : Buffer.from(answer.bytes, 'hex').toString('utf8');
};
