import { Kafka, logLevel } from 'kafkajs';
import { waitUntil } from '../../src/support/retry.js';
import type { Stack } from './stack.js';

/** Lets a group whose members are stopped begin at either end of a topic: all comes again, or what it has not done is passed over. */
export async function moveGroup(
  stack: Stack,
  groupId: string,
  topic: string,
  to: 'earliest' | 'latest',
): Promise<void> {
  const kafka = new Kafka({ brokers: [`127.0.0.1:${await stack.portOf('kafka')}`], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  try {
    await waitUntil(
      `group ${groupId} to be empty`,
      async () => (await admin.describeGroups([groupId])).groups[0]?.members.length === 0 || undefined,
      { timeoutMs: 30_000 },
    );
    // resetOffsets would commit "latest" as -1, which a consumer takes for no offset at all.
    const ends = await admin.fetchTopicOffsets(topic);
    const partitions = ends.map(({ partition, low, high }) => ({ partition, offset: to === 'earliest' ? low : high }));
    await admin.setOffsets({ groupId, topic, partitions });
  } finally {
    await admin.disconnect();
  }
}
