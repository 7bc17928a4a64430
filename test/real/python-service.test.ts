import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { Stack } from '../support/stack.js';
import { pythonWith } from './stack/python.js';

/** The originals are written in Python: a consumer on psycopg and confluent-kafka takes the place of one of ours, on the embedded servers. */

const SERVICE = 'planning_person_consumer.py';
let stack: Stack;

beforeAll(async () => {
  const python = await pythonWith(
    'confluent-kafka[avro,schemaregistry]==2.15.0',
    'psycopg==3.3.9',
    'psycopg-binary==3.3.9',
  );
  stack = await Stack.prepare('person-planning');
  const { folder } = stack.box;
  await copyFile(fileURLToPath(new URL(`../fixtures/services/${SERVICE}`, import.meta.url)), join(folder, SERVICE));
  const file = parseDocument(await readFile(join(folder, 'evpipe.yaml'), 'utf8'));
  const consumer = ['services', 'planning-person-consumer'];
  file.deleteIn([...consumer, 'module']);
  file.setIn([...consumer, 'command'], ['python3', SERVICE]);
  file.setIn([...consumer, 'env', 'PYTHONPATH'], python.env.PYTHONPATH);
  await writeFile(join(folder, 'evpipe.yaml'), file.toString());
});

afterAll(() => stack?.remove());

it('keeps its replica consistent, is fenced as ours are, and is told apart when it is stopped', async () => {
  const up = await stack.run('up');
  expect(up.code, up.stderr + up.stdout + stack.log('planning-person-consumer')).toBe(0);
  expect(up.stdout).toMatch(/persons\s+200\s+200/);

  const persons = `${await stack.url('person')}/api/persons`;
  const send = async (method: string, url: string, body?: unknown): Promise<void> => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(url, { method, ...(body === undefined ? {} : { headers, body: JSON.stringify(body) }) });
    expect(answer.ok, await answer.text()).toBe(true);
  };
  const id = '00000000-0000-4000-8000-000000000001';
  await send('POST', persons, { id, first_name: 'Ada', last_name: "O'Hara", date_of_birth: '1815-12-10' });
  await send('DELETE', `${persons}/${id}`);
  expect((await stack.run('verify-consistency')).code).toBe(0);

  expect((await stack.run('stop', 'planning-person-consumer')).code).toBe(0);
  await send('POST', persons, { first_name: 'Jean', last_name: 'Bartik', date_of_birth: '1924-12-27' });
  const lagging = await stack.run('verify-consistency', 'persons');
  expect(lagging.code, lagging.stdout).toBe(5);
  expect(lagging.stdout).toContain('planning-person-consumer');
  expect((await stack.run('start', 'planning-person-consumer')).code).toBe(0);
  expect((await stack.run('verify-consistency')).code).toBe(0);
});
