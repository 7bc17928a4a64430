// Writes docs/ from the code's own tables: npm run docs. A test holds what is committed against what this would write.
import { mkdirSync, writeFileSync } from 'node:fs';
import { kafkaDocumentation } from '../dist/embedded/kafka/documentation.js';

const folder = new URL('../docs/', import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL('kafka.md', folder), kafkaDocumentation());
