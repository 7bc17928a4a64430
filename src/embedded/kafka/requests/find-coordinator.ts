import { type ErrorName, errorCode } from '../../../protocol/kafka/errors.js';
import { findCoordinator } from '../../../protocol/kafka/messages/find-coordinator.js';
import type { Call } from '../server/call.js';
import { stored } from '../storage-errors.js';
import { handler } from './handler.js';

const [GROUP, TRANSACTION] = [0, 1] as const;

/** Supports: versions 0 to 6, groups and transactions, one or several keys. Not implemented: share groups. */
export const findCoordinatorHandler = handler(
  findCoordinator,
  { supports: 'Groups and transactions.', lacks: 'Share groups (KIP-932).' },
  (request, call) => {
    const node = coordinatorOf(call, request.keyType);
    if (call.version < 4) return node;
    return { coordinators: request.coordinatorKeys.map((key) => ({ key, ...node })) };
  },
);

/** Who looks for a coordinator gets its topic made, as in Kafka. */
function coordinatorOf({ broker, peer }: Call, keyType: number) {
  if (keyType !== GROUP && keyType !== TRANSACTION) {
    return refused('INVALID_REQUEST', `coordinators of type ${keyType} are not supported`);
  }
  const { state } = keyType === GROUP ? broker.groups : broker.transactions;
  if (stored(broker, "a coordinator's topic", () => state.ensure()) === 'NOT_COORDINATOR') {
    return refused('COORDINATOR_NOT_AVAILABLE', 'The coordinator is not available.');
  }
  const { host, port } = peer.listener;
  return { nodeId: broker.nodeId, host, port, errorCode: 0, errorMessage: null };
}

const refused = (error: ErrorName, errorMessage: string) => ({
  nodeId: -1,
  host: '',
  port: -1,
  errorCode: errorCode(error),
  errorMessage,
});
