import type { Response } from '../../../http/front.js';
import { formatJava } from '../../../ksql/functions/java-pattern.js';
import { StatementError } from '../../../ksql/statement-error.js';
import { parseStatement } from '../../../protocol/ksql/parse.js';
import type { Engine } from '../engine.js';
import { recordPrinter } from './record-printer.js';
import { write } from './request.js';

/** PRINT 'topic' [FROM BEGINNING] [INTERVAL n] [LIMIT n]: a line for each record; Avro, KAFKA keys and windows are decoded. */
export async function printTopic(engine: Engine, sql: string, response: Response): Promise<void> {
  const statement = parseStatement(sql);
  if (statement.kind !== 'print') throw new StatementError('a PRINT statement is expected', 40001);
  const { kafka } = engine.parts;
  if ((await kafka.describeTopic(statement.topic)) === undefined) {
    throw new StatementError(
      `Could not find topic '${statement.topic}', or the KSQL user does not have permissions to list the topic.`,
      40001,
    );
  }
  const show = recordPrinter(engine, statement.topic);
  const from = await kafka.offsets(statement.topic, statement.fromBeginning ? 'earliest' : 'latest');
  response.writeHead(200, { 'content-type': 'text/plain' });
  const stop = new AbortController();
  response.once('close', () => stop.abort());
  const reader = kafka.reader({ from, signal: stop.signal });
  let count = 0;
  const every = statement.interval ?? 1;
  try {
    for await (const batch of reader) {
      for (const record of batch.records) {
        count += 1;
        if ((count - 1) % every !== 0) continue;
        const [key, value] = [await show(record.key, 'key'), await show(record.value, 'value')];
        const line = `rowtime: ${formatJava('yyyy/MM/dd HH:mm:ss.SSS', record.timestampMs)} Z, key: ${key}, value: ${value}, partition: ${record.partition}\n`;
        await write(response, line);
        if (statement.limit !== undefined && count >= statement.limit) return void response.end();
      }
    }
  } catch (failure) {
    if (!stop.signal.aborted) throw failure;
  } finally {
    await reader.close();
  }
  response.end();
}
