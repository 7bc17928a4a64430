import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { kafkaDocumentation } from '../../../src/embedded/kafka/documentation.js';

it('docs/kafka.md says what the broker’s own tables say; npm run docs writes it anew', () => {
  expect(readFileSync(new URL('../../../docs/kafka.md', import.meta.url), 'utf8')).toBe(kafkaDocumentation());
});
