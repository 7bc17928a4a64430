/** Feature levels (KIP-584) as a Kafka 4.1 node has them: clients choose how transactions end by transaction.version. */
export const FEATURES = [
  { name: 'metadata.version', min: 7, max: 27, level: 27 },
  { name: 'transaction.version', min: 0, max: 2, level: 2 },
  { name: 'group.version', min: 0, max: 1, level: 1 },
  { name: 'eligible.leader.replicas.version', min: 0, max: 1, level: 1 },
  // A real node could raise these to 1: share groups and changing quorums, which are not here.
  { name: 'share.version', min: 0, max: 0, level: 0 },
  { name: 'kraft.version', min: 0, max: 0, level: 0 },
] as const;
