import { Argument } from 'commander';
import type { Session } from '../../kinds/session.js';
import { valueDecoder } from '../../kinds/subject/client.js';
import { counted } from '../../support/counted.js';
import { EvpipeError } from '../../support/errors.js';
import type { CommandCall, CommandEntry } from '../command.js';
import { jsonLine } from '../event-printers.js';
import { EXIT } from '../exit-codes.js';
import { openPipeline } from '../open-pipeline.js';
import { withSession } from '../session.js';

export const DEAD_LETTER_ACTIONS = ['list', 'show', 'replay'] as const;

export const deadLettersCommand: CommandEntry = {
  name: 'dead-letters',
  summary: 'list dead letter topics, see why records are in one, or send them back to where they came from',
  examples: [
    'dead-letters',
    'dead-letters show orders-sink-dlq',
    'dead-letters replay orders-sink-dlq',
    'dead-letters replay orders-sink-dlq --to orders-retry --yes',
  ],
  declare: (command) =>
    command
      .addArgument(new Argument('[action]', 'what to do').choices(DEAD_LETTER_ACTIONS).default('list'))
      .argument('[topic]', 'show and replay: which dead letter topic')
      .option('--to <topic>', 'replay: send all to this topic instead of where each came from')
      .option('--all', 'replay: also what was replayed before')
      .addHelpText(
        'after',
        `
replay shows the plan and sends nothing (exit code 3); with --yes it sends. What it has sent it does not send again.
Why a record is there is read from the headers of Kafka Connect (errors.deadletterqueue.context.headers.enable) and Spring Kafka.`,
      ),
  run: async (call) => {
    const { shell, options } = call;
    const [word, topic] = call.operands;
    const action = DEAD_LETTER_ACTIONS.find((known) => known === word) ?? 'list';
    if (action !== 'list' && topic === undefined)
      throw new EvpipeError('EVPIPE_DEAD_LETTERS_UNNAMED', `say which topic to ${action}`, {
        kind: 'usage',
        todo: `\`${shell.self} dead-letters\` lists them.`,
      });
    const pipeline = await openPipeline(shell, { ...options, quiet: true });
    const emit = (event: { readonly kind: string; readonly message?: string }): void => {
      if (event.kind === 'note') shell.err(`${event.message}\n`);
    };
    return withSession(pipeline, { shell, options, emit }, (session) => {
      if (topic === undefined || action === 'list') return list(session, call);
      return action === 'show' ? show(session, call, topic) : replayTopic(session, call, topic);
    });
  },
};

async function list(session: Session, { shell, options }: CommandCall): Promise<number> {
  const { deadLetterTopics } = await import('../../operations/dead-letters/dead-letters.js');
  const topics = await deadLetterTopics(session);
  if (options.output === 'json') for (const one of topics) shell.out(jsonLine(one));
  else if (topics.length === 0) shell.err('There is no dead letter topic.\n');
  else {
    const { listTable } = await import('../data-table.js');
    const rows = topics.map(({ topic, of, records, waiting }) => [
      ...[topic, of.join(', ') || '-', records ?? 'not there yet', waiting ?? '-'],
    ]);
    shell.out(listTable(['topic', 'of connectors', 'records', 'not replayed'], rows, shell.columns));
  }
  return EXIT.done;
}

async function show(session: Session, { shell, options }: CommandCall, topic: string): Promise<number> {
  const { deadLetters } = await import('../../operations/dead-letters/dead-letters.js');
  const { deadLetterLines } = await import('../../ui/text/dead-letter.js');
  const { paint } = await import('../../ui/text/line.js');
  const decoder = await valueDecoder(session.clients);
  let shown = 0;
  for await (const { record, origin, ...why } of deadLetters(session, topic)) {
    const [key, value] = await Promise.all([
      decoder.decode(record.key, { topic, part: 'key' }),
      decoder.decode(record.value, { topic, part: 'value' }),
    ]);
    const { partition, offset, timestampMs } = record;
    const letter = { partition, offset, timestampMs, origin, ...why, key: key.value, value: value.value };
    shown += 1;
    if (options.output === 'json') shell.out(jsonLine(letter));
    else for (const one of deadLetterLines(letter, shell.columns ?? 160)) shell.out(`${paint(one, shell.color)}\n`);
  }
  if (shown === 0 && options.output === 'text' && options.quiet !== true) shell.err(`${topic} is empty.\n`);
  return EXIT.done;
}

async function replayTopic(session: Session, { shell, options }: CommandCall, topic: string): Promise<number> {
  const { planReplay, replay } = await import('../../operations/dead-letters/replay.js');
  const wanted = { topic, to: options.to as string | undefined, all: options.all === true };
  const plan = await planReplay(session, wanted);
  const isDone = options.yes === true && plan.length > 0;
  const sent = isDone ? await replay(session, wanted) : 0;
  if (options.output === 'json') shell.out(jsonLine({ topic, applied: isDone, sent, plan }));
  else if (plan.length > 0) {
    const { listTable } = await import('../data-table.js');
    const rows = plan.map(({ to, records, readBy }) => [to, records, readBy.join(', ') || 'no group']);
    shell.out(listTable(['to topic', 'records', 'read again by'], rows, shell.columns));
  }
  if (options.output === 'text' && options.quiet !== true)
    shell.err(
      plan.length === 0
        ? 'There is nothing to replay.\n'
        : isDone
          ? `${counted(sent, 'record')} sent.\n`
          : 'Nothing is sent yet: run it again with --yes.\n',
    );
  return plan.length === 0 || isDone ? EXIT.done : EXIT.changesPending;
}
