import { bytes, int32, list, string, structs } from '../schema.js';

/** What members of a classic consumer group hand to each other through the broker; a version (int16) comes before each. */

export const subscription = {
  topics: list('0+', string()),
  userData: bytes('0+', { nullable: '0+', default: null }),
  ownedPartitions: structs('1+', {
    topic: string('1+'),
    partitions: list('1+', int32()),
  }),
  generationId: int32('2+', { default: -1 }),
  rackId: string('3+', { nullable: '3+', default: null }),
} as const;

export const assignment = {
  assignedPartitions: structs('0+', {
    topic: string('0+'),
    partitions: list('0+', int32()),
  }),
  userData: bytes('0+', { nullable: '0+', default: null }),
} as const;
