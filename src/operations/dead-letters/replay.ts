import type { OutgoingRecord, PartitionPosition } from '../../clients/kafka/contract.js';
import type { Session } from '../../kinds/session.js';
import { kafkaClient } from '../../kinds/topic/client.js';
import { counted } from '../../support/counted.js';
import { EvpipeError } from '../../support/errors.js';
import { requireTopic } from '../topics/topic-named.js';
import { withoutContext } from './context.js';
import { type DeadLetter, deadLetters, replayFrom, replayGroup } from './dead-letters.js';

export interface ReplayOptions {
  readonly topic: string;
  /** Instead of where each record came from. */
  readonly to: string | undefined;
  /** What was replayed before, too. */
  readonly all: boolean;
}

export interface PlannedReplay {
  readonly to: string;
  readonly records: number;
  /** Groups that have read the topic: each of them gets the records again. */
  readonly readBy: readonly string[];
}

/** So many records are sent, then noted as replayed. After a crash no more than these come twice. */
const RECORDS_PER_SEND = 500;

/**
 * What would be sent where; sends nothing. Throws EVPIPE_TOPIC_MISSING, and EVPIPE_REPLAY_ORIGIN where a record does not say
 * where it came from (both kind usage).
 */
export async function planReplay(session: Session, options: ReplayOptions): Promise<readonly PlannedReplay[]> {
  const kafka = await kafkaClient(session.clients);
  await requireTopic(kafka, options.topic);
  const from = await replayFrom(kafka, options.topic, options.all);
  const counts = new Map<string, number>();
  for await (const letter of deadLetters(session, options.topic, from)) {
    const to = destinationOf(letter, options);
    counts.set(to, (counts.get(to) ?? 0) + 1);
  }
  const readers = await readersOf(session);
  const plan: PlannedReplay[] = [];
  for (const [to, records] of counts) {
    await requireTopic(kafka, to);
    plan.push({ to, records, readBy: readers.flatMap(({ group, topics }) => (topics.has(to) ? [group] : [])) });
  }
  return plan;
}

/** Sends what was planned, with the headers that each record had before it failed. Resolves with how many. */
export async function replay(session: Session, options: ReplayOptions): Promise<number> {
  const kafka = await kafkaClient(session.clients);
  const from = await replayFrom(kafka, options.topic, options.all);
  const partitions = new Map<string, number>();
  const producer = kafka.producer();
  let sent = 0;
  let waiting: OutgoingRecord[] = [];
  const next = new Map<number, PartitionPosition>();
  const send = async (): Promise<void> => {
    if (waiting.length === 0) return;
    await producer.send(waiting);
    await kafka.commitOffsets(replayGroup(options.topic), [...next.values()]);
    sent += waiting.length;
    waiting = [];
  };
  try {
    for await (const letter of deadLetters(session, options.topic, from)) {
      const to = destinationOf(letter, options);
      if (!partitions.has(to)) partitions.set(to, (await requireTopic(kafka, to)).partitions.length);
      waiting.push(outgoing(letter, to, partitions.get(to) ?? 1));
      const { topic, partition, offset } = letter.record;
      next.set(partition, { topic, partition, offset: offset + 1n });
      if (waiting.length >= RECORDS_PER_SEND) await send();
    }
    await send();
  } catch (failure) {
    if (sent > 0) {
      const message = `${counted(sent, 'record')} sent before it failed; the next replay goes on after them`;
      session.emit({ kind: 'note', level: 'warning', message });
    }
    throw failure;
  } finally {
    await producer.close();
  }
  return sent;
}

/** Back in its own partition, where that is there: its key's other records are. */
function outgoing({ record, origin }: DeadLetter, to: string, partitions: number): OutgoingRecord {
  const own = origin?.topic === to && (origin.partition ?? partitions) < partitions ? origin.partition : undefined;
  const copied = (bytes: Buffer | null): Buffer | null => (bytes === null ? null : Buffer.from(bytes));
  return {
    topic: to,
    partition: own,
    key: copied(record.key),
    value: copied(record.value),
    headers: withoutContext(record.headers).map(([name, value]) => [name, copied(value)] as const),
  };
}

function destinationOf({ origin, record }: DeadLetter, { to, topic }: ReplayOptions): string {
  const found = to ?? origin?.topic;
  if (found !== undefined && found !== topic) return found;
  const which = `record ${record.partition}@${record.offset} of ${topic}`;
  const why = found === topic ? `came from ${topic} itself` : 'does not say where it came from';
  throw new EvpipeError('EVPIPE_REPLAY_ORIGIN', `${which} ${why}`, {
    kind: 'usage',
    todo: 'Name a topic with --to. Connectors note it with errors.deadletterqueue.context.headers.enable: "true".',
  });
}

async function readersOf({ clients }: Session) {
  const kafka = await kafkaClient(clients);
  const groups = (await kafka.listGroups()).filter(({ group }) => !group.startsWith(replayGroup('')));
  return Promise.all(
    groups.map(async ({ group }) => ({
      group,
      topics: new Set((await kafka.committedOffsets(group)).map(({ topic }) => topic)),
    })),
  );
}
