import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectKafka } from '../../src/clients/kafka/client.js';
import type { Sasl } from '../../src/clients/kafka/contract.js';
import { PipelineSecrets } from '../../src/targets/secrets.js';
import { Stack } from '../support/stack.js';

/** A pipeline on a machine that others use too: EVPIPE_PRIVATE=1. `up` ends with 0 only when its checks have proven it. */
let stack: Stack;

beforeAll(async () => {
  const prepared = await Stack.withFewRows('person-planning');
  prepared.box.env.EVPIPE_PRIVATE = '1';
  stack = await prepared.up();
  delete prepared.box.env.EVPIPE_PRIVATE; // another shell
});
afterAll(() => stack?.remove());

async function topics(sasl?: Sasl): Promise<number> {
  const bootstrapServers = `127.0.0.1:${await stack.portOf('kafka')}`;
  const kafka = connectKafka({ bootstrapServers, clientId: 'stranger', requestTimeoutMs: 3_000, sasl });
  try {
    return (await kafka.listTopics()).length;
  } finally {
    await kafka.close();
  }
}

const login = (process: string) => new PipelineSecrets(stack.stateFolder).login(process);

describe('without a login', () => {
  it.each([
    ['registry', '/subjects', 'POST', '/subjects/stolen/versions'],
    ['connect', '/connectors', 'POST', '/connectors'],
    ['ksqldb', '/info', 'POST', '/ksql'],
  ])('%s answers nothing and does nothing', async (name, reads, method, writes) => {
    const url = await stack.url(name);
    const wrong = { authorization: `Basic ${Buffer.from('evpipe:wrong').toString('base64')}` };
    const body = JSON.stringify({ ksql: 'LIST STREAMS;', schema: '"string"' });
    for (const headers of [{}, wrong] as const) {
      const read = await fetch(url + reads, { headers });
      expect([read.status, read.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="evpipe"']);
      const posted = { ...headers, 'content-type': 'application/json' };
      expect((await fetch(url + writes, { method, headers: posted, body })).status).toBe(401);
    }
  });

  it('Kafka tells nothing and takes nothing', async () => {
    await expect(topics()).rejects.toThrow();
    const wrong = { mechanism: 'scram-sha-256', username: 'evpipe', password: 'wrong' } as const;
    await expect(topics(wrong)).rejects.toMatchObject({ code: 'EVPIPE_KAFKA_SASL_AUTHENTICATION_FAILED' });
    const { username = '', password = '' } = login('kafka') ?? {};
    expect(await topics({ mechanism: 'scram-sha-256', username, password })).toBeGreaterThan(3);
  });
});

it('every command finds its way, in a shell without the variable too', async () => {
  const proof = await stack.box.run('verify-consistency', '--output', 'json');
  expect(proof.code, proof.stderr).toBe(0);
  const shown = await stack.box.run('ksql', '-e', 'LIST STREAMS;');
  expect([shown.code, shown.stdout]).toEqual([0, expect.stringContaining('BALANCE_SHEET_EVENTS')]);
  const tail = await stack.box.run('tail', 'public_person_entity_events', '-n', '1', '-e');
  expect([tail.code, tail.stdout]).toEqual([0, expect.stringContaining('specversion')]);
  const again = await stack.box.run('up', '--output', 'json');
  expect([again.code, login('kafka')]).toEqual([0, expect.objectContaining({ username: 'evpipe' })]);
});

it('no login stands in a command line, a log, or what status and Connect show', async () => {
  const passwords = ['kafka', 'registry', 'connect', 'ksqldb'].map((name) => login(name)?.password ?? 'none');
  const { username = '', password = '' } = login('connect') ?? {};
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const connect = await stack.url('connect');
  const connectors = await fetch(`${connect}/connectors?expand=info&expand=status`, { headers: { authorization } });
  const status = await stack.box.run('status', '--output', 'json');
  const logs = await stack.box.run('logs', '--tail', '10000');
  const commandLines = (await stack.processes()).flatMap(({ pid }) =>
    pid === undefined ? [] : [readFileSync(`/proc/${pid}/cmdline`, 'utf8')],
  );
  const told = [await connectors.text(), status.stdout, logs.stdout, ...commandLines].join('\n');
  expect(told).toContain('person-outbox');
  for (const secret of passwords) expect(told).not.toContain(secret);
});
