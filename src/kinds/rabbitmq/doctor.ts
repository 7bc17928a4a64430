import type { Diagnosis } from '../diagnosis.js';
import type { Session } from '../session.js';
import { isDeadLetters } from './queue-flows.js';
import { readQueue } from './queues.js';

/** Who answers, whether its HTTP API does, and what in the declared queues will hurt. */
export async function examineRabbitmq(session: Session): Promise<readonly Diagnosis[]> {
  const { product, version } = await (await session.clients.rabbitmq()).server();
  const found: Diagnosis[] = [{ about: 'rabbitmq', health: 'good', says: `${product} ${version}` }];
  let silent = false;
  for (const { name } of session.pipeline.rabbitmq?.queues ?? []) {
    const about = `queue ${name}`;
    const state = await readQueue(name, session);
    if (state === undefined) {
      found.push({ about, health: 'bad', says: 'is not there', todo: 'evpipe up declares it.' });
      continue;
    }
    silent ||= state.facts === undefined;
    const receiver = session.pipeline.services.find(({ receives }) => receives.includes(name))?.name;
    if (receiver !== undefined && state.consumers === 0) {
      const says = `${state.ready} messages wait, nobody receives`;
      found.push({ about, health: 'bad', says, todo: `See what its receiver says: evpipe logs ${receiver}` });
    }
    if ((state.facts?.automatic ?? 0) > 0) {
      const says = 'a consumer acknowledges automatically: what it has in hand when it crashes is lost';
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
      about: 'rabbitmq management',
      health: 'warning',
      says: 'its HTTP API does not answer: what is delivered and not acknowledged can’t be seen, conservation can’t be proven',
      todo: 'rabbitmq-plugins enable rabbitmq_management, or say where it is: EVPIPE_RABBITMQ_MANAGEMENT_URL.',
    });
  }
  return found;
}
