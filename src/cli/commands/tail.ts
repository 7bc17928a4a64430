import type { DecodedRecord, TailRecord } from '../../operations/tail/record.js';
import type { TailOptions } from '../../operations/tail/tail.js';
import { EvpipeError } from '../../support/errors.js';
import { keepHeapSmall } from '../../support/small-heap.js';
import { printable } from '../../ui/text/printable.js';
import type { CommandCall, CommandEntry } from '../command.js';
import { EXIT } from '../exit-codes.js';
import { openPipeline } from '../open-pipeline.js';
import { withSession } from '../session.js';
import type { Shell } from '../shell.js';

export const tailCommand: CommandEntry = {
  name: 'tail <topics...>',
  summary: 'follow topics: a screen to search and open records on a terminal, lines in a pipe',
  examples: ['tail public_person_entity_events', 'tail orders -n 10 -e --output json | jq .value'],
  declare: (command) =>
    command
      .option('-b, --from-beginning', 'start with the first record')
      .option('-n, --tail <records>', 'start with the last n records')
      .option('--from-timestamp <time>', 'start at a time: ISO 8601 or milliseconds')
      .option('--max-messages <records>', 'stop after n records')
      .option('-e, --exit', 'stop at the current end of the topics')
      .option('-g, --group <group>', 'start at the committed offsets of this consumer group')
      .option('-p, --partition <partition>', 'only this partition')
      .option('--filter <text>', 'only records with this text in the key, value or headers'),
  run: async (call) => {
    const { shell, options } = call;
    const pipeline = await openPipeline(shell, { ...options, quiet: true });
    return withSession(pipeline, { shell, options, emit: () => {} }, async (session) => {
      const { tailTopics } = await import('../../operations/tail/tail.js');
      const request = requestOf(call);
      const onScreen =
        shell.interactive &&
        options.output === 'text' &&
        request.exitAtEnd === false &&
        options.maxMessages === undefined &&
        process.stdin.isTTY;
      if (!onScreen) return printRecords(tailTopics(session, { ...request, signal: shell.signal }), call);
      keepHeapSmall();
      const { loadScreens } = await import('../../ui/screens.js');
      const left = await (await loadScreens()).renderTail({
        ...(options.filter === undefined ? {} : { filter: String(options.filter) }),
        topics: request.topics,
        source: (signal) => tailTopics(session, { ...request, signal: AbortSignal.any([signal, shell.signal]) }),
        color: shell.color,
        signal: shell.signal,
      });
      return left === 'interrupted' && shell.signal.aborted ? EXIT.interrupted : EXIT.done;
    });
  },
};

function requestOf({ options, rest: topics }: CommandCall): Omit<TailOptions, 'signal'> {
  const given = [
    options.fromBeginning === true,
    options.tail !== undefined,
    options.fromTimestamp !== undefined,
    options.group !== undefined,
  ].filter(Boolean);
  if (given.length > 1) {
    throw new EvpipeError(
      'EVPIPE_TAIL_START',
      'use only one of --from-beginning, --tail, --from-timestamp and --group',
      { kind: 'usage' },
    );
  }
  const exitAtEnd = options.exit === true;
  return {
    topics,
    from: startOf(options, exitAtEnd),
    exitAtEnd,
    partition: wholeNumber(options.partition, '--partition'),
    group: options.group as string | undefined,
  };
}

function startOf(options: CommandCall['options'], exitAtEnd: boolean): TailOptions['from'] {
  const records = wholeNumber(options.tail, '--tail');
  if (records !== undefined) return { kind: 'last', records };
  if (options.fromTimestamp !== undefined) {
    const text = String(options.fromTimestamp);
    const timestampMs = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
    if (Number.isNaN(timestampMs))
      throw new EvpipeError('EVPIPE_TIMESTAMP', `--from-timestamp ${text} is not a valid time`, {
        kind: 'usage',
        todo: 'Use 2026-01-31T12:00:00Z, or milliseconds since 1970.',
      });
    return { kind: 'time', timestampMs };
  }
  // To end where the topic ends and begin there too would show nothing.
  return { kind: options.fromBeginning === true || exitAtEnd ? 'beginning' : 'end' };
}

function wholeNumber(value: unknown, option: string): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new EvpipeError('EVPIPE_NUMBER', `${option} ${String(value)} is not a whole number`, { kind: 'usage' });
}

async function printRecords(
  source: AsyncIterable<readonly TailRecord[]>,
  { shell, options }: CommandCall,
): Promise<number> {
  const most = wholeNumber(options.maxMessages, '--max-messages') ?? Number.POSITIVE_INFINITY;
  const filter = options.filter as string | undefined;
  let printed = 0;
  if (most === 0) return EXIT.done;
  for await (const records of source) {
    for (const record of records) {
      const decoded = await record.decode();
      const line = options.output === 'json' ? jsonOf(record, decoded) : textOf(record, decoded);
      if (filter !== undefined && !line.includes(filter)) continue;
      await write(shell, `${line}\n`);
      printed += 1;
      if (printed >= most) return EXIT.done;
    }
  }
  return EXIT.done;
}

/** Waits for a slow reader of the pipe instead of keeping what it has not taken. */
async function write(shell: Shell, text: string): Promise<void> {
  shell.out(text);
  if (process.stdout.writableNeedDrain)
    await new Promise<void>((resolve) => process.stdout.once('drain', () => resolve()));
}

function jsonOf(record: TailRecord, decoded: DecodedRecord): string {
  return JSON.stringify({
    topic: record.topic,
    partition: record.partition,
    offset: record.offset.toString(),
    timestamp: record.timestampMs < 0 ? null : new Date(record.timestampMs).toISOString(),
    key: decoded.key,
    headers: decoded.headers,
    value: decoded.value,
    format: decoded.format,
    schema: decoded.schema,
    problem: decoded.valueError,
  });
}

/** One record, one line, whatever control characters are in it. */
function textOf(record: TailRecord, decoded: DecodedRecord): string {
  const time = record.timestampMs < 0 ? '-' : new Date(record.timestampMs).toISOString();
  const plain = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
  const value = decoded.value === null ? '∅' : plain(decoded.value);
  return printable(`${time}  ${record.topic}  ${record.partition}  ${record.offset}  ${plain(decoded.key)}  ${value}`);
}
