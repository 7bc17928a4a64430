import { api, int16, int32, list, string, structs } from '../schema.js';

export const deleteGroups = api({
  key: 42,
  name: 'DeleteGroups',
  versions: [0, 2],
  flexibleFrom: 2,
  request: {
    groupsNames: list('0+', string()),
  },
  response: {
    throttleTimeMs: int32('0+'),
    results: structs('0+', {
      groupId: string('0+'),
      errorCode: int16('0+'),
    }),
  },
});
