import type { Diagnosis } from '../diagnosis.js';
import type { Session } from '../session.js';
import { rabbitmqClient } from './client.js';
import { isDeadLetters } from './queue-flows.js';
import { readQueue } from './queues.js';

/** Who answers, whether its HTTP API does, and what in the declared queues will hurt. */
export async function examineRabbitmq(
  session: Session,
  about: string,
  server: string | undefined,
): Promise<readonly Diagnosis[]> {
  const { product, version } = await (await rabbitmqClient(session.clients, server)).server();
  const found: Diagnosis[] = [{ about, health: 'good', says: `${product} ${version}` }];
  let silent = false;
  const queues = session.pipeline.rabbitmq?.queues.filter((one) => one.server === server) ?? [];
  for (const { name } of queues) {
    const about = `queue ${name}`;
    const state = await readQueue(name, session);
    if (state === undefined) {
      found.push({ about, health: 'bad', says: 'does not exist', todo: 'evpipe up declares it.' });
      continue;
    }
    silent ||= state.facts === undefined;
    const receiver = session.pipeline.services.find(({ receives }) => receives.includes(name))?.name;
    if (receiver !== undefined && state.consumers === 0) {
      const says = `${state.ready} messages waiting, no consumer`;
      found.push({ about, health: 'bad', says, todo: `See its consumer's log: evpipe logs ${receiver}` });
    }
    if ((state.facts?.automatic ?? 0) > 0) {
      const says = 'a consumer acknowledges automatically: a crash loses the messages that it holds';
      found.push({ about, health: 'warning', says, todo: 'Consume with manual acknowledgement (noAck: false).' });
    }
    if (state.ready > 0 && isDeadLetters(name, session)) {
      const says = `${state.ready} dead letters`;
      found.push({
        about,
        health: 'warning',
        says,
        todo: 'A conservation check lists them: evpipe verify-consistency',
      });
    }
  }
  if (silent) {
    found.push({
      about: `${about} management`,
      health: 'warning',
      says: 'its HTTP API does not answer: unacknowledged messages can’t be counted, so conservation can’t be proven',
      todo: 'Run rabbitmq-plugins enable rabbitmq_management, or give its address: EVPIPE_RABBITMQ_MANAGEMENT_URL.',
    });
  }
  return found;
}
