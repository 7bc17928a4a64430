import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { amqpDocumentation } from '../../../src/embedded/amqp/documentation.js';
import { kafkaDocumentation } from '../../../src/embedded/kafka/documentation.js';
import { KINDS } from '../../../src/kinds/table.js';
import { pipelineReadmes } from '../../../src/operations/readme/pipeline-readmes.js';

it.each([
  ['amqp.md', amqpDocumentation],
  ['kafka.md', kafkaDocumentation],
] as const)('docs/%s says what the server’s own tables say; npm run docs writes it anew', (file, documentation) => {
  expect(readFileSync(new URL(`../../../docs/${file}`, import.meta.url), 'utf8')).toBe(documentation());
});

it('the README of every pipeline and template has the diagram of evpipe graph; npm run docs writes it anew', () => {
  for (const { file, committed, wanted } of pipelineReadmes(KINDS)) expect(committed, file).toBe(wanted);
});
