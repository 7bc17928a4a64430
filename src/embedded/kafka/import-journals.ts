import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Journal } from '../../support/journal.js';
import { classicRecord, consumerRecords } from './groups/group-records.js';
import { type CommittedOffset, offsetRecords } from './groups/offset-store.js';
import type { PartitionKey } from './groups/uniform-assignor.js';
import { type StateContext, StateTopic } from './topics/state-topic.js';
import { CONSUMER_OFFSETS, TRANSACTION_STATE } from './topics/topic.js';
import type { Transaction } from './transactions/transaction.js';
import { transactionRecord } from './transactions/transaction-records.js';

interface OldClassicGroup {
  readonly protocolType: string;
  readonly generation: number;
  readonly protocol: string | null;
  readonly leader: string | null;
  readonly emptySinceMs: number | undefined;
  readonly members: ReadonlyArray<{
    readonly id: string;
    readonly instanceId: string | null;
    readonly clientId: string;
    readonly clientHost: string;
    readonly sessionTimeoutMs: number;
    readonly rebalanceTimeoutMs: number;
    readonly protocols: ReadonlyArray<readonly [name: string, metadata: string]>;
    readonly assignment: string;
  }>;
}

interface OldConsumerMember {
  readonly kind: 'member';
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rebalanceTimeoutMs: number;
  readonly topicNames: readonly string[];
  readonly topicRegex: string | null;
  readonly assignor: string | null;
  readonly epoch: number;
  readonly previousEpoch: number;
  readonly assigned: readonly PartitionKey[];
  readonly revoking: readonly PartitionKey[];
  readonly target: readonly PartitionKey[];
}

type OldTransaction = Transaction & {
  readonly groups: readonly string[];
  readonly offsets: ReadonlyArray<{
    readonly group: string;
    readonly topic: string;
    readonly partition: number;
    readonly value: CommittedOffset;
  }>;
};

const SEPARATOR = '\u0000';

/**
 * Brokers of older versions kept groups, offsets and transactions in journals of their own. What is left of those is written
 * to the topics, and then the journals go; after a crash in between it is done again.
 */
export function importJournals(dataDir: string, context: StateContext): void {
  const offsets = new StateTopic(CONSUMER_OFFSETS, context);
  const groups = join(dataDir, 'groups');
  const nowMs = context.clock.now();
  importFile<CommittedOffset>(join(groups, 'offsets.jsonl'), (entries) => {
    for (const [key, value] of entries) {
      const [group = '', topic = '', partition = ''] = key.split(SEPARATOR);
      offsets.append(group, offsetRecords(group, [{ topic, partition: Number(partition), value }]));
    }
  });
  importFile<OldClassicGroup>(join(groups, 'groups.jsonl'), (entries) => {
    for (const [id, group] of entries) offsets.append(id, [classicRecord(id, renewed(group), nowMs)]);
  });
  importFile<OldConsumerMember | { readonly kind: 'group'; readonly epoch: number }>(
    join(groups, 'consumer-groups.jsonl'),
    (entries) => {
      for (const [key, file] of entries) {
        const [group = '', id = ''] = key.split(SEPARATOR);
        const changes =
          file.kind === 'group'
            ? { epoch: file.epoch, members: [], patterns: [] }
            : { epoch: undefined, members: [{ id, ...memberOf(file) }], patterns: [] };
        offsets.append(group, consumerRecords(group, changes, { version: 0, nowMs }));
      }
    },
  );
  const transactions = new StateTopic(TRANSACTION_STATE, context);
  importFile<OldTransaction>(join(dataDir, 'transactions', 'transactions.jsonl'), (entries) => {
    for (const [id, old] of entries) {
      for (const { group, ...offset } of old.offsets) offsets.append(group, offsetRecords(group, [offset]), old);
      const ids = [...new Set([...old.groups, ...old.offsets.map(({ group }) => group)])];
      const own = [...new Set(ids.map((group) => offsets.partitionOf(group)))];
      const partitions = own.length === 0 ? old.partitions : { ...old.partitions, [CONSUMER_OFFSETS]: own };
      transactions.append(id, [transactionRecord(id, { ...old, partitions, previous: old.previous ?? null })]);
    }
  });
}

function importFile<Value>(file: string, write: (entries: ReadonlyMap<string, Value>) => void): void {
  if (!existsSync(file)) return;
  const journal = new Journal<Value>(file);
  journal.close();
  write(journal.entries);
  rmSync(file);
}

const renewed = (group: OldClassicGroup) => ({
  ...group,
  members: group.members.map(({ protocols, assignment, ...member }) => {
    const metadata = protocols.find(([name]) => name === group.protocol)?.[1] ?? '';
    const subscription = Buffer.from(metadata, 'base64');
    return { ...member, subscription, assignment: Buffer.from(assignment, 'base64') };
  }),
});

function memberOf({ kind: _, epoch, previousEpoch, assigned, revoking, target, ...metadata }: OldConsumerMember) {
  const waiting = revoking.length === 0 && target.length !== assigned.length;
  return {
    metadata: { ...metadata, classic: null },
    target,
    assignment: { epoch, previousEpoch, assigned, revoking, waiting },
  };
}
