/**
 * What a client may do, as bit sets of the protocol's operation numbers. A broker without authorizer allows everything
 * that makes sense for a kind of resource.
 */
const bits = (...operations: readonly number[]): number => operations.reduce((set, number) => set | (1 << number), 0);

const [
  READ,
  WRITE,
  CREATE,
  DELETE,
  ALTER,
  DESCRIBE,
  CLUSTER_ACTION,
  DESCRIBE_CONFIGS,
  ALTER_CONFIGS,
  IDEMPOTENT_WRITE,
] = [3, 4, 5, 6, 7, 8, 9, 10, 11, 12] as const;

export const TOPIC_OPERATIONS = bits(READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS);
export const CLUSTER_OPERATIONS = bits(
  CREATE,
  ALTER,
  DESCRIBE,
  CLUSTER_ACTION,
  DESCRIBE_CONFIGS,
  ALTER_CONFIGS,
  IDEMPOTENT_WRITE,
);
export const GROUP_OPERATIONS = bits(READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS);

/** Not asked for. */
export const NO_OPERATIONS = -2147483648;
