import { errorCode } from '../../../protocol/kafka/errors.js';
import { findCoordinator } from '../../../protocol/kafka/messages/find-coordinator.js';
import { handler } from './handler.js';

const [GROUP, TRANSACTION] = [0, 1] as const;

/** Supports: versions 0 to 6, groups and transactions, one or several keys. Not implemented: share groups. */
export const findCoordinatorHandler = handler(
  findCoordinator,
  { supports: 'Groups and transactions.', lacks: 'Share groups (KIP-932).' },
  (request, { broker, peer, version }) => {
    const known = request.keyType === GROUP || request.keyType === TRANSACTION;
    const { host, port } = peer.listener;
    const node = known
      ? { nodeId: broker.nodeId, host, port, errorCode: 0, errorMessage: null }
      : {
          nodeId: -1,
          host: '',
          port: -1,
          errorCode: errorCode('INVALID_REQUEST'),
          errorMessage: `coordinators of type ${request.keyType} are not supported`,
        };
    if (version < 4) return node;
    return { coordinators: request.coordinatorKeys.map((key) => ({ key, ...node })) };
  },
);
