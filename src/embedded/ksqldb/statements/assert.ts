import { StatementError } from '../../../ksql/statement-error.js';
import type { Duration } from '../../../protocol/ksql/ast.js';
import { withText } from '../../../protocol/ksql/with-values.js';
import { messageOf } from '../../../support/errors.js';
import { waitUntil } from '../../../support/retry.js';
import type { Handler } from './context.js';
import { entity } from './entity.js';

/** How long an ASSERT waits where it does not say, as in ksqlDB. */
const TIMEOUT_MS = 1_000;
const ASSERTION_FAILED = 41700;

async function eventually(
  holds: () => Promise<boolean>,
  timeout: Duration | undefined,
  refusal: () => string,
): Promise<void> {
  try {
    await waitUntil('the assertion', async () => ((await holds()) ? true : undefined), {
      timeoutMs: timeout?.ms ?? TIMEOUT_MS,
    });
  } catch (failure) {
    if (failure instanceof StatementError) throw failure;
    throw new StatementError(refusal() || messageOf(failure), ASSERTION_FAILED);
  }
}

/** ASSERT [NOT EXISTS] TOPIC name [WITH (PARTITIONS, REPLICAS)] [TIMEOUT]. */
export const assertTopic: Handler<'assert-topic'> = async (statement, { engine }) => {
  const { topic, exists } = statement;
  const wanted = { partitions: withText(statement.with, 'PARTITIONS'), replicas: withText(statement.with, 'REPLICAS') };
  let why = '';
  const holds = async (): Promise<boolean> => {
    const found = await engine.parts.kafka.describeTopic(topic);
    if (!exists) {
      why = `Topic ${topic} exists`;
      return found === undefined;
    }
    why = `Topic ${topic} does not exist`;
    if (found === undefined) return false;
    const [partitions, replicas] = [found.partitions.length, found.partitions[0]?.replicas.length ?? 0];
    if (wanted.partitions !== undefined && Number(wanted.partitions) !== partitions) {
      why = `Mismatched configuration for topic ${topic}: For config partitions, expected ${wanted.partitions} got ${partitions}`;
      return false;
    }
    why = `Mismatched configuration for topic ${topic}: For config replicas, expected ${wanted.replicas} got ${replicas}`;
    return wanted.replicas === undefined || Number(wanted.replicas) === replicas;
  };
  await eventually(holds, statement.timeout, () => why);
  return entity('assert_topic', statement.written, { topicName: topic, exists });
};

/** ASSERT [NOT EXISTS] SCHEMA [SUBJECT name] [ID n] [TIMEOUT]. */
export const assertSchema: Handler<'assert-schema'> = async (statement, { engine }) => {
  const { subject, id, exists } = statement;
  const { registry } = engine.parts;
  if (registry === undefined) throw new StatementError('KSQL is not configured to use a schema registry', 42801);
  const name = [subject === undefined ? '' : ` subject name ${subject}`, id === undefined ? '' : ` id ${id}`]
    .filter((part) => part !== '')
    .join(' and');
  const holds = async (): Promise<boolean> => {
    const bySubject = subject === undefined || (await registry.latest(subject)) !== undefined;
    const byId =
      id === undefined ||
      (await registry.schemaById(id).then(
        () => true,
        () => false,
      ));
    return (bySubject && byId) === exists;
  };
  await eventually(holds, statement.timeout, () => `Schema with${name} ${exists ? 'does not exist' : 'exists'}`);
  return entity('assert_schema', statement.written, { subject: subject ?? null, id: id ?? null, exists });
};
