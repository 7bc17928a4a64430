import type { Header } from '../../clients/kafka/contract.js';

/** Why a record is in a dead letter topic, as noted in its headers by what put it there. */
export interface DeadLetterContext {
  readonly origin:
    | { readonly topic: string; readonly partition: number | undefined; readonly offset: bigint | undefined }
    | undefined;
  /** The connector and its task, or the consumer group. */
  readonly by: string | undefined;
  /** What Connect was about: `VALUE_CONVERTER`, `TRANSFORMATION`, `TASK_PUT`. */
  readonly stage: string | undefined;
  readonly exception: string | undefined;
  readonly message: string | undefined;
}

/** Of Kafka Connect (KIP-298, errors.deadletterqueue.context.headers.enable): all are text. */
const CONNECT = '__connect.errors.';
/** Of Spring Kafka's DeadLetterPublishingRecoverer: numbers are big-endian. */
const SPRING = 'kafka_dlt-';

export function contextOf(headers: readonly Header[]): DeadLetterContext {
  // A record that failed twice has them twice: the last ones are of its last failure.
  const values = new Map(headers);
  const text = (name: string): string | undefined => values.get(name)?.toString('utf8');
  const connectTopic = text(`${CONNECT}topic`);
  if (connectTopic !== undefined || values.has(`${CONNECT}exception.message`)) {
    const connector = text(`${CONNECT}connector.name`);
    return {
      origin: originOf(connectTopic, text(`${CONNECT}partition`), text(`${CONNECT}offset`)),
      by: connector === undefined ? undefined : `${connector}, task ${text(`${CONNECT}task.id`) ?? '?'}`,
      stage: text(`${CONNECT}stage`),
      exception: text(`${CONNECT}exception.class.name`),
      message: text(`${CONNECT}exception.message`),
    };
  }
  const partition = values.get(`${SPRING}original-partition`);
  const offset = values.get(`${SPRING}original-offset`);
  return {
    origin: originOf(
      text(`${SPRING}original-topic`),
      partition?.length === 4 ? String(partition.readInt32BE()) : undefined,
      offset?.length === 8 ? String(offset.readBigInt64BE()) : undefined,
    ),
    by: text(`${SPRING}original-consumer-group`),
    stage: undefined,
    exception: text(`${SPRING}exception-cause-fqcn`) ?? text(`${SPRING}exception-fqcn`),
    message: text(`${SPRING}exception-message`),
  };
}

/** The headers that the record had before it failed. */
export const withoutContext = (headers: readonly Header[]): readonly Header[] =>
  headers.filter(([name]) => !name.startsWith(CONNECT) && !name.startsWith(SPRING));

function originOf(
  topic: string | undefined,
  partition: string | undefined,
  offset: string | undefined,
): DeadLetterContext['origin'] {
  if (topic === undefined) return undefined;
  const isWhole = (text: string | undefined): text is string => text !== undefined && /^\d+$/.test(text);
  return {
    topic,
    partition: isWhole(partition) ? Number(partition) : undefined,
    offset: isWhole(offset) ? BigInt(offset) : undefined,
  };
}
