import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectKafka } from '../../../../src/clients/kafka/client.js';
import type { GroupSession, KafkaClient } from '../../../../src/clients/kafka/contract.js';
import { leaveGroup } from '../../../../src/protocol/kafka/messages/leave-group.js';
import { startTestKafka, type TestKafka } from '../../../support/kafka.js';
import { RawClient } from '../../../support/kafka-raw-client.js';

let kafka: TestKafka;
let client: KafkaClient;

beforeAll(async () => {
  kafka = await startTestKafka();
  client = connectKafka({ bootstrapServers: kafka.bootstrapServers, clientId: 'test' });
});

afterAll(async () => {
  await client.close();
  await kafka.stop();
});

const { signal } = new AbortController();

/** `told` resolves when it has been told to join again. */
function member(group: string, instanceId: string): { session: GroupSession; told(): Promise<void> } {
  let tell: () => void = () => {};
  let told = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const session = client.groupSession({
    group,
    instanceId,
    protocol: {
      type: 'test',
      name: 'names',
      metadata: () => Buffer.from(instanceId),
      assign: async (members) => members.map(({ memberId }) => ({ memberId, assignment: Buffer.from(memberId) })),
    },
    onRebalance: () => tell(),
  });
  return {
    session,
    async told() {
      await told;
      told = new Promise<void>((resolve) => {
        tell = resolve;
      });
    },
  };
}

it('knows whether its group had a round without it', async () => {
  const [one, two] = [member('g', 'one'), member('g', 'two')];
  await one.session.join(signal);
  expect(one.session.missedNone).toBe(false);
  const joins = two.session.join(signal);
  await one.told();
  const assigned = (await one.session.join(signal)).toString();
  await joins;
  expect(one.session.missedNone).toBe(true);

  const raw = await RawClient.open(kafka.bootstrapServers);
  await raw.send(leaveGroup, 5, {
    groupId: 'g',
    memberId: '',
    members: [{ memberId: assigned, groupInstanceId: 'one' }],
  });
  raw.close();
  await two.told();
  await two.session.join(signal);
  expect(two.session.missedNone).toBe(true);
  await one.told();
  const again = one.session.join(signal);
  await two.told();
  await two.session.join(signal);
  await again;
  expect(one.session.missedNone).toBe(false);
  expect(two.session.missedNone).toBe(true);
  await Promise.all([one.session.leave(), two.session.leave()]);
});
