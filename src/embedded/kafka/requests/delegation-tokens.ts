import { errorCode } from '../../../protocol/kafka/errors.js';
import { createDelegationToken } from '../../../protocol/kafka/messages/create-delegation-token.js';
import { describeDelegationToken } from '../../../protocol/kafka/messages/describe-delegation-token.js';
import { expireDelegationToken } from '../../../protocol/kafka/messages/expire-delegation-token.js';
import { renewDelegationToken } from '../../../protocol/kafka/messages/renew-delegation-token.js';
import type { Call } from '../server/call.js';
import { handler } from './handler.js';

/** There is no secret key to make tokens with: clients that have logged in are told so, others may not ask for tokens at all. */
const refusal = ({ peer }: Call) => ({
  errorCode: errorCode(
    peer.principal === undefined ? 'DELEGATION_TOKEN_REQUEST_NOT_ALLOWED' : 'DELEGATION_TOKEN_AUTH_DISABLED',
  ),
});
const support = { supports: 'Refused, as by a node without delegation tokens.' };

export const createDelegationTokenHandler = handler(createDelegationToken, support, (_request, call) => refusal(call));

export const renewDelegationTokenHandler = handler(renewDelegationToken, support, (_request, call) => refusal(call));

export const expireDelegationTokenHandler = handler(expireDelegationToken, support, (_request, call) => refusal(call));

export const describeDelegationTokenHandler = handler(describeDelegationToken, support, (_request, call) =>
  refusal(call),
);
