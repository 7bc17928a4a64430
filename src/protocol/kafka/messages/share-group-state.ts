import { api, type Fields, int8, int16, int32, int64, string, structs, uuid } from '../schema.js';

/** The requests by which brokers keep the state of share groups (KIP-932): only ever refused here. */
function stateRequest<Partition extends Fields>(key: number, name: string, partition: Partition) {
  return api({
    key,
    name,
    versions: [0, 0],
    flexibleFrom: 0,
    request: {
      groupId: string('0+'),
      topics: structs('0+', { topicId: uuid('0+'), partitions: structs('0+', partition) }),
    },
    response: { results: structs('0+', { topicId: uuid('0+') }) },
  });
}

const partition = int32('0+');
const leaderEpoch = int32('0+');
const stateEpoch = int32('0+');
const startOffset = int64('0+');

export const initializeShareGroupState = stateRequest(83, 'InitializeShareGroupState', {
  partition,
  stateEpoch,
  startOffset,
});
export const readShareGroupState = stateRequest(84, 'ReadShareGroupState', { partition, leaderEpoch });
export const writeShareGroupState = stateRequest(85, 'WriteShareGroupState', {
  partition,
  stateEpoch,
  leaderEpoch,
  startOffset,
  stateBatches: structs('0+', {
    firstOffset: int64('0+'),
    lastOffset: int64('0+'),
    deliveryState: int8('0+'),
    deliveryCount: int16('0+'),
  }),
});
export const deleteShareGroupState = stateRequest(86, 'DeleteShareGroupState', { partition });
export const readShareGroupStateSummary = stateRequest(87, 'ReadShareGroupStateSummary', { partition, leaderEpoch });
