import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Ended } from '../support/evpipe.js';
import { FEW_ROWS, Stack } from '../support/stack.js';

/**
 * One stack that is spoilt in one way after the other, mended each time. Every failure has to say what failed, why in
 * the component's own words, and what to do; never a stack trace; and `up` goes on from there.
 */
let stack: Stack;

beforeAll(async () => {
  stack = await Stack.withFewRows('person-planning');
});

afterAll(() => stack?.remove());

/** Changes a file of the pipeline for the time of `work`. */
async function spoilt<T>(file: string, spoil: (text: string) => string, work: () => Promise<T>): Promise<T> {
  const path = join(stack.box.folder, file);
  const before = readFileSync(path, 'utf8');
  const after = spoil(before);
  expect(after, `${file} is changed`).not.toBe(before);
  writeFileSync(path, after);
  try {
    return await work();
  } finally {
    writeFileSync(path, before);
  }
}

function expectMessage(ended: Ended, code: number, ...texts: (string | RegExp)[]): void {
  const said = `${ended.stderr}${ended.stdout}`;
  expect(ended.code, said).toBe(code);
  for (const text of texts) expect(said).toMatch(text);
  expect(said, 'no stack trace').not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
}

it('names a connector’s missing table, its place in the file and the table that was meant', async () => {
  const ended = await spoilt(
    'evpipe.yaml',
    (text) => text.replace(/events_outboxitem\b/g, 'events_outboxitems'),
    () => stack.run('up', '--no-seed'),
  );
  expectMessage(
    ended,
    1,
    /✗ streams +connector person-outbox captures public\.events_outboxitems/,
    'did you mean public.events_outboxitem?',
    /evpipe\.yaml:\d+:\d+/,
  );
});

it('gives the last words of a service that ends at once, without waiting for it for long', async () => {
  const ended = await spoilt(
    'evpipe.yaml',
    (text) =>
      text.replace(
        'module: services/planning-person-consumer.ts',
        `command: [node, -e, "console.error('no licence found'); process.exit(3)"]`,
      ),
    () => stack.run('up', '--no-seed'),
  );
  expectMessage(ended, 1, /✗ services +service planning-person-consumer/, 'code 3', 'no licence found', 'evpipe logs');
});

it('names file and line of a ksql statement that the server refuses, and sends nothing twice once it is mended', async () => {
  const file = 'ksql/V000003__more.sql';
  const path = join(stack.box.folder, file);
  writeFileSync(path, 'CREATE STREAM more AS SELECT * FROM balance_sheet_rows;\n\nDROP STREAM nobody;\n');
  expectMessage(await stack.run('up', '--no-seed'), 1, `${file}:3:1`, /nobody/i, 'Correct the statement');
  const before = stack.log('ksqldb');
  writeFileSync(path, 'CREATE STREAM more AS SELECT * FROM balance_sheet_rows;\n\nDROP STREAM IF EXISTS nobody;\n');
  expectMessage(await stack.run('up'), 0, new RegExp(`persons +${FEW_ROWS} +${FEW_ROWS}`));
  expect(stack.log('ksqldb').slice(before.length)).not.toMatch(/CREATE STREAM more/i);
  rmSync(path);
});

it('says which field makes a schema incompatible', async () => {
  const ended = await spoilt(
    'schemas/person-event.avsc',
    (text) => text.replace('"first_name"', '"given_name"'),
    () => stack.run('up'),
  );
  expectMessage(ended, 1, '✗ registry', 'public_person_entity_events-value', /first_name/, /evpipe\.yaml:\d+:\d+/);
  expect(ended.stderr).not.toContain('oldSchema');
});

it('ends with 4 where a database does not answer at its address', async () => {
  const closed = createServer();
  const port = await new Promise<number>((resolve) => {
    closed.listen(0, '127.0.0.1', () => resolve((closed.address() as { port: number }).port));
  });
  await new Promise((resolve) => closed.close(resolve));
  const ended = await spoilt(
    'evpipe.yaml',
    (text) =>
      `${text}\ntargets:\n  elsewhere:\n    databases: { person: { url: "postgres://me:secret@127.0.0.1:${port}/person" } }\n`,
    () => stack.run('up', '--target', 'elsewhere'),
  );
  expectMessage(ended, 4, `127.0.0.1:${port}`);
  expect(ended.stderr + ended.stdout).not.toContain('secret');
});

it('says the last error of a consumer that ends again and again where a check waits for it', async () => {
  const person = await stack.database('person');
  const ended = await spoilt(
    'services/planning-person-consumer.ts',
    (text) => `${text}\nthrow new Error('poison record 17');\n`,
    async () => {
      await stack.run('up', '--no-seed', '--no-verify', '--timeout', '10s');
      await person.execute(`UPDATE person_person SET date_of_birth = '1999-09-09' WHERE id = (SELECT min(id::text)::uuid FROM person_person);
        INSERT INTO events_outboxitem SELECT gen_random_uuid(), topic, message_key, now(), event_type, source, content_type, payload
          FROM events_outboxitem LIMIT 1`);
      return stack.run('verify-consistency', 'persons', '--timeout', '20s');
    },
  );
  await person.close();
  expectMessage(
    ended,
    5,
    /lagging/,
    /planning-person-consumer: 1 record behind/,
    /its last error:\s+Error:\s+poison\s+record\s+17/,
  );
});
