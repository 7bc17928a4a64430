import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

/**
 * What the real Kafka answered, by the sentence of the test: test/fixtures/kafka/NAME.json. The suites compare every broker
 * with it, the real one too, so it stays true. With EVPIPE_RECORD=1 the real one's answers are written anew.
 */
export class Recorded {
  private readonly file: string;
  private readonly writes: boolean;
  private answers: Record<string, unknown> | undefined;

  constructor(name: string, options: { readonly real: boolean }) {
    this.file = fileURLToPath(new URL(`../fixtures/kafka/${name}.json`, import.meta.url));
    this.writes = options.real && process.env.EVPIPE_RECORD === '1';
    if (this.writes) this.answers = {};
  }

  check(what: string, answer: unknown): void {
    this.answers ??= JSON.parse(readFileSync(this.file, 'utf8')) as Record<string, unknown>;
    if (this.writes) {
      this.answers[what] = answer;
      writeFileSync(this.file, `${JSON.stringify(this.answers, null, 2)}\n`);
    }
    expect(answer).toEqual(this.answers[what]);
  }
}
