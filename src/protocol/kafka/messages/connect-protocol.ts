import { int32, string, structs } from '../schema.js';

/**
 * What the workers of one Connect cluster hand to each other through the broker; a version (int16) comes before each. The
 * protocol has a name of its own: a worker of Apache's, which shares out the making of task configurations too, is told
 * by the broker that it can't join (INCONSISTENT_GROUP_PROTOCOL), instead of being given work that it would do differently.
 */
export const CONNECT_PROTOCOL = { type: 'connect', name: 'evpipe' } as const;

const work = {
  connector: string('0+'),
  /** -1 is the connector itself. */
  task: int32('0+'),
} as const;

/** Of a member that joins: where it is reached, and what it runs meanwhile. */
export const workerState = {
  url: string('0+'),
  runs: structs('0+', work),
} as const;

/** For one member: all that it should run, what it runs already included. */
export const workerAssignment = {
  leaderUrl: string('0+'),
  /** The name of its machine. */
  leaderHost: string('0+'),
  members: int32('0+'),
  assigned: structs('0+', work),
} as const;
