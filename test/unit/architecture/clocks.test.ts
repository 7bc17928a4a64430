import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { packageFile } from '../../../src/support/package.js';

/** Whoever measures how long something takes reads a clock that nobody can set: performance.now(), or `monotonic` of a Clock. */
const TIMES_OF_DAY: Readonly<Record<string, string>> = {
  'cli/commands/logs.ts': '--since is a time of day',
  'cli/commands/verify-consistency.ts': '--since is a time of day',
  'clients/documents/file.ts': 'the age of a file',
  'clients/kafka/producer-batches.ts': "a record's timestamp",
  'embedded/connect/transforms/timezone-converter.ts': "a zone's offset today",
  'embedded/ksqldb/runtime/persistent-query.ts': 'when an error happened',
  'embedded/postgres/cluster.ts': 'the age of a folder',
  'kinds/check/check-wiring.ts': 'compared with the time at which a process ended',
  'kinds/check/checkpoint.ts': 'the age of a file',
  'kinds/check/status-check.ts': 'compared with timestamps of rows',
  'kit/admin/session.ts': 'the end of a cookie',
  'kit/consumer.ts': 'notices that it was set',
  'operations/run/exclusively.ts': 'a claim that other machines read',
  'supervisor/children/managed-process.ts': 'when a process ended',
  'support/clock.ts': 'the clock itself',
  'targets/compose/provider.ts': "compared with Docker's start of a container",
};

it('the time of day is read where a time of day is meant, never to measure', () => {
  const src = packageFile('src');
  const readers = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
    (path) => /\.tsx?$/.test(path) && /\bDate\.now\b/.test(readFileSync(`${src}/${path}`, 'utf8')),
  );
  expect(readers.sort()).toEqual(Object.keys(TIMES_OF_DAY).sort());
});
