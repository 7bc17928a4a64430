import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createTopics } from '../../../../src/protocol/kafka/messages/create-topics.js';
import { listGroups } from '../../../../src/protocol/kafka/messages/list-groups.js';
import { offsetCommit } from '../../../../src/protocol/kafka/messages/offset-commit.js';
import { offsetFetch } from '../../../../src/protocol/kafka/messages/offset-fetch.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { TestBroker } from './running-broker.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** offsets.retention.check.interval.ms */
const LOOK_EVERY_MS = 600_000;

/** A broker with a topic, and ways to commit to it from outside and to see what a group has. */
async function start() {
  const clock = new ManualClock();
  const client = await (await TestBroker.start({ clock })).client();
  await client.send(createTopics, 5, { topics: [{ name: 't', numPartitions: 1, replicationFactor: 1 }] });
  /** The next look comes a while after the one before has ended. */
  const pass = async (ms: number): Promise<void> => {
    for (const step of [ms, LOOK_EVERY_MS]) {
      clock.pass(step);
      await setImmediate();
    }
  };
  return {
    pass,
    commit: (groupId: string, version: number, retentionTimeMs = -1n) =>
      client.send(offsetCommit, version, {
        groupId,
        generationIdOrMemberEpoch: -1,
        memberId: '',
        retentionTimeMs,
        topics: [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: 7n, committedMetadata: '' }] }],
      }),
    offset: async (groupId: string) => {
      const topics = [{ name: 't', partitionIndexes: [0] }];
      return (await client.send(offsetFetch, 5, { groupId, topics })).topics[0]?.partitions[0]?.committedOffset;
    },
    groups: async () => (await client.send(listGroups, 4, { statesFilter: [] })).groups.map(({ groupId }) => groupId),
  };
}

it('keeps the offsets of a group without members for offsets.retention.minutes, then the group goes too', async () => {
  const { pass, commit, offset, groups } = await start();
  await commit('old', 8);
  await pass(6 * DAY_MS);
  await commit('young', 8);
  await pass(DAY_MS + HOUR_MS);
  expect([await offset('old'), await offset('young'), await groups()]).toEqual([-1n, 7n, ['young']]);
});

it('keeps them as long as an old client asks for, shorter or longer', async () => {
  const { pass, commit, offset } = await start();
  await commit('short', 4, BigInt(HOUR_MS));
  await commit('long', 4, BigInt(30 * DAY_MS));
  await pass(2 * HOUR_MS);
  expect([await offset('short'), await offset('long')]).toEqual([-1n, 7n]);
  await pass(10 * DAY_MS);
  expect(await offset('long')).toBe(7n);
  await pass(30 * DAY_MS);
  expect(await offset('long')).toBe(-1n);
});
