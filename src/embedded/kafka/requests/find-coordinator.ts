import { type ErrorName, errorCode } from '../../../protocol/kafka/errors.js';
import { findCoordinator } from '../../../protocol/kafka/messages/find-coordinator.js';
import { type Call, may } from '../server/call.js';
import { stored } from '../storage-errors.js';
import { handler } from './handler.js';

const [GROUP, TRANSACTION] = [0, 1] as const;

/** Supports: versions 0 to 6, groups and transactions, one or several keys. Not implemented: share groups. */
export const findCoordinatorHandler = handler(
  findCoordinator,
  { supports: 'Groups and transactions.', lacks: 'Share groups (KIP-932).' },
  (request, call) => {
    if (call.version < 4) return coordinatorOf(call, request.keyType, request.key);
    const keys = request.coordinatorKeys;
    return { coordinators: keys.map((key) => ({ key, ...coordinatorOf(call, request.keyType, key) })) };
  },
);

/** Who looks for a coordinator gets its topic made, as in Kafka. */
function coordinatorOf(call: Call, keyType: number, key: string) {
  const { broker, peer } = call;
  if (keyType !== GROUP && keyType !== TRANSACTION) {
    return refused('INVALID_REQUEST', `coordinators of type ${keyType} are not supported`);
  }
  if (keyType === GROUP && !may(call, 'DESCRIBE', 'GROUP', key)) {
    return refused('GROUP_AUTHORIZATION_FAILED', 'Group authorization failed.');
  }
  if (keyType === TRANSACTION && !may(call, 'DESCRIBE', 'TRANSACTIONAL_ID', key)) {
    return refused('TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'Transactional Id authorization failed.');
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
