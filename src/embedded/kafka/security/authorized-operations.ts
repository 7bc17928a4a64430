import type { Call } from '../server/call.js';
import { may } from '../server/call.js';
import { CLUSTER_NAME, OPERATIONS, type Operation, type ResourceType } from './acl.js';

/** What makes sense for a kind of resource, and is allowed where there is no authorizer. */
const SUPPORTED = {
  TOPIC: ['READ', 'WRITE', 'CREATE', 'DELETE', 'ALTER', 'DESCRIBE', 'DESCRIBE_CONFIGS', 'ALTER_CONFIGS'],
  GROUP: ['READ', 'DELETE', 'DESCRIBE', 'DESCRIBE_CONFIGS', 'ALTER_CONFIGS'],
  CLUSTER: ['CREATE', 'ALTER', 'DESCRIBE', 'CLUSTER_ACTION', 'DESCRIBE_CONFIGS', 'ALTER_CONFIGS', 'IDEMPOTENT_WRITE'],
} as const satisfies Partial<Record<ResourceType, readonly Operation[]>>;

/** Not asked for. */
export const NO_OPERATIONS = -2147483648;

/** What the client may do with a resource, as a bit set of the protocol's numbers. */
export function authorizedOperations(call: Call, type: keyof typeof SUPPORTED, name: string): number {
  const allowed = SUPPORTED[type].filter((operation) => may(call, operation, type, name));
  return allowed.reduce((set, operation) => set | (1 << OPERATIONS[operation]), 0);
}

/** A client that may not describe the cluster learns nothing about it. */
export const clusterOperations = (call: Call): number =>
  may(call, 'DESCRIBE', 'CLUSTER', CLUSTER_NAME) ? authorizedOperations(call, 'CLUSTER', CLUSTER_NAME) : 0;
