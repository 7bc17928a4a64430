import type { Session } from '../../kinds/session.js';
import { EvpipeError } from '../../support/errors.js';
import type { ComponentId } from '../../targets/component.js';
import type { ComponentStatus } from '../../targets/target.js';
import { findComponent } from './component.js';

export type StartStop = 'start' | 'stop' | 'restart';

export interface StartStopResult {
  /** As the supervisor calls it; all databases of one PostgreSQL are one process. */
  readonly process: string;
  readonly state: ComponentStatus['state'];
  readonly port: number | undefined;
  /** False: it was in that state already. */
  readonly changed: boolean;
}

/**
 * Starts, stops or restarts one component as `up` had started it; `start` resolves once it is ready. Throws
 * EVPIPE_COMPONENT_UNKNOWN, EVPIPE_COMPONENT_FOREIGN (both kind usage), EVPIPE_NOT_RUNNING (kind unreachable), and what the component fails with.
 */
export async function startStop(session: Session, action: StartStop, name: string): Promise<StartStopResult> {
  const component = findComponent(session, name);
  const { target } = session;
  const before = await statusOf(session, component);
  if (before.provider === 'address') {
    throw new EvpipeError('EVPIPE_COMPONENT_FOREIGN', `${name} runs at ${before.address}: evpipe did not start it`, {
      kind: 'usage',
      todo: `Only what evpipe starts can be ${action === 'stop' ? 'stopped' : `${action}ed`}.`,
    });
  }
  const changed = action === 'restart' || (action === 'start') !== (before.state === 'running');
  if (changed && action === 'stop') await target.stop(component);
  else if (changed) await target.restart(component);
  const { process, state, port } = await statusOf(session, component);
  return { process, state, port, changed: changed && !(action === 'stop' && before.state === 'stopped') };
}

async function statusOf({ target }: Session, component: ComponentId): Promise<ComponentStatus> {
  const found = (await target.status()).find(({ components }) =>
    components.some(({ kind, name }) => kind === component.kind && name === component.name),
  );
  if (found === undefined) throw new Error(`the target does not know ${component.kind} ${component.name}`);
  return found;
}
