import { errorCode } from '../../../protocol/kafka/errors.js';
import {
  deleteShareGroupState,
  initializeShareGroupState,
  readShareGroupState,
  readShareGroupStateSummary,
  writeShareGroupState,
} from '../../../protocol/kafka/messages/share-group-state.js';
import {
  alterShareGroupOffsets,
  deleteShareGroupOffsets,
  describeShareGroupOffsets,
  shareAcknowledge,
  shareFetch,
  shareGroupDescribe,
  shareGroupHeartbeat,
} from '../../../protocol/kafka/messages/share-groups.js';
import { type Handler, handler } from './handler.js';

const refusal = { errorCode: errorCode('UNSUPPORTED_VERSION'), errorMessage: 'The version of API is not supported.' };
const support = { supports: 'Refused with UNSUPPORTED_VERSION, as by a node whose share.version is 0.' };
const stateSupport = { supports: 'Answered with nothing: there is no state of share groups.' };

/** Share groups (KIP-932): a node without the feature announces their requests and refuses them. */
export const SHARE_GROUP_HANDLERS: readonly Handler[] = [
  handler(shareGroupHeartbeat, support, () => refusal),
  handler(shareGroupDescribe, support, ({ groupIds }) => ({
    groups: groupIds.map((groupId) => ({ groupId, ...refusal })),
  })),
  handler(shareFetch, support, () => refusal),
  handler(shareAcknowledge, support, () => refusal),
];

export const SHARE_GROUP_STATE_HANDLERS: readonly Handler[] = [
  handler(initializeShareGroupState, stateSupport, () => ({})),
  handler(readShareGroupState, stateSupport, () => ({})),
  handler(writeShareGroupState, stateSupport, () => ({})),
  handler(deleteShareGroupState, stateSupport, () => ({})),
  handler(readShareGroupStateSummary, stateSupport, () => ({})),
];

export const SHARE_GROUP_OFFSETS_HANDLERS: readonly Handler[] = [
  handler(describeShareGroupOffsets, support, ({ groups }) => ({
    groups: groups.map(({ groupId }) => ({ groupId, ...refusal })),
  })),
  handler(alterShareGroupOffsets, support, () => refusal),
  handler(deleteShareGroupOffsets, support, () => refusal),
];
