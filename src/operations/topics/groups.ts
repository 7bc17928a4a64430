import type { KafkaClient, PartitionPosition } from '../../clients/kafka/contract.js';
import type { Session } from '../../kinds/session.js';
import { kafkaClient } from '../../kinds/topic/client.js';
import { didYouMean } from '../../pipeline/did-you-mean.js';
import { EvpipeError } from '../../support/errors.js';
import { requireTopic } from './topic-named.js';

export interface GroupReport {
  readonly group: string;
  readonly state: string;
  readonly members: ReadonlyArray<{ readonly memberId: string; readonly clientId: string; readonly host: string }>;
  readonly lag: string;
  readonly partitions: ReadonlyArray<{
    readonly topic: string;
    readonly partition: number;
    /** Null: assigned, and nothing is committed. */
    readonly committed: string | null;
    readonly end: string;
    readonly lag: string;
    /** The client that reads it. */
    readonly reader: string | null;
  }>;
}

/** Groups with what they have committed and how far they are behind; none named: all. Throws EVPIPE_GROUP_MISSING (kind usage). */
export async function describeGroups(session: Session, names: readonly string[]): Promise<readonly GroupReport[]> {
  const kafka = await kafkaClient(session.clients);
  // What Connect's workers form is a group, too; it reads no topics.
  const groups = (await kafka.listGroups()).filter(({ protocolType }) => protocolType !== 'connect');
  const known = groups.map(({ group }) => group);
  for (const name of names) requireGroup(name, known);
  return Promise.all((names.length > 0 ? names : [...known].sort()).map((group) => reportOf(group, kafka)));
}

function requireGroup(group: string, known: readonly string[]): void {
  if (known.includes(group)) return;
  throw new EvpipeError('EVPIPE_GROUP_MISSING', `there is no consumer group ${group}${didYouMean(group, known)}`, {
    kind: 'usage',
  });
}

async function reportOf(group: string, kafka: KafkaClient): Promise<GroupReport> {
  const [{ state, members }, committed] = await Promise.all([
    kafka.describeGroup(group),
    kafka.committedOffsets(group),
  ]);
  const assigned = members.flatMap(({ clientId, partitions }) => partitions.map((one) => ({ ...one, clientId })));
  const topics = [...new Set([...committed, ...assigned].map(({ topic }) => topic))].sort();
  const ends = (await Promise.all(topics.map((topic) => endsOf(topic, kafka)))).flat();
  const rows = ends.flatMap(({ topic, partition, offset: end }) => {
    const isHere = (one: { topic: string; partition: number }) => one.topic === topic && one.partition === partition;
    const at = committed.find(isHere)?.offset;
    const reader = assigned.find(isHere)?.clientId ?? null;
    if (at === undefined && reader === null) return [];
    return [{ topic, partition, committed: at ?? null, end, lag: end - (at ?? 0n), reader }];
  });
  return {
    group,
    state,
    members: members.map(({ memberId, clientId, host }) => ({ memberId, clientId, host })),
    lag: String(rows.reduce((sum, { lag }) => sum + lag, 0n)),
    partitions: rows.map((row) => ({
      ...row,
      committed: row.committed === null ? null : String(row.committed),
      end: String(row.end),
      lag: String(row.lag),
    })),
  };
}

/** Of a topic that was deleted meanwhile: none. */
async function endsOf(topic: string, kafka: KafkaClient): Promise<readonly PartitionPosition[]> {
  return (await kafka.describeTopic(topic)) === undefined ? [] : kafka.offsets(topic, 'latest');
}

export type ResetTo =
  | { readonly kind: 'earliest' | 'latest' }
  | { readonly kind: 'time'; readonly timestampMs: number }
  | { readonly kind: 'offset'; readonly offset: bigint }
  | { readonly kind: 'shift'; readonly by: bigint };

export interface PlannedReset {
  readonly topic: string;
  readonly partition: number;
  /** Null: nothing is committed. */
  readonly from: string | null;
  readonly to: string;
}

/**
 * Where the group's offsets are to go, within what the topics hold; commits nothing. Throws EVPIPE_GROUP_ACTIVE (kind usage)
 * while it has members: they would go on from where they are, and commit over it.
 */
export async function planReset(
  session: Session,
  group: string,
  options: { readonly topics: readonly string[]; readonly to: ResetTo },
): Promise<readonly PlannedReset[]> {
  const kafka = await kafkaClient(session.clients);
  const known = (await kafka.listGroups()).map((one) => one.group);
  if (options.topics.length === 0) requireGroup(group, known);
  await requireInactive(group, kafka);
  const committed = await kafka.committedOffsets(group);
  const topics = options.topics.length > 0 ? options.topics : [...new Set(committed.map(({ topic }) => topic))];
  const plans = topics.map(async (topic): Promise<readonly PlannedReset[]> => {
    await requireTopic(kafka, topic);
    const [starts, ends] = await Promise.all([kafka.offsets(topic, 'earliest'), kafka.offsets(topic, 'latest')]);
    const { to } = options;
    const atTime = to.kind === 'time' ? await kafka.offsets(topic, { timestampMs: to.timestampMs }) : [];
    return ends.map(({ partition, offset: end }) => {
      const start = starts.find((one) => one.partition === partition)?.offset ?? 0n;
      const from = committed.find((one) => one.topic === topic && one.partition === partition)?.offset;
      const wanted = {
        earliest: () => start,
        latest: () => end,
        time: () => atTime.find((one) => one.partition === partition)?.offset ?? end,
        offset: () => (to.kind === 'offset' ? to.offset : end),
        shift: () => (from ?? start) + (to.kind === 'shift' ? to.by : 0n),
      }[to.kind]();
      return {
        topic,
        partition,
        from: from === undefined ? null : String(from),
        to: String(within(start, wanted, end)),
      };
    });
  });
  return (await Promise.all(plans)).flat();
}

/** Math.min knows no bigint. */
function within(least: bigint, wanted: bigint, most: bigint): bigint {
  if (wanted < least) return least;
  return wanted > most ? most : wanted;
}

/** Commits what was planned, where the group still has no member. */
export async function applyReset(session: Session, group: string, plan: readonly PlannedReset[]): Promise<void> {
  const kafka = await kafkaClient(session.clients);
  await requireInactive(group, kafka);
  const moved = plan.filter(({ from, to }) => from !== to);
  await kafka.commitOffsets(
    group,
    moved.map(({ topic, partition, to }) => ({ topic, partition, offset: BigInt(to) })),
  );
}

async function requireInactive(group: string, kafka: KafkaClient): Promise<void> {
  const { members } = await kafka.describeGroup(group);
  if (members.length === 0) return;
  const who = members.map(({ clientId, host }) => `${clientId} at ${host.replace(/^\//, '')}`);
  throw new EvpipeError('EVPIPE_GROUP_ACTIVE', `group ${group} is active: ${who.join(', ')}`, {
    kind: 'usage',
    todo: 'Stop its members first (evpipe stop SERVICE), then reset, then start them again.',
  });
}
