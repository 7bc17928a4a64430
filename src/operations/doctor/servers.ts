import type { Diagnosis } from '../../kinds/diagnosis.js';
import { operationsOf, type Probe } from '../../kinds/kind.js';
import type { Session } from '../../kinds/session.js';
import { EvpipeError, messageOf } from '../../support/errors.js';
import { pause } from '../../support/retry.js';
import { componentKey } from '../../targets/component.js';

/** A server that does not answer in this time is reported instead of waited for. */
const ANSWER_MS = 5_000;

/** Every server of the pipeline that runs or has an address: whether it answers, and what in it will hurt. */
export async function examineServers(session: Session): Promise<readonly Diagnosis[]> {
  const statuses = await session.target.status();
  const there = new Map(
    statuses
      .filter(({ state, provider }) => provider === 'address' || state === 'running' || state === 'restarting')
      .flatMap(({ components, address }) => components.map((one) => [componentKey(one), address ?? 'it'] as const)),
  );
  const all = await operationsOf(session.kinds);
  const probes = all.flatMap(({ operations }) => operations.probes?.(session) ?? []);
  const found = await Promise.all(
    probes.map((probe) => {
      const address = there.get(componentKey(probe.component));
      return address === undefined ? [] : answerOf(probe, address);
    }),
  );
  return [...found.flat(), ...all.flatMap(({ operations }) => operations.findings?.(session, statuses) ?? [])];
}

/** What it finds; one that does not answer, in time or at all, is itself the finding. */
async function answerOf({ about, examine }: Probe, address: string): Promise<readonly Diagnosis[]> {
  const deadline = new AbortController();
  try {
    return await Promise.race([
      examine(),
      pause(ANSWER_MS, deadline.signal).then(() => {
        throw new EvpipeError('EVPIPE_DEADLINE', `${address} does not answer within ${ANSWER_MS / 1000} s`, {
          kind: 'unreachable',
        });
      }),
    ]);
  } catch (failure) {
    const ending = failure instanceof EvpipeError ? failure.kind : 'failed';
    const todo = failure instanceof EvpipeError ? failure.todo : undefined;
    return [{ about, health: 'bad', says: messageOf(failure), ending, ...(todo === undefined ? {} : { todo }) }];
  } finally {
    deadline.abort();
  }
}
