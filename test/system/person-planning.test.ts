import { describe } from 'vitest';
import { provePersonPlanning } from '../matrix/person-planning.js';

describe.each([
  ['connectors of the file', [] as string[]],
  ['connectors made by ksql migrations', ['--profile', 'ksql-connectors']],
])('person-planning with %s', (_, options) => {
  provePersonPlanning(async () => ({ options }));
});
