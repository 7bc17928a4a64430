import type { KafkaRecord } from '../../../../../src/clients/kafka/contract.js';
import { parseLsn } from '../../../../../src/support/brands.js';
import { waitUntil } from '../../../../../src/support/retry.js';
import { ask } from '../source/run-case.js';
import type { TestDatabase, World } from '../world.js';
import type { ResumeCase } from './cases.js';

/** Written after all others: what comes before it is all that the connector tells. */
const LAST_ID = 999;

/** Lets a worker go on from the offset of a case, and answers with what it tells. */
export async function runCase(world: World, workerUrl: string, one: ResumeCase): Promise<readonly string[]> {
  const database = await world.database(
    'CREATE TABLE item (id int PRIMARY KEY, note text)',
    'CREATE TABLE whole (id int PRIMARY KEY, note text)',
    'ALTER TABLE whole REPLICA IDENTITY FULL',
  );
  const { name, client } = database;
  await client.query(`CREATE PUBLICATION pub_${name} FOR TABLE item, whole`);
  await client.query("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", [`slot_${name}`]);
  for (const statement of [...one.changes, `INSERT INTO item VALUES (${LAST_ID})`]) await client.query(statement);
  const config = {
    ...world.config(database),
    'publication.autocreate.mode': 'disabled',
    'heartbeat.interval.ms': '0',
    'slot.drop.on.stop': 'true',
    transforms: 'one',
    'transforms.one.type': 'org.apache.kafka.connect.transforms.RegexRouter',
    'transforms.one.regex': '.*',
    'transforms.one.replacement': `${name}.all`,
    ...one.options,
  };
  const connector = `${workerUrl}/connectors/${name}`;
  await ask(`${workerUrl}/connectors`, 'POST', { name, config, initial_state: 'STOPPED' });
  try {
    await untilStopped(connector);
    const offset = await offsetOf(database, one);
    await ask(`${connector}/offsets`, 'PATCH', { offsets: [{ partition: { server: name }, offset }] });
    await ask(`${connector}/resume`, 'PUT');
    return await toldBeforeTheLast(world, connector, `${name}.all`);
  } finally {
    await ask(connector, 'DELETE');
  }
}

const TYPES: Readonly<Record<string, string>> = {
  B: 'BEGIN',
  I: 'INSERT',
  U: 'UPDATE',
  D: 'DELETE',
  T: 'TRUNCATE',
  M: 'MESSAGE',
  C: 'COMMIT',
};

/** As Debezium stores it with an event: `lsn_proc` is the place of the last one that it counts as done with. */
async function offsetOf({ name, client }: TestDatabase, one: ResumeCase): Promise<object> {
  const { rows } = await client.query<{ lsn: string; xid: string; data: Buffer }>(
    "SELECT lsn::text, xid::text, data FROM pg_logical_slot_peek_binary_changes($1, NULL, NULL, 'proto_version', '1', 'publication_names', $2, 'messages', 'true')",
    [`slot_${name}`, `pub_${name}`],
  );
  const events = rows.flatMap(({ lsn, xid, data }) => {
    const type = TYPES[String.fromCharCode(data[0] ?? 0)];
    const isOwnCommit = type === 'MESSAGE' && data[1] === 0;
    return type === undefined ? [] : [{ type, isOwnCommit, lsn: Number(parseLsn(lsn)), txId: Number(xid) }];
  });
  const told = events[one.toldUntil];
  if (told === undefined) throw new Error(`there are only ${events.length} events`);
  let done = 0;
  let commit: number | undefined;
  for (const { type, isOwnCommit, lsn } of events.slice(0, one.toldUntil + 1)) {
    const isCommit = type === 'COMMIT' || isOwnCommit;
    if (isCommit) commit = lsn;
    if (one.unfinished && lsn >= told.lsn) done = isCommit ? lsn - 1 : done;
    else if (isCommit || (type !== 'BEGIN' && type !== 'MESSAGE')) done = lsn;
  }
  return {
    lsn_proc: done,
    messageType: told.type,
    ...(one.withoutCommit ? {} : { lsn_commit: commit }),
    lsn: told.lsn,
    txId: told.txId,
    ts_usec: Date.now() * 1000,
  };
}

async function untilStopped(connector: string): Promise<void> {
  await waitUntil(
    'the connector to be stopped',
    async () => {
      const response = await fetch(`${connector}/status`);
      const status = (await response.json()) as { readonly connector?: { readonly state: string } };
      return status.connector?.state === 'STOPPED' ? true : undefined;
    },
    { timeoutMs: 60_000 },
  );
}

async function toldBeforeTheLast(world: World, connector: string, topic: string): Promise<readonly string[]> {
  let told: readonly string[] = [];
  return waitUntil(
    () => `the last row, after ${told.join(', ')}`,
    async () => {
      const status = (await ask(`${connector}/status`, 'GET')) as { tasks?: Array<{ trace?: string }> };
      const trace = status.tasks?.[0]?.trace;
      if (trace !== undefined) throw new Error(trace);
      told = (await world.all(topic)).flatMap(shown);
      const last = told.indexOf(`c ${LAST_ID}`);
      return last < 0 ? undefined : told.slice(0, last);
    },
    { timeoutMs: 60_000 },
  );
}

interface Value {
  readonly op?: string;
  readonly status?: string;
  readonly event_count?: number;
  readonly before?: { readonly id: number };
  readonly after?: { readonly id: number };
  readonly message?: { readonly content: string };
}

function shown({ key, value }: KafkaRecord): string[] {
  if (value === null) return [`tombstone ${JSON.parse(String(key)).id}`];
  const { op, status, event_count: count, before, after, message } = JSON.parse(String(value)) as Value;
  if (status !== undefined) return [count == null ? status : `${status} ${count}`];
  if (message !== undefined) return [`m ${Buffer.from(message.content, 'base64')}`];
  return [op === 't' ? 't' : `${op} ${(after ?? before)?.id}`];
}
