import type { PartitionPosition } from './contract.js';

/** Over all partitions; the difference of two such sums is a number of records, gaps included. */
export const offsetSum = (positions: readonly PartitionPosition[]): bigint =>
  positions.reduce((sum, { offset }) => sum + offset, 0n);
