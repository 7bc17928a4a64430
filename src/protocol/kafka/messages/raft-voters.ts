import { api, int16, int32, string, structs, uint16, uuid } from '../schema.js';

const response = {
  throttleTimeMs: int32('0+'),
  errorCode: int16('0+'),
  errorMessage: string('0+', { nullable: '0+', default: null }),
} as const;

const clusterId = string('0+', { nullable: '0+', default: null });

export const addRaftVoter = api({
  key: 80,
  name: 'AddRaftVoter',
  versions: [0, 0],
  flexibleFrom: 0,
  request: {
    clusterId,
    timeoutMs: int32('0+'),
    voterId: int32('0+'),
    voterDirectoryId: uuid('0+'),
    listeners: structs('0+', { name: string('0+'), host: string('0+'), port: uint16('0+') }),
  },
  response,
});

export const removeRaftVoter = api({
  key: 81,
  name: 'RemoveRaftVoter',
  versions: [0, 0],
  flexibleFrom: 0,
  request: { clusterId, voterId: int32('0+'), voterDirectoryId: uuid('0+') },
  response,
});
