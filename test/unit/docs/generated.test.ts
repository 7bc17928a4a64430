import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { kafkaDocumentation } from '../../../src/embedded/kafka/documentation.js';
import { pipelineReadmes } from '../../../src/operations/pipeline-readmes.js';

it('docs/kafka.md says what the broker’s own tables say; npm run docs writes it anew', () => {
  expect(readFileSync(new URL('../../../docs/kafka.md', import.meta.url), 'utf8')).toBe(kafkaDocumentation());
});

it('the README of every pipeline and template has the diagram of evpipe graph; npm run docs writes it anew', () => {
  for (const { file, committed, wanted } of pipelineReadmes()) expect(committed, file).toBe(wanted);
});
