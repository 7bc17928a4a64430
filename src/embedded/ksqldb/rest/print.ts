import type { Response } from '../../../http/front.js';
import { parseStatement } from '../../../protocol/ksql/parse.js';
import type { Engine } from '../engine.js';
import { formatJava } from '../functions/java-pattern.js';
import { StatementError } from '../statement-error.js';
import { write } from './request.js';

/** Of what is no text. */
const SHOWN_BYTES_MAX = 64;

/** PRINT 'topic' [FROM BEGINNING] [LIMIT n]: a line a record, key and value as text. */
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
  const from = await kafka.offsets(statement.topic, statement.fromBeginning ? 'earliest' : 'latest');
  response.writeHead(200, { 'content-type': 'text/plain' });
  const stop = new AbortController();
  response.once('close', () => stop.abort());
  const reader = kafka.reader({ from, signal: stop.signal });
  let count = 0;
  const every = statement.interval ?? 1;
  try {
    for await (const batch of reader) {
      for (const { timestampMs, key, value, partition } of batch.records) {
        count += 1;
        if ((count - 1) % every !== 0) continue;
        const line = `rowtime: ${formatJava('yyyy/MM/dd HH:mm:ss.SSS', timestampMs)} Z, key: ${shown(key)}, value: ${shown(value)}, partition: ${partition}\n`;
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

/** Text where the bytes are text; else their first ones in hexadecimal. */
function shown(bytes: Buffer | null): string {
  if (bytes === null) return '<null>';
  const text = bytes.toString('utf8');
  const printable = [...text].every((char) => (char >= ' ' ? char !== '\uFFFD' : '\t\n\r'.includes(char)));
  return printable ? text : `0x${bytes.subarray(0, SHOWN_BYTES_MAX).toString('hex')}`;
}
