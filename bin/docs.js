// Writes docs/ from the code's own tables, and the diagrams of the pipelines' READMEs: npm run docs. Tests hold what is
// committed against what this would write.
import { mkdirSync, writeFileSync } from 'node:fs';
import { amqpDocumentation } from '../dist/embedded/amqp/documentation.js';
import { kafkaDocumentation } from '../dist/embedded/kafka/documentation.js';
import { KINDS } from '../dist/kinds/table.js';
import { pipelineReadmes } from '../dist/operations/readme/pipeline-readmes.js';

const folder = new URL('../docs/', import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL('amqp.md', folder), amqpDocumentation());
writeFileSync(new URL('kafka.md', folder), kafkaDocumentation());
for (const { file, wanted } of pipelineReadmes(KINDS)) writeFileSync(file, wanted);
