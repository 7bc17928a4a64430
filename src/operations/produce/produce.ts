import type { SchemaRegistryClient } from '../../clients/schema-registry/client.js';
import { parseRegistered } from '../../clients/schema-registry/registered-avro.js';
import type { Session } from '../../kinds/session.js';
import { registryClient } from '../../kinds/subject/client.js';
import { kafkaClient } from '../../kinds/topic/client.js';
import { compilePlainEncoder } from '../../protocol/avro/encode.js';
import { frameValue } from '../../protocol/confluent/framing.js';
import { counted } from '../../support/counted.js';
import { EvpipeError, messageOf } from '../../support/errors.js';
import { server } from '../../targets/component.js';
import { requireTopic } from '../topics/topic-named.js';
import { type LineForm, parseLine } from './line.js';

export interface ProduceOptions extends LineForm {
  readonly topic: string;
  readonly lines: AsyncIterable<string>;
}

export interface Produced {
  readonly records: number;
  /** The subjects that encoded them; a part without one is JSON, or text. */
  readonly subjects: readonly string[];
}

type Encode = (value: unknown) => Buffer;

/** Records that may wait in memory: a file may be larger than it. */
const RECORDS_PER_SEND = 1_000;

/**
 * Writes one record a line, encoded by the newest schema of the topic's subjects. Lines before a wrong one are written, and
 * the message says how many. Throws EVPIPE_TOPIC_MISSING, EVPIPE_PRODUCE_LINE and EVPIPE_PRODUCE_VALUE (all kind usage).
 */
export async function produce(session: Session, { topic, lines, ...form }: ProduceOptions): Promise<Produced> {
  const kafka = await kafkaClient(session.clients);
  await requireTopic(kafka, topic);
  const registry = await registryOf(session);
  const [key, value] = await Promise.all([encoderOf(`${topic}-key`, registry), encoderOf(`${topic}-value`, registry)]);
  const producer = kafka.producer();
  let number = 0;
  let sent = 0;
  let waiting: Parameters<typeof producer.send>[0][number][] = [];
  const send = async (): Promise<void> => {
    await producer.send(waiting);
    sent += waiting.length;
    waiting = [];
  };
  try {
    for await (const text of lines) {
      number += 1;
      session.signal.throwIfAborted();
      if (text.trim() === '') continue;
      const line = parseLine(text, number, form);
      waiting.push({
        topic,
        partition: line.partition,
        key: encoded(key.encode, line.key, number, 'key'),
        value: encoded(value.encode, line.value, number, 'value'),
        headers: line.headers.map(([name, text]) => [name, text === null ? null : Buffer.from(text)]),
      });
      if (waiting.length >= RECORDS_PER_SEND) await send();
    }
    await send();
  } catch (failure) {
    await send().catch(() => {});
    if (failure instanceof EvpipeError && failure.kind === 'usage' && sent > 0)
      session.emit({
        kind: 'note',
        level: 'warning',
        message: `${counted(sent, 'record')} from the lines before it were written`,
      });
    throw failure;
  } finally {
    await producer.close();
  }
  return { records: sent, subjects: [key.subject, value.subject].filter((one) => one !== undefined) };
}

/** Undefined where the pipeline has none that runs. */
async function registryOf({ clients, target }: Session): Promise<SchemaRegistryClient | undefined> {
  return (await target.endpoint(server('schemaRegistry'))) === undefined ? undefined : registryClient(clients);
}

async function encoderOf(
  subject: string,
  registry: SchemaRegistryClient | undefined,
): Promise<{ readonly encode: Encode; readonly subject: string | undefined }> {
  const found = await registry?.version(subject, 'latest');
  if (found === undefined || registry === undefined) return { encode: plainBytes, subject: undefined };
  switch (found.schemaType) {
    case 'AVRO': {
      const encode = compilePlainEncoder(await parseRegistered(found, registry));
      return { subject, encode: (value) => frameValue(found.id, encode(value)) };
    }
    case 'JSON':
      return { subject, encode: (value) => frameValue(found.id, Buffer.from(JSON.stringify(value))) };
    case 'PROTOBUF':
      throw new EvpipeError('EVPIPE_PRODUCE_SCHEMA', `subject ${subject} is PROTOBUF, which produce does not encode`, {
        kind: 'usage',
      });
  }
}

/** Without a subject: a text as it is, all else as JSON. */
const plainBytes: Encode = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

function encoded(encode: Encode, value: unknown, line: number, part: 'key' | 'value'): Buffer | null {
  if (value === null) return null;
  try {
    return encode(value);
  } catch (cause) {
    throw new EvpipeError(
      'EVPIPE_PRODUCE_VALUE',
      `line ${line}: the ${part} does not fit its schema: ${messageOf(cause)}`,
      {
        kind: 'usage',
        cause,
      },
    );
  }
}
