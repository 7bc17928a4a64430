import { errorCode } from '../../../protocol/kafka/errors.js';
import { describeCluster } from '../../../protocol/kafka/messages/describe-cluster.js';
import { clusterOperations, NO_OPERATIONS } from '../security/authorized-operations.js';
import { handler } from './handler.js';

const BROKERS = 1;

/** Supports: versions 0 to 2. Behaviour: brokers only; who asks for controllers gets MISMATCHED_ENDPOINT_TYPE, as on a broker's port. */
export const describeClusterHandler = handler(
  describeCluster,
  { supports: 'The one broker, which is its own controller.' },
  (request, call) => {
    const { broker, peer } = call;
    if (request.endpointType !== BROKERS) {
      return {
        errorCode: errorCode('MISMATCHED_ENDPOINT_TYPE'),
        errorMessage:
          'The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER',
        endpointType: BROKERS,
      };
    }
    return {
      clusterId: broker.clusterId,
      controllerId: broker.nodeId,
      brokers: [{ brokerId: broker.nodeId, host: peer.listener.host, port: peer.listener.port }],
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? clusterOperations(call) : NO_OPERATIONS,
    };
  },
);
