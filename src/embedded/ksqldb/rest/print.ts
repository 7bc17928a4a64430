import { formatJava } from '../../../ksql/functions/java-pattern.js';
import { StatementError } from '../../../ksql/statement-error.js';
import type { StatementOf } from '../../../protocol/ksql/ast.js';
import type { Engine } from '../engine.js';
import { PrintFormats } from './print-formats.js';
import { recordPrinter } from './record-printer.js';

/** The lines of a printed topic, until LIMIT or the signal. */
export type PrintedTopic = (signal: AbortSignal) => AsyncGenerator<string>;

async function notFound(topic: string, { parts }: Engine): Promise<StatementError> {
  const near = (await parts.kafka.listTopics()).filter(({ name }) => name.toUpperCase() === topic.toUpperCase());
  const hint = near.length === 0 ? [] : ['Did you mean:', ...near.map(({ name }) => `\tprint ${name};`)];
  return new StatementError(
    [
      `Could not find topic '${topic}', or the KSQL user does not have permissions to list the topic. Topic names are case-sensitive.`,
      ...hint,
    ].join('\n'),
  );
}

/** PRINT 'topic' [FROM BEGINNING] [INTERVAL n] [LIMIT n]: what keys and values may be, and a line for each record; Avro, KAFKA keys and windows are decoded. */
export async function openPrint(engine: Engine, statement: StatementOf<'print'>): Promise<PrintedTopic> {
  const { kafka } = engine.parts;
  if ((await kafka.describeTopic(statement.topic)) === undefined) throw await notFound(statement.topic, engine);
  const show = recordPrinter(engine, statement.topic);
  const from = await kafka.offsets(statement.topic, statement.fromBeginning ? 'earliest' : 'latest');
  const every = statement.interval ?? 1;
  return async function* lines(signal) {
    const formats = new PrintFormats(engine.parts.registry);
    const reader = kafka.reader({ from, signal });
    let count = 0;
    try {
      for await (const batch of reader) {
        if (batch.records.length > 0) yield* await formats.seen(batch.records);
        for (const record of batch.records) {
          count += 1;
          if ((count - 1) % every !== 0) continue;
          const [key, value] = [await show(record.key, 'key'), await show(record.value, 'value')];
          yield `rowtime: ${formatJava('yyyy/MM/dd HH:mm:ss.SSS', record.timestampMs)} Z, key: ${key}, value: ${value}, partition: ${record.partition}`;
          if (statement.limit !== undefined && count >= statement.limit) return;
        }
      }
    } catch (failure) {
      if (!signal.aborted) throw failure;
    } finally {
      await reader.close();
    }
  };
}
