import { int16, int32, int64, list, string, structs } from '../schema.js';

/**
 * What the workers of one Connect cluster hand to each other through the broker, in the eager protocol that they all
 * understand (`default`); a version (int16) comes before each.
 */

export const CONNECT_PROTOCOL = { type: 'connect', name: 'default' } as const;

export const workerState = {
  url: string('0+'),
  configOffset: int64('0+'),
} as const;

export const workerAssignment = {
  error: int16('0+'),
  leader: string('0+'),
  leaderUrl: string('0+'),
  configOffset: int64('0+'),
  assignment: structs('0+', {
    connector: string('0+'),
    /** -1 is the connector itself. */
    tasks: list('0+', int32()),
  }),
} as const;
