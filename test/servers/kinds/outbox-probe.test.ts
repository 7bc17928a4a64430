import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectKafka } from '../../../src/clients/kafka/client.js';
import { connectPostgres, type PostgresClient } from '../../../src/clients/postgres/client.js';
import { outboxStage, type Stage } from '../../../src/consistency/stages.js';
import { type RunningPostgres, startPostgres } from '../../../src/embedded/postgres/server.js';
import { firstFailure, outboxLag, readsOutbox } from '../../../src/kinds/service/outbox-probe.js';

const dataDir = mkdtempSync(join(tmpdir(), 'evpipe-outbox-probe-'));
let postgres: RunningPostgres;
let client: PostgresClient;
// It publishes to queues: Kafka is never asked.
const kafka = connectKafka({ bootstrapServers: '127.0.0.1:1', clientId: 'test' });

beforeAll(async () => {
  postgres = await startPostgres({ dataDir: join(dataDir, 'postgres') });
  client = await connectPostgres({ url: postgres.url });
});
afterAll(async () => {
  await kafka.close();
  await client?.close();
  await postgres?.remove();
  rmSync(dataDir, { recursive: true, force: true });
});

function stageOf(): Stage {
  const stage = {
    kind: 'outbox',
    name: 'shop',
    database: 'd',
    table: 'event',
    sent: 'sent',
    failure: 'why',
    created: 'made',
  } as const;
  const probe = readsOutbox({ ...stage, topics: [], queues: ['q'] }, client);
  return outboxStage(
    { name: 'shop', table: 'event', handsOn: { topics: [], queues: ['q'] }, trouble: async () => undefined, ...probe },
    async () => kafka,
  );
}

const fence = () => ({ kind: 'wal', database: 'd', lsn: 1n }) as unknown as Parameters<Stage['progress']>[0];

describe.each([
  ['with a primary key', 'id int PRIMARY KEY'],
  ['without one', 'id int'],
])('a polling outbox %s', (_, id) => {
  beforeEach(() =>
    client.execute(`DROP TABLE IF EXISTS event;
      CREATE TABLE event (${id}, made timestamptz DEFAULT now(), attempts int DEFAULT 0, sent bool DEFAULT false,
        why text);
      INSERT INTO event VALUES (1, now(), 1, true), (2, now() - interval '90 s', 0, false), (3, now(), 0, false)`),
  );

  it('has passed a fence once nothing of before it is unsent, and says how many are and how old', async () => {
    const stage = stageOf();
    const taken = fence();
    expect(await stage.progress(taken)).toEqual({
      reached: false,
      behind: '2 events behind (unsent in event, the oldest for 90 s)',
      distance: 2n,
    });
    await client.execute('UPDATE event SET sent = true WHERE id = 2; UPDATE event SET attempts = 1 WHERE id = 3');
    expect(await outboxLag({ table: 'event', sent: 'sent', failure: undefined }, client)).toEqual({
      behind: 1n,
      handled: 2n,
    });
    expect((await stage.progress(taken)).behind).toMatch(/^1 event behind \(unsent in event, the oldest for \d+ s\)$/);
    await client.execute('UPDATE event SET sent = true');
    expect((await stage.progress(taken)).reached).toBe(true);
  });

  it('names the first event that its broker does not take, in the words of the broker', async () => {
    const place = { table: 'event', sent: 'sent', failure: 'why' };
    expect(await firstFailure(place, client)).toBeUndefined();
    await client.execute("UPDATE event SET why = 'too large' WHERE id = 2");
    const which = id === 'id int' ? '?' : '2';
    expect(await firstFailure(place, client)).toBe(`event ${which} of event can’t be published: too large`);
    await client.execute('UPDATE event SET sent = true');
    expect(await firstFailure(place, client)).toBeUndefined();
    expect(await firstFailure({ ...place, failure: undefined }, client)).toBeUndefined();
  });

  it(`${id === 'id int' ? 'waits for' : 'does not wait for'} what came after the fence`, async () => {
    const stage = stageOf();
    const taken = fence();
    await stage.progress(taken);
    await client.execute('INSERT INTO event VALUES (4); UPDATE event SET sent = true WHERE id < 4');
    expect((await stage.progress(taken)).reached).toBe(id !== 'id int');
    expect((await stage.progress(fence())).reached, 'a later fence').toBe(false);
  });
});
