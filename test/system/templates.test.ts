import { fileURLToPath } from 'node:url';
import { it } from 'vitest';
import { provesItself } from '../matrix/pipelines.js';

it('the template jdbc-sink replicates a table by connectors alone, fenced by the group of the sink', () =>
  provesItself(fileURLToPath(new URL('../../templates/jdbc-sink', import.meta.url))));
