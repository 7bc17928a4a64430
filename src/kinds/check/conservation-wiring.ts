import type { ConservationCheck, Count, DeadLetter, QueueFigures } from '../../consistency/conservation.js';
import { lasting, type Trouble } from '../../consistency/stages.js';
import { quoteColumn, SESSION_SETTINGS, tableSql } from '../../consistency/table-place.js';
import type { Located } from '../../pipeline/pipeline.js';
import { EvpipeError } from '../../support/errors.js';
import { databaseClient } from '../database/client.js';
import { publications } from '../flow/flow.js';
import { rabbitmqClient } from '../rabbitmq/client.js';
import { certainQueue, deadLettersInto, deadLettersOf, staleMs, unfinished } from '../rabbitmq/queues.js';
import { firstFailure } from '../service/outbox-probe.js';
import type { OutboxSection } from '../service/section.js';
import type { Session } from '../session.js';
import { processTrouble, receiverTrouble } from './check-wiring.js';
import type { ConservationSection, CountSection } from './section.js';

const BODY_SHOWN_MAX = 200;

/** A conservation check wired to what runs: counts ask the databases, figures the broker, troubles the supervisor. */
export async function wireConservation(
  check: Located & ConservationSection,
  session: Session,
): Promise<ConservationCheck> {
  const { queue, published, effects } = check;
  const { pipeline } = session;
  const { final, retries } = deadLettersOf(queue, pipeline);
  const stale = staleMs(queue, session);
  const polled = publishers(queue, session).every(({ outbox }) => outbox?.sent !== undefined);
  const counts =
    published === undefined || effects === undefined
      ? undefined
      : {
          published: await countOf(check, 'published', published, session),
          effects: await countOf(check, 'effects', effects, session),
        };
  return {
    name: check.name,
    queue,
    deadLetterQueues: final,
    counts,
    allowEmpty: check.allowEmpty,
    staleMs: stale,
    traceable: stale === 0 && polled && retries.length === 0,
    uncounted: {
      arrivals: deadLettersInto(queue, pipeline),
      refuses: refusesWhenFull(queue, session),
    },
    figures: () => figures(queue, { final, retries }, session),
    unsent: await unsentRows(queue, session),
    deadLetters: (most) => peekAll(final, most, session),
    trouble: () => trouble(queue, session),
  };
}

async function countOf(
  check: Located & ConservationSection,
  side: 'published' | 'effects',
  { database, count }: CountSection,
  session: Session,
): Promise<Count> {
  const client = await databaseClient(session.clients, database, SESSION_SETTINGS);
  return {
    label: `${side} in ${database}`,
    read: async () => {
      const rows = await client.queryText(count);
      const number = rows.length === 1 && rows[0]?.length === 1 ? Number(rows[0][0] ?? Number.NaN) : Number.NaN;
      if (Number.isSafeInteger(number)) return number;
      throw new EvpipeError('EVPIPE_COUNT_INVALID', `${side}.count must return one row with one whole number`, {
        kind: 'usage',
        location: check.locationOf('conservation', side, 'count'),
      });
    },
  };
}

async function figures(
  queue: string,
  { final, retries }: { readonly final: readonly string[]; readonly retries: readonly string[] },
  session: Session,
): Promise<QueueFigures> {
  const sum = async (queues: readonly string[]): Promise<number> =>
    (await Promise.all(queues.map((one) => unfinished(one, session)))).reduce((total, one) => total + one, 0);
  // Along the way of a message, so that none is missed on its way from one to the next.
  const { ready, consumers, facts } = await certainQueue(queue, session);
  const paused = await sum(retries);
  const deadLetters = await sum(final);
  const { counters } = facts;
  return {
    unfinished: Math.max(ready, facts.ready) + facts.unacknowledged + paused,
    deadLetters,
    consumers,
    counters:
      counters === undefined
        ? undefined
        : {
            published: counters.published,
            acknowledged: counters.acknowledged,
            automatic: counters.deliveredUnacknowledged,
          },
  };
}

/** Refused to the publisher's face (https://www.rabbitmq.com/docs/maxlen#overflow-behaviour): not lost, as it knows. */
function refusesWhenFull(queue: string, { pipeline }: Session): boolean {
  const overflow = pipeline.rabbitmq?.queues.find(({ name }) => name === queue)?.arguments['x-overflow'];
  return overflow === 'reject-publish' || overflow === 'reject-publish-dlx';
}

/** Of the services that publish to the queue by a polling outbox. */
async function unsentRows(queue: string, session: Session): Promise<ConservationCheck['unsent']> {
  const outboxes = await Promise.all(
    publishers(queue, session).flatMap(({ name, outbox }) => {
      if (outbox?.sent === undefined) return [];
      const sql = `SELECT count(*)::text FROM ${tableSql(outbox.table)} AS t WHERE NOT ${quoteColumn(outbox.sent)}`;
      return [
        databaseClient(session.clients, outbox.database, SESSION_SETTINGS).then((client) => ({ name, client, sql })),
      ];
    }),
  );
  return async () => {
    const found = await Promise.all(
      outboxes.map(async ({ name, client, sql }) => ({ name, rows: Number((await client.queryText(sql))[0]?.[0]) })),
    );
    const open = found.filter(({ rows }) => rows > 0);
    return { rows: open.reduce((sum, { rows }) => sum + rows, 0), outboxes: open.map(({ name }) => name) };
  };
}

const publishers = (queue: string, { pipeline }: Session) =>
  pipeline.services.filter((service) => publications(service, pipeline).some((one) => one.queue === queue));

async function peekAll(queues: readonly string[], most: number, session: Session): Promise<readonly DeadLetter[]> {
  const found: DeadLetter[] = [];
  for (const queue of queues) {
    const declared = session.pipeline.rabbitmq?.queues.find((one) => one.name === queue);
    // A quorum queue counts every look as a delivery, and drops what was delivered too often.
    if (declared?.arguments['x-queue-type'] === 'quorum') continue;
    const amqp = await rabbitmqClient(session.clients, declared?.server);
    for (const { messageId, died, body } of await amqp.peek(queue, most - found.length))
      found.push({ queue, messageId, died, body: body.toString('utf8').slice(0, BODY_SHOWN_MAX) });
  }
  return found;
}

async function outboxTrouble(outbox: OutboxSection | undefined, session: Session): Promise<Trouble | undefined> {
  if (outbox?.sent === undefined || outbox.failure === undefined) return undefined;
  const client = await databaseClient(session.clients, outbox.database, SESSION_SETTINGS);
  try {
    return lasting(await firstFailure({ ...outbox, sent: outbox.sent }, client));
  } finally {
    await client.close();
  }
}

async function trouble(queue: string, session: Session): Promise<Trouble | undefined> {
  for (const { name, outbox } of publishers(queue, session)) {
    const found = (await processTrouble(name, session)) ?? (await outboxTrouble(outbox, session));
    if (found !== undefined) return found;
  }
  for (const { name, receives } of session.pipeline.services) {
    if (!receives.includes(queue)) continue;
    const found = await receiverTrouble(name, [queue], session);
    if (found !== undefined) return found;
  }
  return undefined;
}
