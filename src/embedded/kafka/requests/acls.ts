import { errorCode } from '../../../protocol/kafka/errors.js';
import { createAcls } from '../../../protocol/kafka/messages/create-acls.js';
import { deleteAcls } from '../../../protocol/kafka/messages/delete-acls.js';
import { describeAcls } from '../../../protocol/kafka/messages/describe-acls.js';
import { handler } from './handler.js';

/** There is no authorizer, and that is what all three say, as a real broker without one does. */
const DISABLED = {
  errorCode: errorCode('SECURITY_DISABLED'),
  errorMessage: 'No Authorizer is configured.',
};
const support = { supports: 'Answered SECURITY_DISABLED, as by a node without authorizer.' };

export const describeAclsHandler = handler(describeAcls, support, () => ({
  ...DISABLED,
  errorMessage: 'No Authorizer is configured on the broker',
}));

export const createAclsHandler = handler(createAcls, support, ({ creations }) => ({
  results: creations.map(() => DISABLED),
}));

export const deleteAclsHandler = handler(deleteAcls, support, ({ filters }) => ({
  filterResults: filters.map(() => DISABLED),
}));
