import { EvpipeError, messageOf } from '../../support/errors.js';
import type { Session } from '../session.js';
import type { Flow, FlowNode } from '../status-report.js';

/** Longer than a client waits for a server's sign of life, whose failure says more. */
const FLOW_MS = 4_900;

/**
 * A flow as far as it can be read in time: `read` adds its nodes one after the other. A last node called `name` says what is
 * missing; a failure stands for the whole flow. Throws only the session's own end.
 */
export async function readFlowInTime(
  name: string,
  session: Session,
  read: (nodes: FlowNode[]) => Promise<void>,
): Promise<Flow> {
  const nodes: FlowNode[] = [];
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), FLOW_MS);
  });
  try {
    if ((await Promise.race([read(nodes), late])) !== 'late') return nodes;
    return [...nodes, { name, detail: `no answer within ${FLOW_MS / 1000} s`, health: 'bad' }];
  } catch (failure) {
    session.signal.throwIfAborted();
    return [{ name, detail: failure instanceof EvpipeError ? failure.message : messageOf(failure), health: 'bad' }];
  } finally {
    clearTimeout(timer);
  }
}
