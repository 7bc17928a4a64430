import { it } from 'vitest';
import { provesItself } from '../matrix/pipelines.js';
import { PIPELINES } from '../support/pipelines.js';

it.each(PIPELINES)('%s is brought up from nothing by smoke, proven on data, and leaves nothing behind', (name) =>
  provesItself(name),
);
