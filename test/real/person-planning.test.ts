import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { provePersonPlanning } from '../matrix/person-planning.js';
import { Stack } from '../support/stack.js';
import { type RealStack, startRealStack } from './stack/stack.js';

let stack: RealStack;

beforeAll(async () => {
  stack = await startRealStack({ kafka: true, registry: true, connect: true });
});

afterAll(() => stack?.stop());

async function ask<T>(url: string): Promise<T> {
  const answer = await fetch(url);
  expect(answer.ok, `${url}: ${answer.status}`).toBe(true);
  return (await answer.json()) as T;
}

/** PostgreSQL, ksqlDB and the services are evpipe's own, all else has an address. */
const target = (): string => `
targets:
  real:
    kafka: { bootstrapServers: ${stack.kafka.bootstrapServers} }
    schemaRegistry: { url: ${stack.registry.url} }
    connect: { url: ${stack.connect.url} }
    ksqldb: embedded
`;

describe('person-planning on real Kafka, Connect with Debezium and a registry', () => {
  provePersonPlanning(async (box) => {
    await appendFile(join(box.folder, 'evpipe.yaml'), target());
    return {
      options: ['--target', 'real'],
      leavesNothing: async () => {
        expect(await ask(`${stack.connect.url}/connectors`)).toEqual([]);
        // Topics, groups and subjects stay on servers that are not ours; a new beginning beside them is consistent too.
        const again = await box.run('up', '--seed', '--target', 'real');
        expect(again.code, again.stderr + again.stdout).toBe(0);
        expect(again.stdout).toMatch(/persons\s+200\s+200/);
        expect(again.stdout).toMatch(/balance-sheets\s+500\s+500/);
        expect((await box.run('down', '--volumes', '--yes', '--target', 'real')).code).toBe(0);
      },
    };
  });

  // Confluent's own converter would register the union of null and this record for an optional row; the registry's converter
  // registers the record alone, so only that is compared.
  it('has rows in the schema that the file declares for Debezium', async () => {
    const versions = `${stack.registry.url}/subjects/private_accounting_bal_sheet_cdc-value/versions`;
    const schemas = await Promise.all(
      (await ask<number[]>(versions)).map(async (version) => {
        const { schema } = await ask<{ schema: string }>(`${versions}/${version}`);
        return JSON.parse(schema) as unknown;
      }),
    );
    expect(schemas.length).toBeGreaterThan(0);
    for (const schema of schemas) expect(schema).toEqual(schemas[0]);
  });
});

describe('person-planning with connectors made by ksql migrations, as in the original', () => {
  provePersonPlanning(async () => ({ options: ['--profile', 'ksql-connectors'] }));
});

describe('person-planning on real Kafka, with all else embedded', () => {
  const target = ['--target', 'kafka'];
  let pipeline: Stack;

  beforeAll(async () => {
    pipeline = await Stack.prepare('person-planning');
    // Another name: the topics of the pipeline above are on this Kafka, and what evpipe remembers of it.
    const file = join(pipeline.box.folder, 'evpipe.yaml');
    const text = (await readFile(file, 'utf8')).replace(/^name: .*$/m, 'name: mixed');
    await writeFile(
      file,
      `${text}\ntargets:\n  kafka: { kafka: { bootstrapServers: ${stack.kafka.bootstrapServers} } }\n`,
    );
  });

  afterAll(() => pipeline?.box.remove(...target));

  it('is consistent, and again when it begins anew after down and down --volumes', async () => {
    for (const [attempt, ...downs] of [
      ['first', ['down'], ['down', '--volumes', '--yes']],
      ['second', ['down', '--volumes', '--yes']],
    ] as const) {
      const ended = await pipeline.run('up', '--seed', ...target);
      expect(ended.code, `${attempt}: ${ended.stderr}${ended.stdout}`).toBe(0);
      expect(ended.stdout).toMatch(/persons\s+200\s+200/);
      expect(ended.stdout).toMatch(/balance-sheets\s+500\s+500/);
      for (const down of downs) expect((await pipeline.run(...down, ...target)).code).toBe(0);
    }
  });
});
