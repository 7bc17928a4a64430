import { EvpipeError, messageOf } from '../../support/errors.js';
import { waitUntil } from '../../support/retry.js';
import { rabbitmqClient } from '../rabbitmq/client.js';
import { serverOfQueue } from '../rabbitmq/ids.js';
import type { Session } from '../session.js';
import { kafkaClient } from '../topic/client.js';
import type { NodeReport } from '../walk.js';
import { lastLinesOf } from './last-words.js';

/** A consumer that may start before what it needs (its own choice) has recovered by then; it is the fourth life, some 2 s after the first. */
const GIVEN_UP_AFTER_RESTARTS = 3;
const LAST_WORDS = 5;

/** A consumer is ready when its group is stable with a member in it. */
export async function waitForGroup(session: Session, name: string, group: string, report: NodeReport): Promise<void> {
  const kafka = await kafkaClient(session.clients);
  await waitForReader(
    session,
    name,
    { to: `join its consumer group ${group}`, done: `did not join its consumer group ${group}` },
    report,
    async () => {
      const { state, members } = await kafka.describeGroup(group);
      if (state === 'Stable' && members.length > 0) return undefined;
      return `consumer group ${group} is ${state === 'Stable' ? 'empty' : state}`;
    },
  );
}

/** A receiver is ready when its queue has a consumer. */
export async function waitForConsumer(
  session: Session,
  name: string,
  queue: string,
  report: NodeReport,
): Promise<void> {
  const amqp = await rabbitmqClient(session.clients, serverOfQueue(session.pipeline, queue));
  await waitForReader(
    session,
    name,
    { to: `receive from queue ${queue}`, done: `does not receive from queue ${queue}` },
    report,
    async () => (((await amqp.queue(queue))?.consumers ?? 0) > 0 ? undefined : `queue ${queue} has no consumer`),
  );
}

/** Asks until nothing is missing. A service that ends again and again is not waited for. */
async function waitForReader(
  session: Session,
  name: string,
  words: { readonly to: string; readonly done: string },
  report: NodeReport,
  whatIsMissing: () => Promise<string | undefined>,
): Promise<void> {
  const status = async () => (await session.target.status()).find((one) => one.process === name);
  const goal = `service ${name} ${words.done}`;
  const todo = `See its full log: evpipe logs ${name}`;
  const restartsBefore = (await status())?.restarts ?? 0;
  const ended = await waitUntil(
    `service ${name} to ${words.to}`,
    async () => {
      const missing = await whatIsMissing().catch((failure: unknown) => {
        report.waitingFor(`${name}: ${messageOf(failure)}`);
        throw failure;
      });
      if (missing === undefined) return 'reads';
      report.waitingFor(`${name}: ${missing}`);
      const now = await status();
      return now !== undefined && now.restarts - restartsBefore >= GIVEN_UP_AFTER_RESTARTS ? now : undefined;
    },
    { timeoutMs: session.timeoutMs, signal: report.signal, maxPauseMs: 200 },
  ).catch(async (failure: unknown) => {
    report.signal.throwIfAborted();
    const why = failure instanceof EvpipeError ? failure.cause : undefined;
    // Then it is not known what the service does: the server can't be asked.
    if (why instanceof EvpipeError && why.kind === 'unreachable') throw why;
    throw new EvpipeError('EVPIPE_SERVICE_NOT_READY', `${goal}${await lastWords(session, name)}`, {
      kind: 'deadline',
      cause: failure,
      todo,
    });
  });
  if (ended === 'reads') return;
  const { lastExit, restarts } = ended;
  const how = lastExit === undefined ? '' : `, the last time with ${lastExit.signal ?? `code ${lastExit.code}`}`;
  const said = await lastWords(session, name);
  throw new EvpipeError('EVPIPE_SERVICE_ENDS', `${goal}: it ended ${restarts - restartsBefore} times${how}${said}`, {
    todo,
  });
}

/** What a service that does not start wrote last, in its present life or the ones before. */
async function lastWords(session: Session, name: string): Promise<string> {
  const lines = await lastLinesOf(name, session, LAST_WORDS);
  return lines.length === 0 ? '; it wrote nothing' : `; its last lines:\n${lines.join('\n')}`;
}
