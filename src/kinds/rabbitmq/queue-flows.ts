import { counted } from '../../support/counted.js';
import { EvpipeError, messageOf } from '../../support/errors.js';
import { type FlowStage, flowEdges, publications } from '../flow/flow.js';
import { readFlowInTime } from '../flow/read-flow.js';
import { stagesOf } from '../flow/ways.js';
import type { Session } from '../session.js';
import type { Flow, FlowNode, Health } from '../status-report.js';
import { deadLettersOf, readQueue } from './queues.js';
import type { QueueSection } from './section.js';

/** Publishers → queue → receivers, of each queue that no compare check's flow passes. */
export async function readQueueFlows(session: Session): Promise<readonly Flow[]> {
  const { pipeline } = session;
  if (pipeline.rabbitmq === undefined) return [];
  const edges = flowEdges(pipeline);
  const shown = new Set(
    pipeline.checks.flatMap((check) => {
      try {
        return check.kind === 'compare' ? stagesOf(check, edges).flatMap(receivedBy) : [];
      } catch {
        return []; // its own flow says why
      }
    }),
  );
  const queues = pipeline.rabbitmq.queues.filter(({ name }) => !shown.has(name));
  return Promise.all(queues.map((queue) => readFlow(queue, session)));
}

const receivedBy = (stage: FlowStage): readonly string[] => (stage.kind === 'receiver' ? stage.receives : []);

function readFlow({ name }: QueueSection, session: Session): Promise<Flow> {
  const { services, rabbitmq } = session.pipeline;
  const publishers = services.filter((service) =>
    publications(service, session.pipeline).some(({ queue }) => queue === name),
  );
  const refusers = (rabbitmq?.queues ?? []).filter((queue) => {
    const { final, retries } = deadLettersOf(queue.name, session.pipeline);
    return [...final, ...retries].includes(name);
  });
  const before = [...publishers.map((one) => one.name), ...refusers.map((one) => `refused from ${one.name}`)];
  const receivers = services.filter(({ receives }) => receives.includes(name)).map((one) => one.name);
  const plain = (names: readonly string[]): FlowNode[] =>
    names.length === 0 ? [] : [{ name: names.join(', '), detail: '', health: 'good' }];
  return readFlowInTime(name, session, async (nodes) => {
    nodes.push(...plain(before));
    nodes.push(await readQueueNode(name, session), ...plain(receivers));
  });
}

/** `3 messages, 1 in hand, 1 consumer`; bad where messages wait without a consumer, or are dead letters. */
export async function readQueueNode(name: string, session: Session): Promise<FlowNode> {
  try {
    const state = await readQueue(name, session);
    if (state === undefined) return { name, detail: 'not there', health: 'bad' };
    const { ready, consumers, facts } = state;
    const inHand = facts?.unacknowledged ?? 0;
    const automatic = facts?.automatic ?? 0;
    const detail = [
      counted(ready, isDeadLetters(name, session) ? 'dead letter' : 'message'),
      ...(inHand === 0 ? [] : [`${inHand} in hand`]),
      counted(consumers, 'consumer'),
      ...(automatic === 0 ? [] : ['acknowledges automatically']),
    ];
    return { name, detail: detail.join(', '), health: healthOf(name, { ready, inHand, consumers }, session) };
  } catch (failure) {
    session.signal.throwIfAborted();
    return { name, detail: failure instanceof EvpipeError ? failure.message : messageOf(failure), health: 'bad' };
  }
}

function healthOf(
  name: string,
  { ready, inHand, consumers }: { readonly ready: number; readonly inHand: number; readonly consumers: number },
  session: Session,
): Health {
  const receivers = session.pipeline.services.filter(({ receives }) => receives.includes(name));
  if (consumers === 0 && receivers.length > 0) return 'bad';
  if (isDeadLetters(name, session)) return ready === 0 ? 'good' : 'bad';
  return ready + inHand === 0 ? 'good' : 'waiting';
}

/** A queue where refused messages end. */
export function isDeadLetters(name: string, { pipeline }: Session): boolean {
  return (pipeline.rabbitmq?.queues ?? []).some((queue) => deadLettersOf(queue.name, pipeline).final.includes(name));
}

export async function readReceiver(
  { name, receives }: Extract<FlowStage, { kind: 'receiver' }>,
  session: Session,
): Promise<FlowNode> {
  const states = await Promise.all(receives.map((queue) => readQueue(queue, session)));
  const alone = receives.filter((_, index) => (states[index]?.consumers ?? 0) === 0);
  if (alone.length > 0) return { name, detail: `does not receive from ${alone.join(', ')}`, health: 'bad' };
  const inHand = states.reduce((sum, state) => sum + (state?.facts?.unacknowledged ?? 0), 0);
  return { name, detail: `${inHand} in hand`, health: inHand === 0 ? 'good' : 'waiting' };
}
