import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { KINDS } from '../../../../src/kinds/table.js';
import { loadPipeline } from '../../../../src/pipeline/load.js';
import type { Pipeline } from '../../../../src/pipeline/pipeline.js';
import { resolveReferences } from '../../../../src/pipeline/references.js';
import { statementEffects } from '../../../../src/protocol/ksql/effects.js';
import { parseStatements } from '../../../../src/protocol/ksql/parse.js';

const folder = fileURLToPath(new URL('../../../../pipelines/person-planning', import.meta.url));

function load(...profiles: string[]): Pipeline {
  const { pipeline, problems } = loadPipeline({ files: [folder], profiles, env: {}, cwd: folder }, KINDS);
  expect(problems).toEqual([]);
  if (pipeline === undefined) throw new Error('no pipeline');
  return pipeline;
}

const scripts = (name: string): Map<string, string> =>
  new Map(
    readdirSync(join(folder, name))
      .sort()
      .map((file) => [file.replace(/^V\d+__/, ''), readFileSync(join(folder, name, file), 'utf8')]),
  );

describe('person-planning', () => {
  it('is valid as it stands and with its profile', () => {
    expect(load().connectors.map(({ name, config }) => [name, config !== undefined])).toEqual([
      ['person-outbox', true],
      ['accounting-cdc', true],
    ]);
    expect(load('ksql-connectors').connectors.map(({ name, config }) => [name, config !== undefined])).toEqual([
      ['person-outbox', false],
      ['accounting-cdc', false],
    ]);
  });

  it('makes the same connectors by SQL as by YAML, written out', () => {
    const { names } = load();
    const bySql = [...scripts('ksql-connectors').values()]
      .flatMap((text) => parseStatements(resolveReferences(text, names)))
      .flatMap((statement) => statementEffects(statement).creates ?? [])
      .flatMap((created) => (created.kind === 'connector' ? [[created.name, created.config] as const] : []));
    // TLS options are empty where a database has no certificates: they are left out when written by hand.
    const written = (config: Readonly<Record<string, string>> = {}) =>
      Object.fromEntries(Object.entries(config).filter(([option]) => !option.startsWith('database.ssl')));
    const byYaml = load().connectors.map(
      ({ name, config }) => [name, { 'tasks.max': '1', ...written(config) }] as const,
    );
    expect(bySql).toEqual(byYaml);
  });

  it('makes the same streams in both profiles', () => {
    const withConnectors = scripts('ksql-connectors');
    for (const [name, script] of scripts('ksql')) expect(withConnectors.get(name)).toBe(script);
  });
});
