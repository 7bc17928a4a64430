import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { readKsqlFiles } from '../../src/kinds/ksqldb/ksql-files.js';
import { KINDS } from '../../src/kinds/table.js';
import { loadPipeline } from '../../src/pipeline/load.js';
import type { Pipeline } from '../../src/pipeline/pipeline.js';
import type { Sandbox } from '../support/evpipe.js';

/** Imports what runs in the sandbox under the same name, and expects to find in the new file what the old one declares. */
export async function proveImport(box: Sandbox, options: readonly string[]): Promise<void> {
  const { stdout } = await box.run('env', ...options, '--output', 'json');
  const env = JSON.parse(stdout) as Record<string, string>;
  const flags = [
    ['--bootstrap-servers', env.EVPIPE_KAFKA_BOOTSTRAP_SERVERS],
    ['--schema-registry-url', env.EVPIPE_SCHEMA_REGISTRY_URL],
    ['--connect-url', env.EVPIPE_CONNECT_URL],
    ['--ksqldb-url', env.EVPIPE_KSQLDB_URL],
  ].flatMap(([flag = '', value = '']) => [flag, value]);
  const ended = await box.run('import', 'imported/person-planning', ...flags);
  expect(ended.code, ended.stderr + ended.stdout).toBe(0);
  expect(ended.stderr).toMatch(/left out what belongs to the servers: [1-9]\d* topics/);
  expect(readFileSync(join(box.folder, 'imported/person-planning/evpipe.yaml'), 'utf8')).not.toMatch(
    /postgres:|password/,
  );
  expect(await declared(box, 'imported/person-planning')).toEqual(await declared(box, '.'));

  const again = await box.run('import', 'imported/person-planning', ...flags);
  expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('is not empty')]);
  expect((await box.run('import', 'imported/person-planning', '--force', ...flags)).code).toBe(0);
}

/** Topics, subjects, connectors and statements, without the places where they stand. */
async function declared(box: Sandbox, folder: string): Promise<unknown> {
  const { pipeline, problems } = loadPipeline({ files: [folder], profiles: [], env: {}, cwd: box.folder }, KINDS);
  if (pipeline === undefined) throw new Error(problems.map(({ message }) => message).join('\n'));
  const byName = <One extends { readonly name: string }>(all: readonly One[], of: (one: One) => unknown): unknown =>
    Object.fromEntries(all.map((one) => [one.name, of(one)]));
  return {
    databases: pipeline.connectors.map(({ database }) => database).sort(),
    topics: byName(pipeline.topics, ({ partitions, config }) => ({ partitions, config })),
    compatibility: pipeline.compatibility,
    subjects: byName(pipeline.subjects, ({ file, type }) => ({ type, schema: JSON.parse(readFileSync(file, 'utf8')) })),
    connectors: byName(pipeline.connectors, ({ config, produces }) => ({ config, produces })),
    statements: statementsOf(pipeline),
  };
}

/** ksqlDB keeps a statement with the columns that it has inferred: what it makes of what is compared, and SET before it. */
function statementsOf(pipeline: Pipeline): unknown {
  const effects = readKsqlFiles(pipeline).flatMap(({ statements }) => statements.map((one) => one.effects));
  return effects.map(({ creates, startsQuery, readsSources, writesSource, topic, sets }) => ({
    creates,
    startsQuery,
    readsSources,
    writesSource,
    topic,
    sets,
  }));
}
