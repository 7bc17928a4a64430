import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { counted } from '../../support/counted.js';
import { EvpipeError, messageOf } from '../../support/errors.js';
import { linesOf } from '../../support/lines.js';
import type { CommandEntry } from '../command.js';
import { jsonLine } from '../event-printers.js';
import { EXIT } from '../exit-codes.js';
import { openPipeline } from '../open-pipeline.js';
import { withSession } from '../session.js';

export const produceCommand: CommandEntry = {
  name: 'produce <topic> [file]',
  summary: 'produce records from a file or standard input, one JSON object per line, encoded with the topic’s subjects',
  examples: [
    'produce orders orders.jsonl',
    `produce orders <<< '{"key": "1", "value": {"item": "tea"}, "headers": {"source": "me"}}'`,
    'produce orders --values --key-field id orders.jsonl',
    'tail orders -b -e -o json > orders.jsonl && evpipe produce orders-copy orders.jsonl',
  ],
  declare: (command) =>
    command
      .option('--values', 'each line is a value, not a record with key, value and headers')
      .option('--key-field <field>', 'field of the value to use as the key where a line has none'),
  run: async ({ shell, options, operands: [topic = '', file] }) => {
    const pipeline = await openPipeline(shell, { ...options, quiet: true });
    const open = (): Readable =>
      file === undefined || file === '-' ? process.stdin : createReadStream(resolve(shell.cwd, file));
    const emit = (event: { readonly kind: string; readonly message?: string }): void => {
      if (event.kind === 'note') shell.err(`${event.message}\n`);
    };
    return withSession(pipeline, { shell, options, emit }, async (session) => {
      const { produce } = await import('../../operations/produce/produce.js');
      const { records, subjects } = await produce(session, {
        topic,
        lines: recordLines(open, typeof file === 'string' && file !== '-' ? file : 'standard input'),
        valuesOnly: options.values === true,
        keyField: options.keyField as string | undefined,
      });
      if (options.output === 'json') shell.out(jsonLine({ topic, records, subjects }));
      else if (options.quiet !== true) {
        const by = subjects.length === 0 ? '' : `, encoded by ${subjects.join(' and ')}`;
        shell.err(`${counted(records, 'record')} written to ${topic}${by}.\n`);
      }
      return EXIT.done;
    });
  },
};

/** Throws EVPIPE_FILE (kind usage) where it can't be read. */
async function* recordLines(open: () => Readable, shown: string): AsyncGenerator<string> {
  try {
    for await (const line of linesOf(open().setEncoding('utf8'), shown)) yield line.replace(/\r$/, '');
  } catch (cause) {
    if (cause instanceof EvpipeError) throw cause;
    throw new EvpipeError('EVPIPE_FILE', `can't read the records: ${messageOf(cause)}`, { kind: 'usage', cause });
  }
}
