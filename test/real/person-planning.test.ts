import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { provePersonPlanning } from '../matrix/person-planning.js';
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
        const again = await box.run('up', '--target', 'real');
        expect(again.code, again.stderr + again.stdout).toBe(0);
        expect(again.stdout).toMatch(/persons\s+200\s+200/);
        expect(again.stdout).toMatch(/balance-sheets\s+500\s+500/);
        expect((await box.run('down', '--volumes', '--target', 'real')).code).toBe(0);
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
