import { errorCode } from '../../../protocol/kafka/errors.js';
import { saslAuthenticate } from '../../../protocol/kafka/messages/sasl-authenticate.js';
import { saslHandshake } from '../../../protocol/kafka/messages/sasl-handshake.js';
import { saslSession } from '../security/sasl-session.js';
import { handler } from './handler.js';

/** Supports: versions 0 (the login follows without requests around it) and 1: PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512, as far as the listener allows them. */
export const saslHandshakeHandler = handler(
  saslHandshake,
  {
    supports: 'PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 on listeners that have them.',
    lacks: 'GSSAPI, OAUTHBEARER.',
  },
  (request, { broker, peer, version }) => {
    const mechanisms = peer.listener.sasl ?? [];
    if (mechanisms.length === 0 || peer.principal !== undefined) {
      return { errorCode: errorCode('ILLEGAL_SASL_STATE'), mechanisms };
    }
    const mechanism = mechanisms.find((name) => name === request.mechanism);
    if (mechanism === undefined) return { errorCode: errorCode('UNSUPPORTED_SASL_MECHANISM'), mechanisms };
    peer.sasl = saslSession(mechanism, broker.credentials);
    peer.bareSasl = version === 0;
    return { mechanisms };
  },
);

/** Supports: versions 0 to 2. Behaviour: a failed login is answered, then the connection is closed. */
export const saslAuthenticateHandler = handler(
  saslAuthenticate,
  { supports: 'The messages of the mechanisms above.', lacks: 'Re-authentication (sessions do not expire).' },
  (request, { broker, peer }) => {
    if (peer.sasl === undefined) {
      const errorMessage = 'SaslAuthenticate request received after successful authentication or before a handshake';
      return { errorCode: errorCode('ILLEGAL_SASL_STATE'), errorMessage };
    }
    const step = peer.sasl.step(request.authBytes);
    if (step.kind === 'challenge') return { errorMessage: null, authBytes: step.bytes };
    peer.sasl = undefined;
    if (step.kind === 'done') {
      peer.principal = `User:${step.user}`;
      return { errorMessage: null, authBytes: step.bytes };
    }
    broker.log.warn('refused a login', { client: peer.host, why: step.message });
    peer.closeAfterAnswer();
    return { errorCode: errorCode('SASL_AUTHENTICATION_FAILED'), errorMessage: step.message };
  },
);
