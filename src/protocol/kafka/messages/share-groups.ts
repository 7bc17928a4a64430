import { api, bool, int8, int16, int32, int64, list, string, structs, uuid } from '../schema.js';

/**
 * The requests of share groups (KIP-932). They are only ever refused here, so their answers are described as far as a
 * refusal needs it: lists that stay empty have elements of one field.
 */
const nullableText = () => string('0+', { nullable: '0+', default: null });
const acknowledgements = () =>
  structs('0+', { firstOffset: int64('0+'), lastOffset: int64('0+'), acknowledgeTypes: list('0+', int8()) });
const empty = () => structs('0+', { topicId: uuid('0+') });
const nodes = () => structs('0+', { nodeId: int32('0+') });

export const shareGroupHeartbeat = api({
  key: 76,
  name: 'ShareGroupHeartbeat',
  versions: [1, 1],
  flexibleFrom: 0,
  request: {
    groupId: string('0+'),
    memberId: string('0+'),
    memberEpoch: int32('0+'),
    rackId: nullableText(),
    subscribedTopicNames: list('0+', string(), { nullable: '0+', default: null }),
  },
  response: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: nullableText(),
    memberId: nullableText(),
    memberEpoch: int32('0+'),
    heartbeatIntervalMs: int32('0+'),
    hasAssignment: int8('0+', { default: -1 }),
  },
});

export const shareGroupDescribe = api({
  key: 77,
  name: 'ShareGroupDescribe',
  versions: [1, 1],
  flexibleFrom: 0,
  request: { groupIds: list('0+', string()), includeAuthorizedOperations: bool('0+') },
  response: {
    throttleTimeMs: int32('0+'),
    groups: structs('0+', {
      errorCode: int16('0+'),
      errorMessage: nullableText(),
      groupId: string('0+'),
      groupState: string('0+'),
      groupEpoch: int32('0+'),
      assignmentEpoch: int32('0+'),
      assignorName: string('0+'),
      members: structs('0+', { memberId: string('0+') }),
      authorizedOperations: int32('0+', { default: -2147483648 }),
    }),
  },
});

export const shareFetch = api({
  key: 78,
  name: 'ShareFetch',
  versions: [1, 1],
  flexibleFrom: 0,
  request: {
    groupId: nullableText(),
    memberId: nullableText(),
    shareSessionEpoch: int32('0+'),
    maxWaitMs: int32('0+'),
    minBytes: int32('0+'),
    maxBytes: int32('0+'),
    maxRecords: int32('0+'),
    batchSize: int32('0+'),
    topics: structs('0+', {
      topicId: uuid('0+'),
      partitions: structs('0+', { partitionIndex: int32('0+'), acknowledgementBatches: acknowledgements() }),
    }),
    forgottenTopicsData: structs('0+', { topicId: uuid('0+'), partitions: list('0+', int32()) }),
  },
  response: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: nullableText(),
    acquisitionLockTimeoutMs: int32('0+'),
    responses: empty(),
    nodeEndpoints: nodes(),
  },
});

export const shareAcknowledge = api({
  key: 79,
  name: 'ShareAcknowledge',
  versions: [1, 1],
  flexibleFrom: 0,
  request: {
    groupId: nullableText(),
    memberId: nullableText(),
    shareSessionEpoch: int32('0+'),
    topics: structs('0+', {
      topicId: uuid('0+'),
      partitions: structs('0+', { partitionIndex: int32('0+'), acknowledgementBatches: acknowledgements() }),
    }),
  },
  response: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: nullableText(),
    responses: empty(),
    nodeEndpoints: nodes(),
  },
});

export const describeShareGroupOffsets = api({
  key: 90,
  name: 'DescribeShareGroupOffsets',
  versions: [0, 0],
  flexibleFrom: 0,
  request: {
    groups: structs('0+', {
      groupId: string('0+'),
      topics: structs('0+', { topicName: string('0+'), partitions: list('0+', int32()) }, { nullable: '0+' }),
    }),
  },
  response: {
    throttleTimeMs: int32('0+'),
    groups: structs('0+', {
      groupId: string('0+'),
      topics: empty(),
      errorCode: int16('0+'),
      errorMessage: nullableText(),
    }),
  },
});

export const alterShareGroupOffsets = api({
  key: 91,
  name: 'AlterShareGroupOffsets',
  versions: [0, 0],
  flexibleFrom: 0,
  request: {
    groupId: string('0+'),
    topics: structs('0+', {
      topicName: string('0+'),
      partitions: structs('0+', { partitionIndex: int32('0+'), startOffset: int64('0+') }),
    }),
  },
  response: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: nullableText(),
    responses: empty(),
  },
});

export const deleteShareGroupOffsets = api({
  key: 92,
  name: 'DeleteShareGroupOffsets',
  versions: [0, 0],
  flexibleFrom: 0,
  request: { groupId: string('0+'), topics: structs('0+', { topicName: string('0+') }) },
  response: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: nullableText(),
    responses: empty(),
  },
});
